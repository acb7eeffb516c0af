from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import (
    BILLS_AN_ITEM,
    NO_SERVICE,
    ROUND_S,
    CloseBills,
    ClosingStore,
    FindBills,
    FindUnbilled,
    close,
    close_bill,
    find,
    plan,
)
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import all_at, planned_bill

TARIFF = tariff_from_urdb({**TIME_OF_USE, "timezone": "UTC"})
MARCH = planned_bill(TARIFF, "2027-03")


def still(attempt):
    raise AssertionError("nobody else is at work")


def take(tables, *uploads):
    ingest_uploads(uploads, tables, all_at(TARIFF), still)


def hourly(day, wh=100, **parts):
    return upload(day=day, wh=[wh] * 24, interval_s=3600, **parts)


def month_without(*gaps):
    """February whole and March without some days, every hour 100 Wh."""
    tables = MemoryTables()
    days = [date(2027, 2, 1) + timedelta(days=number) for number in range(59)]
    take(tables, *(hourly(day) for day in days if day not in gaps))
    return tables


def current(tables):
    return bill_of(tables.bills["m-1", "2027-03"])


def test_a_gap_is_estimated_like_the_weeks_before_and_the_bill_becomes_final():
    tables = month_without(date(2027, 3, 10))
    assert (current(tables).status, current(tables).intervals.missing) == ("provisional", 24)
    bill = close_bill(MARCH, tables, still).bill
    assert bill == current(tables)
    assert (bill.status, bill.intervals.missing, bill.intervals.estimated) == ("final", 0, 24)
    assert bill.energy_kwh == current(month_without()).energy_kwh
    assert any(line.estimated_share for line in bill.lines)


def test_closing_again_changes_nothing():
    tables = month_without(date(2027, 3, 10))
    close_bill(MARCH, tables, still)
    before = dict(tables.bills)
    assert not close_bill(MARCH, tables, still).stored
    assert tables.bills == before


def test_a_complete_month_is_left_alone():
    assert not close_bill(MARCH, month_without(), still).stored


def test_an_actual_reading_replaces_the_estimate_in_a_new_version():
    tables = month_without(date(2027, 3, 10))
    estimated = close_bill(MARCH, tables, still).bill
    take(tables, upload(day=date(2027, 3, 10), wh=[300] * 6, interval_s=3600))
    bill = current(tables)
    assert (bill.version, bill.intervals.estimated, bill.intervals.missing) == (2, 18, 0)
    assert bill.energy_kwh - estimated.energy_kwh == Decimal("1.2")
    assert bill.adjustment.amount_rounded == bill.total_rounded - estimated.total_rounded
    take(tables, hourly(date(2027, 3, 10), wh=300))
    assert (current(tables).version, current(tables).intervals.estimated) == (3, 0)


def test_a_gap_without_history_stays_and_the_bill_stays_provisional():
    tables = MemoryTables()
    take(tables, upload(day=date(2027, 3, 10), wh=[100] * 4, interval_s=3600))
    bill = close_bill(MARCH, tables, still).bill
    assert bill.status == "provisional"
    assert bill.intervals.missing > 0


def test_readings_stored_concurrently_are_not_overwritten():
    tables = month_without(date(2027, 3, 10), date(2027, 3, 11))

    def change_in_between():
        tables.before_commit = lambda: None
        take(tables, hourly(date(2027, 3, 11), wh=500))

    tables.before_commit = change_in_between
    bill = close_bill(MARCH, tables, lambda attempt: None).bill
    assert bill.intervals.estimated == 24
    assert bill.energy_kwh == current(month_without()).energy_kwh + Decimal("9.6")


def test_a_whole_day_is_estimated_in_a_zone_that_is_half_an_hour_off():
    kolkata = tariff_from_urdb({**TIME_OF_USE, "timezone": "Asia/Kolkata"})
    tables = MemoryTables()
    days = [date(2027, 1, 31) + timedelta(days=number) for number in range(61)]
    uploads = [hourly(day) for day in days if day not in (date(2027, 2, 28), date(2027, 3, 31))]
    ingest_uploads(uploads, tables, all_at(kolkata), still)
    bill = close_bill(planned_bill(kolkata, "2027-03"), tables, still).bill
    assert (bill.status, bill.intervals.expected, bill.intervals.missing) == ("final", 31 * 24, 0)


class Bills:
    """Open bills, as pages of meters; remembers which are to wait and why."""

    def __init__(self, *pages):
        self._pages = [[key(meter) for meter in page] for page in pages]
        self.waiting = {}

    def pages(self, item):
        keys = [one for page in self._pages for one in page]
        return (page for page in self._pages if item.after is None or keys.index(page[0]) > keys.index(item.after))

    def any_of_month(self, month):
        return True

    def meters_of(self, bills):
        return dict.fromkeys(bills, "")

    def wait_for_estimate(self, bill, missing, reason):
        self.waiting[bill.agreement_id] = reason


