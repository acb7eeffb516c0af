"""Bills that depend on each other, in DynamoDB: changes check what they rest on, and long rows come in parts."""

from datetime import date

import pytest

from electrocloud.aws.store.store import open_store
from electrocloud.aws.store.tables import DynamoTables
from electrocloud.domain.billing.service import BillKey
from electrocloud.services import following_bills
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.store import Change
from tests.integration.conftest import Aws
from tests.kits.memory import TABLES, MemoryTables
from tests.kits.services_kit import Served
from tests.unit.services.test_export import broken_links, export, hourly, service

DAYS = [date(2027, 2 + number, 5) for number in range(8)]
FIRST = BillKey("A-1", "2027-02")


def once(attempt: int) -> None:
    raise AssertionError("nobody else is at work")


@pytest.fixture
def tables(aws: Aws) -> DynamoTables:
    found = open_store(aws.dynamodb, TABLES, lambda attempt: None).tables
    for day in DAYS:
        ingest_uploads([export(day), hourly(day)], found, Served([service()]), once)
    return found


def copied(tables: DynamoTables, aws: Aws) -> MemoryTables:
    """The bills as the tests' tables have them."""
    memory = MemoryTables()
    items = aws.dynamodb.scan(TableName="bills")["Items"]
    memory.bills = {BillKey(item["meter_id"]["S"], item["bill"]["S"]): item for item in items}
    return memory


def test_a_correction_is_stored_with_all_the_bills_that_follow(tables: DynamoTables, aws: Aws, monkeypatch):
    monkeypatch.setattr(following_bills, "MOST_ITEMS", 4)
    ingest_uploads([export(DAYS[0], 200, revision=1)], tables, Served([service()]), once)

    found = copied(tables, aws)
    assert len(found.bills) == len(DAYS)
    assert not broken_links(found)
    straight = MemoryTables()
    for day in DAYS:
        ingest_uploads([export(day, 200 if day == DAYS[0] else 700), hourly(day)], straight, Served([service()]), once)
    assert found.bills == straight.bills


@pytest.mark.parametrize("mark", [None, "another"])
def test_a_change_does_not_hold_where_a_bill_it_rests_on_has_changed(tables: DynamoTables, mark: str | None):
    stored = tables.read([], [FIRST])[1][FIRST]
    change = Change("m-1", unchanged={FIRST: mark})
    behind = Change("m-1", tail=Change("m-1", unchanged={FIRST: mark}))

    assert tables.commit([change], alone=True) == {"m-1"}
    assert tables.commit([behind], alone=True) == {"m-1"}
    assert tables.commit([Change("m-1", unchanged={FIRST: stored.mark})], alone=True) == set()
