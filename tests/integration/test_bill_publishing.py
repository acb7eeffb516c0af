"""Issued bills from the table to the lake: none is lost, however it is interrupted, and a copy counts once."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from electrocloud.aws.event_bus import EventBus, EventsNotSentError
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.registry import events
from electrocloud.services.rating import VersionReason
from lake.publishing import Lake, publish_bills
from laptop.bill_publishing import BillPublisher
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.billing_kit import document
from tests.kits.sql_kit import dated_bill_tables, translated

NOW = datetime(2026, 8, 2, 3, tzinfo=UTC)


@pytest.fixture
def outbox(aws: Aws) -> BillOutbox:
    return BillOutbox(aws.dynamodb, "bills")


class Bus:
    """An event bus in memory that refuses the first `refused` entries that it is sent."""

    def __init__(self, refused: int = 0) -> None:
        self.taken: list[dict[str, Any]] = []
        self.calls: list[int] = []
        self._refused = refused

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803  as boto3 names it
        self.calls.append(len(Entries))
        refused, self._refused = Entries[: self._refused], max(0, self._refused - len(Entries))
        self.taken += [msgspec.json.decode(entry["Detail"]) for entry in Entries[len(refused) :]]
        entries = [{"ErrorCode": "ThrottlingException", "ErrorMessage": "too many"}] * len(refused)
        return {"Entries": entries + [{"EventId": "1"}] * (len(Entries) - len(refused))}


def event_bus(client: Any) -> EventBus:
    return EventBus(client, "bus", lambda attempt: None)


def publish(aws: Aws, outbox: BillOutbox, client: Any = None) -> int:
    bus = event_bus(client) if client else None
    return publish_bills(outbox, Lake(aws.s3, aws.bucket), NOW, lambda: False, bus)


def published(aws: Aws, view: str) -> list[dict[str, Any]]:
    """What an analyst finds."""
    lake = duckdb.connect()
    for name, table in lake_of(aws).items():
        lake.register(name, table)
    answer = lake.execute(translated(f"SELECT * FROM {view} ORDER BY cycle, version"))
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def lake_of(aws: Aws) -> dict[str, pa.Table]:
    """The tables of issued bills, as the bucket has them."""
    found = {name: [table] for name, table in dated_bill_tables([]).items()}
    for name, parts in found.items():
        for listed in aws.s3.list_objects_v2(Bucket=aws.bucket, Prefix=f"{name}/dt=").get("Contents", []):
            body = aws.s3.get_object(Bucket=aws.bucket, Key=listed["Key"])["Body"].read()
            part = pq.ParquetFile(io.BytesIO(body)).read()
            day = listed["Key"].split("dt=")[1].split("/")[0]
            parts.append(part.append_column("dt", pa.repeat(day, len(part))))
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


def stored(desk: RegistryDesk, cycle: str) -> Bill:  # noqa: F811
    key = BillKey("AG-1", cycle)
    return desk._tables.read([], [key])[1][key].billed.bill


def test_final_bills_are_published_once_with_all_their_lines(billed: RegistryDesk, aws: Aws, outbox: BillOutbox):  # noqa: F811
    assert publish(aws, outbox) == 2
    assert publish(aws, outbox) == 0

    june, july = published(aws, "bills_issued")
    bill = stored(billed, "2026-07")
    assert (june["cycle"], july["cycle"], july["number"]) == ("2026-06", "2026-07", "AG-1-20260701")
    assert (july["amount_due"], july["energy_kwh"], july["dt"]) == (
        bill.total_rounded,
        Decimal("74.4"),
        str(bill.issued_on),
    )
    lines = [row for row in published(aws, "bill_lines_issued") if row["cycle"] == "2026-07"]
    assert [row["amount_rounded"] for row in lines] == [line.amount_rounded for line in bill.lines]
    assert (lines[0]["segment_start"], lines[0]["segment_end"]) == (date(2026, 7, 1), date(2026, 8, 1))


def test_a_version_that_was_replaced_before_it_was_published_is_published_too(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    outbox: BillOutbox,
):
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(changed, "price corrected", lambda count: None)
    publish(aws, outbox)

    found = [(row["cycle"], row["version"], row["reason"]) for row in published(aws, "bills_issued")]
    assert found == [("2026-06", 1, ""), ("2026-07", 1, ""), ("2026-07", 2, "price corrected")]


def test_a_version_that_was_published_before_it_was_replaced_is_not_published_again(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    outbox: BillOutbox,
):
    assert publish(aws, outbox) == 2
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(changed, "price corrected", lambda count: None)

    assert publish(aws, outbox) == 1
    found = [(row["cycle"], row["version"]) for row in published(aws, "bills_issued")]
    assert found == [("2026-06", 1), ("2026-07", 1), ("2026-07", 2)]


def test_all_bills_are_published_however_few_are_read_at_once(
    billed: RegistryDesk,  # noqa: F811
    outbox: BillOutbox,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("electrocloud.aws.store.bill_outbox.BILLS_AT_ONCE", 1)
    assert [len(page) for page in outbox.pages()] == [1, 1]


def test_the_laptop_publishes_after_the_command_that_rates_bills(billed: RegistryDesk, aws: Aws):  # noqa: F811
    clock = iter(range(0, 1_000_000, 60)).__next__
    publisher = BillPublisher(msgspec.structs.replace(stack_on(aws), event_bus=""), clock)
    with billed.store.state.lock(int(time.time())):
        billed.store.state.begin(["SP-1"], VersionReason("price corrected"))
        assert publisher.poll() == 0
    assert publisher.poll() == 2  # the command has ended, or was killed


def test_an_open_bill_is_not_in_the_lake(desk: RegistryDesk, aws: Aws, outbox: BillOutbox):  # noqa: F811
    assert publish(aws, outbox) == 0
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=aws.bucket, Prefix="bill")


class Crash(Exception):
    """The process ends here."""


class CrashingS3:
    """An S3 client whose process ends at the put with a number, before it or just after it."""

    def __init__(self, s3: Any, at: int, after: bool) -> None:
        self._s3, self._left, self._after = s3, at, after

    def put_object(self, **put: Any) -> Any:
        self._left -= 1
        if self._left < 0 and not self._after:
            raise Crash
        answer = self._s3.put_object(**put)
        if self._left < 0:
            raise Crash
        return answer


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("after", [False, True])
def test_no_bill_is_lost_or_counted_twice_whenever_publishing_ends(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    outbox: BillOutbox,
    at: int,
    after: bool,
):
    with pytest.raises(Crash):
        publish_bills(outbox, Lake(CrashingS3(aws.s3, at, after), aws.bucket), NOW, lambda: False)
    publish(aws, outbox)

    assert [row["cycle"] for row in published(aws, "bills_issued")] == ["2026-06", "2026-07"]
    lines = published(aws, "bill_lines_issued")
    assert len({(row["cycle"], row["line"]) for row in lines}) == len(lines) > 0


def test_a_bill_that_changes_while_it_is_published_stays_in_the_outbox(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    outbox: BillOutbox,
):
    (page,) = _pages(outbox)
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(changed, "price corrected", lambda count: None)
    outbox.remove(page)

    assert publish(aws, outbox) == 2  # the second version, and the first one under its own key
    assert [row["version"] for row in published(aws, "bills_issued")] == [1, 2]


def test_an_issued_bill_is_an_event_and_a_new_version_another(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    outbox: BillOutbox,
):
    bus = Bus()
    publish(aws, outbox, bus)
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(changed, "price corrected", lambda count: None)
    publish(aws, outbox, bus)

    assert [(one["type"], one["subject"], one["data"]["version"]) for one in bus.taken[:2]] == [
        ("BillFinalized", "AG-1/2026-06", 1),
        ("BillFinalized", "AG-1/2026-07", 1),
    ]
    reissued = next(one for one in bus.taken if one["type"] == "BillReissued")
    assert reissued["data"]["reason"] == "price corrected"
    assert (reissued["data"]["amount_due"], reissued["data"]["adjustment"]) == ("14.88", "7.44")
    assert len(bus.taken) == 3  # and the replaced version not once more
    assert {one["specversion"] for one in bus.taken} == {"1.0"}


def test_events_that_are_not_taken_at_first_are_sent_again(billed: RegistryDesk, aws: Aws, outbox: BillOutbox):  # noqa: F811
    bus = Bus(refused=3)
    assert publish(aws, outbox, bus) == 2
    assert bus.calls == [2, 2, 1]
    assert len({one["id"] for one in bus.taken}) == 2


def test_bills_whose_events_are_refused_stay_in_the_outbox(billed: RegistryDesk, aws: Aws, outbox: BillOutbox):  # noqa: F811
    with pytest.raises(EventsNotSentError, match=r"2 events were not taken by the event bus bus: too many"):
        publish(aws, outbox, Bus(refused=100))

    bus = Bus()
    assert publish(aws, outbox, bus) == 2
    assert len(bus.taken) == 2
    assert [row["cycle"] for row in published(aws, "bills_issued")] == ["2026-06", "2026-07"]


def _pages(outbox: BillOutbox) -> Iterator[Any]:
    return iter([*outbox.pages()])


def test_a_bill_of_an_earlier_release_is_published_under_its_last_day(billed: RegistryDesk) -> None:  # noqa: F811
    from lake.bill_tables import issue_day

    old = msgspec.structs.replace(stored(billed, "2026-07"), issued_on=None, period_end=None)
    assert issue_day(old) == date(2026, 7, 1)