def key(meter):
    return BillKey(meter, "2027-03")


def never():
    return False


REGISTRY = FixedServices(lambda meters: {meter: TARIFF for meter in meters if meter != "unknown"})
NO_CLASSES = SimpleNamespace(sample=lambda customer_class, most: [])
DUE = MARCH.plan.period.end


def close_all(tables, bills, *meters, due=DUE, out_of_time=never):
    return close(CloseBills([*map(key, meters)]), store_of(tables, bills), due, still, out_of_time)


def store_of(tables, bills):
    return ClosingStore(tables, bills, REGISTRY, NO_CLASSES)


def test_the_open_bills_of_a_part_become_items_of_a_bounded_size():
    names = [f"m-{number:03}" for number in range(BILLS_AN_ITEM + 1)]
    items = list(find(FindBills("2027-03", 0, waiting=False), Bills(names, [], ["z"]), never))
    assert [len(item.bills) for item in items] == [BILLS_AN_ITEM, 1, 1]


def test_a_search_that_runs_out_of_time_goes_on_after_its_last_page():
    bills, item, found = Bills(["a", "b"], ["c"], ["d"]), FindBills("2027-03", 5, waiting=True), []
    for _ in range(4):
        first, *rest = find(item, bills, lambda: True)
        found += [bill.agreement_id for bill in first.bills]
        item = rest[0]
        if item.after == key("d"):
            break
    assert found == ["a", "b", "c", "d"]
    assert item == FindBills("2027-03", 5, waiting=True, after=key("d"))


def test_an_item_closes_its_bills_and_closing_it_twice_changes_nothing():
    tables, bills = month_without(date(2027, 3, 10)), Bills()
    assert close_all(tables, bills, "m-1") == (1, 24, 0, None)
    before = dict(tables.bills)
    assert close_all(tables, bills, "m-1") == (0, 0, 0, None)
    assert (tables.bills, bills.waiting) == (before, {})


def test_a_bill_is_left_alone_within_the_grace_time_of_its_own_period():
    tables = month_without(date(2027, 3, 10))
    assert close_all(tables, Bills(), "m-1", due=DUE - 1) == (0, 0, 0, None)
    assert current(tables).status == "provisional"


def test_what_the_time_does_not_suffice_for_is_a_smaller_item():
    tables, calls = month_without(date(2027, 3, 10)), iter([False, True])
    done = close_all(tables, Bills(), "m-1", "m-2", "m-3", out_of_time=lambda: next(calls))
    assert done == (1, 24, 0, CloseBills([key("m-2"), key("m-3")]))


def test_a_bill_that_lost_to_other_workers_every_time_is_left_over():
    tables = month_without(date(2027, 3, 10))
    tables.commit = lambda changes, *, alone: {change.owner for change in changes}
    item = CloseBills([key("m-1")])
    assert close(item, store_of(tables, Bills()), DUE, lambda attempt: None, never).left == item


def test_a_bill_that_cannot_be_estimated_waits_with_its_reason_and_does_not_hold_up_the_others():
    tables, bills = month_without(date(2027, 3, 10)), Bills()
    take(tables, hourly(date(2027, 3, 10), meter_id="new"))
    assert close_all(tables, bills, "new", "unknown", "m-1") == (1, 24, 2, None)
    assert bills.waiting["unknown"] == NO_SERVICE
    # Its only day is a Wednesday: later workdays can be estimated from it, earlier days and weekends cannot.
    missing = bill_of(tables.bills[key("new")]).intervals.missing
    assert bills.waiting["new"] == (
        f"{missing} intervals have no reading of the same hours in the 4 weeks before, "
        "and there is no customer class to estimate them from"
    )


def test_months_are_looked_at_from_their_grace_time_on_and_waiting_bills_at_growing_distances():
    parts, grace_s = 8, 72 * 3600
    first = BillingMonth(2027, 3, "UTC").end - 14 * 3600 + grace_s
    assert "2027-03" not in {item.month for item in plan(first - 1, grace_s, parts)}
    with_waiting = []
    for number in range(80):
        items = [item for item in plan(first + number * ROUND_S, grace_s, parts) if item.month == "2027-03"]
        searches = [item for item in items if isinstance(item, FindBills)]
        assert [item.part for item in searches] == list(range(parts))
        unbilled = [item.part for item in items if isinstance(item, FindUnbilled)]
        assert unbilled == (list(range(parts)) if searches[0].waiting else [])
        if searches[0].waiting:
            with_waiting.append(number)
    assert with_waiting == [0, 1, 2, 4, 8, 16, 32, 64]


def test_the_current_month_is_looked_at_weekly_for_agreements_that_ended_in_it():
    start = BillingMonth(2027, 3, "UTC").start
    days = [day for day in range(31) if "2027-03" in {item.month for item in plan(start + day * 86_400, 0, 8)}]
    assert days == [0, 7, 14, 21, 28]
