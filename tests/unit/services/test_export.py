"""Energy received in the pipeline: stored, and never billed by a tariff that credits it as if it were not there."""

from datetime import date, timedelta
from decimal import Decimal

from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.readings.upload import Upload
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import close_bill
from electrocloud.services.ingest import ingest_uploads
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import all_at, planned_bill

RATE = {**TIME_OF_USE, "timezone": "UTC"}
NETTED = tariff_from_urdb({**RATE, "dgrules": "Net Metering"})
DAYS = [date(2027, 3, 1) + timedelta(days=number) for number in range(31)]


def still(attempt: int) -> None:
    raise AssertionError("nobody else is at work")


def hourly(day: date, wh: int = 100, direction: str = "delivered") -> Upload:
    return upload(day=day, wh=[wh] * 24, interval_s=3600, direction=direction)


def stored(tariff: Tariff, *uploads: Upload) -> MemoryTables:
    tables = MemoryTables()
    for one in uploads:
        ingest_uploads([one], tables, all_at(tariff), still)
    return tables


def bill(tables: MemoryTables) -> Bill:
    return bill_of(tables.bills["m-1", "2027-03"])


def test_a_month_with_export_stays_open_by_a_tariff_that_credits_it():
    tables = stored(NETTED, hourly(DAYS[9], 70, "received"), *map(hourly, DAYS))

    assert (bill(tables).status, bill(tables).intervals.missing) == ("provisional", 0)
    assert [reason.kind for reason in bill(tables).open_reasons] == ["export not credited"]
    assert (bill(tables).received_kwh, bill(tables).export_credit, bill(tables).credit) == (Decimal("1.68"), 0, None)
    closed = close_bill(planned_bill(NETTED, "2027-03"), tables, still).bill
    assert closed
    assert closed.status == "provisional"


def test_a_gap_that_is_estimated_leaves_a_month_with_export_open():
    before = (hourly(date(2027, 2, 1) + timedelta(days=number)) for number in range(28))
    tables = stored(NETTED, *before, *map(hourly, DAYS[:-1]), hourly(DAYS[9], 70, "received"))
    closed = close_bill(planned_bill(NETTED, "2027-03"), tables, still).bill

    assert closed
    assert (closed.status, closed.intervals.estimated, closed.intervals.missing) == ("provisional", 24, 0)
    assert [reason.kind for reason in closed.open_reasons] == ["export not credited"]


def test_export_that_comes_after_the_month_was_final_makes_a_version_that_names_it():
    tables = stored(NETTED, *map(hourly, DAYS), hourly(DAYS[9], 70, "received"))

    assert (bill(tables).version, bill(tables).status) == (2, "final")
    assert [reason.kind for reason in bill(tables).open_reasons] == ["export not credited"]


def test_a_month_without_export_is_billed_as_by_any_tariff():
    plain = stored(tariff_from_urdb(RATE), *map(hourly, DAYS))
    zeros = (hourly(day, 0, "received") for day in DAYS)
    for tables in (stored(NETTED, *map(hourly, DAYS)), stored(NETTED, *zeros, *map(hourly, DAYS))):
        assert bill(tables).status == "final"
        assert (bill(tables).total, bill(tables).lines) == (bill(plain).total, bill(plain).lines)


def test_export_by_a_tariff_that_credits_none_leaves_no_bill_open():
    tables = stored(tariff_from_urdb(RATE), *map(hourly, DAYS), hourly(DAYS[9], 70, "received"))

    assert (bill(tables).status, bill(tables).received_kwh) == ("final", 0)


def test_the_order_of_the_directions_changes_no_bill():
    delivered, received = [*map(hourly, DAYS[:5])], [hourly(day, 30, "received") for day in DAYS[3:6]]

    assert stored(NETTED, *delivered, *received).bills == stored(NETTED, *received, *delivered).bills
