"""Bills that were final before bills were issued get number and dates, once, and reach the lake."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from typer.testing import CliRunner

from cli.main import app
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.domain.registry import events
from electrocloud.services.ingest import ingest_uploads
from lake.publishing import Lake, publish_bills
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws
from tests.integration.test_bill_publishing import published
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.billing_kit import document
from tests.kits.examples import upload

ISSUED = ("number", "issued_on", "due_on", "daily_kwh", "daily_kwh_before", "daily_kwh_last_year")


@pytest.fixture
def unissued(billed: RegistryDesk, aws: Aws) -> RegistryDesk:  # noqa: F811
    """June, July and a second version of July, as they were stored before bills were issued."""
    dearer = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(dearer, "price corrected", lambda count: None)
    for item in aws.dynamodb.scan(TableName="bills")["Items"]:
        bill = items.bill_of(item)
        if bill.status == "final":
            cleared = msgspec.structs.replace(bill, number="", **dict.fromkeys(ISSUED[1:]))
            one = items.with_bill(items.key_of_bill(item), item, cleared)
            aws.dynamodb.put_item(TableName="bills", Item={name: v for name, v in one.items() if name != "to_lake"})
    return billed


@pytest.fixture
def run(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cli.backfill.find_stack", lambda: stack_on(aws))

    def invoke(*options: str) -> str:
        result = CliRunner().invoke(app, ["bill", "backfill", *options])
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    return invoke


def bills(aws: Aws) -> dict[str, tuple[str, date | None, date | None]]:
    found = {item["bill"]["S"]: items.bill_of(item) for item in aws.dynamodb.scan(TableName="bills")["Items"]}
    return {name: (one.number, one.issued_on, one.due_on) for name, one in found.items() if one.status == "final"}


def test_final_bills_get_the_number_and_dates_that_they_would_have_had(unissued: RegistryDesk, aws: Aws, run):
    assert "3 versions of bills got a number" in run()

    today = datetime.now(UTC).astimezone().date()
    found = bills(aws)
    june, july = date(2026, 7, 1), date(2026, 8, 1)
    assert found["2026-06"] == ("AG-1-20260601", june, june + timedelta(days=21))
    assert found["2026-07#v001"] == ("AG-1-20260701", july, july + timedelta(days=21))
    number, issued_on, _ = found["2026-07"]
    assert number == "AG-1-20260701-2"
    assert issued_on
    assert abs(issued_on - today) <= timedelta(days=1)  # when the price was corrected


def test_they_reach_the_lake_and_a_second_run_changes_nothing(unissued: RegistryDesk, aws: Aws, run):
    run()
    before = aws.dynamodb.scan(TableName="bills")["Items"]
    assert "0 versions of bills got a number" in run()
    assert aws.dynamodb.scan(TableName="bills")["Items"] == before

    publish_bills(BillOutbox(aws.dynamodb, "bills"), Lake(aws.s3, aws.bucket), datetime.now(UTC), lambda: False)
    rows = sorted((row["cycle"], row["version"]) for row in published(aws, "bills_issued"))
    assert rows == [("2026-06", 1), ("2026-07", 1), ("2026-07", 2)]
    assert "3 other versions of bills will be published again" in run("--publish-again")


def test_a_reading_that_comes_again_changes_no_backfilled_bill_and_a_correction_follows_its_number(
    unissued: RegistryDesk, aws: Aws, run
):
    run()
    before = bills(aws)
    again = upload(meter_id="M-1", day=date(2026, 7, 10), wh=[100] * 24, interval_s=3600)
    ingest_uploads([again], unissued._tables, unissued._services, lambda attempt: None)
    assert bills(aws) == before

    corrected = upload(meter_id="M-1", day=date(2026, 7, 10), wh=[900], interval_s=3600, revision=1)
    ingest_uploads([corrected], unissued._tables, unissued._services, lambda attempt: None)
    assert bills(aws)["2026-07"][0] == "AG-1-20260701-3"
