from datetime import date, timedelta
from decimal import Decimal

import msgspec

from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.dynamodb_items import bill_of, stored_bill
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import close_bill
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.replay import reingest, rerate_bills, rerate_days
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import all_at, planned_bill

TARIFF = tariff_from_urdb(TIME_OF_USE)
FEBRUARY = planned_bill(TARIFF, "2027-02")
DAYS = [date(2027, 1, 31) + timedelta(days=n) for n in range(29)]
KEY = BillKey("m-1", "2027-02")


def no_wait(attempt):
    pass


def a_month(days=DAYS, tables=None):
    tables = tables or MemoryTables()
    ingest_uploads([upload(day=day, wh=[100] * 24, interval_s=3600) for day in days], tables, all_at(TARIFF), no_wait)
    return tables


def rerate(tables, *planned):
    return rerate_bills(planned or [FEBRUARY], tables, no_wait)


def tampered(tables, **changes):
    """The stored bill as a fault in the code might have made it."""
    kept = stored_bill(tables.bills[KEY]).billed._replace(meters=["m-1"])
    wrong = kept._replace(bill=msgspec.structs.replace(kept.bill, **changes))
    tables.bills[KEY] = items.bill_item(KEY, wrong)


def test_an_unchanged_bill_is_not_rewritten():
    tables = a_month()
    before = dict(tables.bills)
    assert rerate(tables) == (1, 0, frozenset())
    assert tables.bills == before


def test_a_wrong_final_bill_gets_one_new_version():
    tables = a_month()
    right = bill_of(tables.bills[KEY])
    tampered(tables, total_rounded=right.total_rounded + 5)
    assert rerate(tables).changed == 1
    assert rerate(tables).changed == 0
    bill = bill_of(tables.bills[KEY])
    assert (bill.version, bill.total_rounded) == (2, right.total_rounded)
    assert bill.adjustment.amount_rounded == -5


def test_a_wrong_provisional_bill_is_corrected():
    tables = a_month(DAYS[:10])
    right = tables.bills[KEY]
    tampered(tables, total=bill_of(right).total + 1)
    assert rerate(tables).changed == 1
    assert tables.bills[KEY] == right


def test_a_changed_tariff_rerates_the_month():
    tables = a_month(DAYS[:10])
    dearer = tariff_from_urdb({**TIME_OF_USE, "label": "dear", "fixedchargefirstmeter": 20})
    assert rerate(tables, planned_bill(dearer, "2027-02")).changed == 1
    assert bill_of(tables.bills[KEY]).tariff == "dear"


def test_the_bills_of_a_year_are_read_together_with_those_they_are_compared_with():
    tables = a_month([date(2026, 12, 31) + timedelta(days=number) for number in range(92)])
    read, plain = [], tables.read
    tables.read = lambda days, bills: read.append(bills) or plain(days, bills)
    dearer = tariff_from_urdb({**TIME_OF_USE, "fixedchargefirstmeter": 20})
    cycles = ["2027-01", "2027-02", "2027-03"]
    assert rerate(tables, *(planned_bill(dearer, cycle) for cycle in cycles)).changed == 3
    assert len(read) == 1
    february = bill_of(tables.bills["m-1", "2027-02"])
    assert february.daily_kwh_before == Decimal("2.4")


def test_a_missing_bill_is_created_unless_the_month_has_no_readings():
    tables = a_month()
    before = tables.bills.pop(KEY)
    planned = [FEBRUARY, planned_bill(TARIFF, "2027-05"), planned_bill(TARIFF, "2027-02", "m-2")]
    assert rerate(tables, *planned) == (3, 1, frozenset())
    assert tables.bills[KEY] == before


def test_estimates_stay_estimates():
    tables = a_month([*(day - timedelta(days=28) for day in DAYS), *DAYS[:20]])
    assert close_bill(FEBRUARY, tables, no_wait).bill.intervals.estimated
    before = dict(tables.bills)
    assert rerate(tables).changed == 0
    assert tables.bills == before


def test_a_reading_that_is_stored_meanwhile_is_in_the_bill():
    tables = a_month(DAYS[:10])
    tampered(tables, total=0)

    def change_in_between():
        tables.before_commit = lambda: None
        a_month(DAYS[10:11], tables)

    tables.before_commit = change_in_between
    rerate(tables)
    assert tables.bills[KEY] == a_month(DAYS[:11]).bills[KEY]


def test_reingested_uploads_restore_lost_data_and_name_their_days():
    whole, broken = a_month(), a_month()
    for day in DAYS[3:9]:
        del broken.windows["m-1", day.isoformat()]
    del broken.bills[KEY]
    parts = [[upload(day=day, wh=[100] * 24, interval_s=3600)] for day in DAYS]
    outcome, days = reingest(parts, broken, all_at(TARIFF), no_wait)
    assert (outcome.readings, outcome.changed, outcome.repeated) == (29 * 24, 6 * 24, 23 * 24)
    assert days == [("m-1", day) for day in DAYS]
    assert rerate_days(days, broken, all_at(TARIFF), no_wait)[:2] == (3, 0)
    assert (broken.windows, broken.bills) == (whole.windows, whole.bills)
