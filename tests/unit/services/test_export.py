"""Energy received in the pipeline: credited by the tariff's option, with credits that go from bill to bill."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from electrocloud.aws.store.dynamodb_items import bill_of, stored_bill
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.bill import bills as bills_of_file
from electrocloud.domain.billing.credit import Credit
from electrocloud.domain.billing.service import Service
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.readings.upload import DIRECTIONS, Upload
from electrocloud.domain.registry.records import Installation
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import always
from electrocloud.services import following_bills
from electrocloud.services.closing import close_bill
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.replay import rerate_bills
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import Served, all_at

RATE = {**TIME_OF_USE, "timezone": "UTC"}
NETTED = tariff_from_urdb({**RATE, "dgrules": "Net Metering"})
FIRST = date(2027, 2, 1)


def still(attempt: int) -> None:
    raise AssertionError("nobody else is at work")


def month(number: int) -> list[date]:
    first = date(2027, number, 1)
    return [day for n in range(31) if (day := first + timedelta(days=n)).month == number]


def hourly(day: date, wh: int = 100, direction: str = "delivered", revision: int = 0) -> Upload:
    return upload(day=day, wh=[wh] * 24, interval_s=3600, direction=direction, revision=revision)


def export(day: date, wh: int = 700, revision: int = 0) -> Upload:
    return hourly(day, wh, "received", revision)


def service(tariff: Tariff = NETTED, **terms: object) -> Service:
    agreement = ServiceTerms(agreement_id="A-1", first=FIRST)._replace(**terms)
    installed = Installation(meter_id="m-1", service_point_id="P-1", start=0)
    return Service(agreement, always(tariff), "UTC", (installed,))


def stored(*uploads: Upload, at: Service | None = None, tables: MemoryTables | None = None) -> MemoryTables:
    tables, at = tables or MemoryTables(), at or service()
    for one in uploads:
        ingest_uploads([one], tables, Served([at]), still)
    return tables


def bill(tables: MemoryTables, cycle: str) -> Bill:
    return bill_of(tables.bills["A-1", cycle])


def credit(tables: MemoryTables, cycle: str) -> tuple[Credit, Credit] | None:
    account = bill(tables, cycle).credit
    return account and (account.opening, account.closing)


def broken_links(tables: MemoryTables) -> list[str]:
    """The bills that do not begin with what the bill before them carries forward."""
    cycles = tables.cycles_of("A-1")
    found = {cycle: stored_bill(tables.bills["A-1", cycle]).billed for cycle in cycles}
    return [cycle for before, cycle in pairwise(cycles) if found[cycle].begins != found[before].carries]


FEBRUARY = [*map(export, month(2)), *map(hourly, month(2))]
MARCH = [export(date(2027, 3, 10)), *map(hourly, month(3))]
APRIL = [export(date(2027, 4, 10), 1), *map(hourly, month(4))]


def test_a_bill_begins_with_the_credit_that_the_bill_before_leaves():
    tables = stored(*FEBRUARY, *MARCH, *APRIL)

    february, march, april = (bill(tables, f"2027-0{number}") for number in (2, 3, 4))
    assert {one.status for one in (february, march, april)} == {"final"}
    assert february.credit
    assert february.credit.opening == Credit()
    assert sum(february.credit.closing.wh.values()) == 28 * 24 * 600
    assert march.credit
    assert march.credit.opening == february.credit.closing
    assert april.credit
    assert april.credit.opening == march.credit.closing
    assert april.energy_charge == 0
    assert not broken_links(tables)


def test_the_pipelines_bills_are_those_of_a_file():
    tables = stored(*FEBRUARY, *MARCH, *APRIL)
    days = tables.days_between("m-1", FIRST, date(2027, 4, 30))
    delivered, received = ([one for day in days for one in day.intervals(way)] for way in DIRECTIONS)
    terms = ServiceTerms(agreement_id="A-1", first=FIRST)

    for one in bills_of_file(NETTED, delivered, terms=terms, received=received):
        ours = bill(tables, one.month)
        assert (ours.lines, ours.total, ours.credit) == (one.lines, one.total, one.credit)


def test_a_correction_rates_the_bills_after_it_again_in_order():
    tables = stored(*FEBRUARY, *MARCH, *APRIL)
    stored(export(date(2027, 2, 3), 100, revision=1), tables=tables)

    assert [bill(tables, f"2027-0{number}").version for number in (2, 3, 4)] == [2, 2, 2]
    assert [bill(tables, f"2027-0{number}").reason for number in (2, 3, 4)] == [
        "reading corrected",
        "credit of the bill before changed",
        "credit of the bill before changed",
    ]
    assert not broken_links(tables)
    again = stored(export(date(2027, 2, 3), 100, revision=1), *FEBRUARY, *MARCH, *APRIL)
    assert [credit(tables, f"2027-0{number}") for number in (2, 3, 4)] == [
        credit(again, f"2027-0{number}") for number in (2, 3, 4)
    ]


def test_a_change_that_leaves_the_credit_as_it_was_rates_no_other_bill():
    tables = stored(*FEBRUARY, *MARCH, *APRIL)
    march = dict(tables.bills["A-1", "2027-03"])
    corrected = [hourly(date(2027, 2, 3), 200, revision=1), export(date(2027, 2, 3), 800, revision=1)]
    ingest_uploads(corrected, tables, Served([service()]), still)

    assert bill(tables, "2027-02").version == 2
    assert tables.bills["A-1", "2027-03"] == march


def test_a_duplicate_changes_nothing():
    tables = stored(*FEBRUARY, *MARCH, *APRIL)
    bills = dict(tables.bills)
    stored(*MARCH, *FEBRUARY, tables=tables)

    assert tables.bills == bills


def test_a_bill_waits_for_the_bill_before_it():
    tables = stored(*FEBRUARY[:-1], *MARCH)

    assert (bill(tables, "2027-02").intervals.missing, bill(tables, "2027-03").status) == (24, "provisional")
    assert [reason.kind for reason in bill(tables, "2027-03").open_reasons] == ["earlier bill open"]
    stored(FEBRUARY[-1], tables=tables)
    assert [bill(tables, f"2027-0{number}").status for number in (2, 3)] == ["final", "final"]
    assert [bill(tables, f"2027-0{number}").version for number in (2, 3)] == [1, 1]
    assert not broken_links(tables)


def test_bills_become_final_in_order_whichever_is_closed_first():
    history = [hourly(date(2027, 1, 1) + timedelta(days=n)) for n in range(31)]
    at = service(first=date(2027, 1, 1))
    tables = stored(*history, *FEBRUARY[:-1], *MARCH[:-1], at=at)
    planned = {cycle: at.bill_of_cycle(cycle) for cycle in ("2027-02", "2027-03")}
    march = close_bill(planned["2027-03"], tables, still).bill

    assert march
    assert (march.status, march.intervals.missing) == ("provisional", 0)
    assert [reason.kind for reason in march.open_reasons] == ["earlier bill open"]
    close_bill(planned["2027-02"], tables, still)
    assert [bill(tables, f"2027-0{number}").status for number in (2, 3)] == ["final", "final"]
    assert not broken_links(tables)


def test_months_that_come_in_the_reverse_order_give_the_same_bills():
    assert stored(*APRIL, *MARCH, *FEBRUARY).bills == stored(*FEBRUARY, *MARCH, *APRIL).bills


def test_an_agreement_that_is_older_than_its_readings_waits_for_its_stated_credit():
    tables = stored(*MARCH, at=service(first=date(2020, 1, 1)))

    assert [reason.kind for reason in bill(tables, "2027-03").open_reasons] == ["earlier bill open"]
    stated = service(first=date(2020, 1, 1), opening_credits=((date(2027, 3, 1), Credit(wh={0: 40_000})),))
    tables = stored(*MARCH, at=stated)
    assert bill(tables, "2027-03").status == "final"
    assert credit(tables, "2027-03")[0] == Credit(wh={0: 40_000})


def test_the_last_bill_of_an_agreement_pays_its_credit_out():
    tariff = tariff_from_urdb({**RATE, "dgrules": "Net Metering", "ur_nm_yearend_sell_rate": 0.05})
    tables = stored(*FEBRUARY, *MARCH, at=service(tariff, end=date(2027, 4, 1)))
    march = bill(tables, "2027-03")

    assert march.credit
    assert march.credit.closing == Credit()
    assert march.credit.true_up
    assert march.credit.paid_out > 0


def test_export_that_comes_after_the_month_was_final_makes_a_version_with_its_reason():
    tables = stored(*map(hourly, month(2)), export(date(2027, 2, 9), 70))
    february = bill(tables, "2027-02")

    assert (february.version, february.status, february.reason) == (2, "final", "export received later")
    assert february.received_kwh == Decimal("1.68")
    assert february.credit
    assert not february.open_reasons


def test_a_corrected_price_goes_through_the_chain():
    options = {"dgrules": "Net Billing Hourly", "ur_metering_option": 3}
    sold = [tariff_from_urdb({**RATE, **options, "sell_rate": rate}) for rate in (0.05, 0.08)]
    tables = stored(*FEBRUARY, *MARCH, *APRIL, at=service(sold[0]))
    at = service(sold[1])
    rerate_bills([at.bill_of_cycle(f"2027-0{number}") for number in (2, 3, 4)], tables, still, trust_days=True)
    straight = stored(*FEBRUARY, *MARCH, *APRIL, at=at)

    for cycle in ("2027-02", "2027-03", "2027-04"):
        assert credit(tables, cycle) == credit(straight, cycle)
        assert bill(tables, cycle).total == bill(straight, cycle).total
    assert not broken_links(tables)


def test_rating_one_month_again_goes_on_to_those_after_it():
    tables = stored(*FEBRUARY, *MARCH, *APRIL)
    dearer = service(tariff_from_urdb({**RATE, "dgrules": "Net Metering", "ur_nm_credit_month": 1}))
    rerate_bills([dearer.bill_of_cycle("2027-02")], tables, still)

    assert credit(tables, "2027-02")[1] == Credit()
    assert not broken_links(tables)


def test_a_month_without_export_is_billed_as_by_any_tariff():
    plain = stored(*map(hourly, month(3)), at=service(tariff_from_urdb(RATE)))
    zeros = [export(day, 0) for day in month(3)]
    for tables in (stored(*map(hourly, month(3))), stored(*zeros, *map(hourly, month(3)))):
        assert bill(tables, "2027-03").status == "final"
        amounts, owed = ([line.amount for line in bill(one, "2027-03").lines] for one in (tables, plain))
        assert amounts == owed


def test_export_by_a_tariff_that_credits_none_leaves_no_bill_open():
    tables = stored(*MARCH, at=service(tariff_from_urdb(RATE)))

    assert (bill(tables, "2027-03").status, bill(tables, "2027-03").received_kwh) == ("final", 0)


@pytest.mark.parametrize("tariff", [NETTED, tariff_from_urdb(RATE)])
def test_the_order_of_the_directions_changes_no_bill(tariff: Tariff):
    delivered, received = [*map(hourly, month(3)[:5])], [*map(export, month(3)[3:6])]
    at = all_at(tariff)
    one, other = MemoryTables(), MemoryTables()
    ingest_uploads([*delivered, *received], one, at, still)
    ingest_uploads([*received, *delivered], other, at, still)

    assert one.bills == other.bills


def test_only_tariffs_that_credit_export_read_the_bill_before():
    asked: list[object] = []

    class Counting(MemoryTables):
        def read(self, days, bills):
            asked.extend(key.cycle for key in bills)
            return super().read(days, bills)

    stored(hourly(date(2027, 3, 10)), tables=Counting(), at=service(tariff_from_urdb(RATE)))
    assert asked == ["2027-03"]
    asked.clear()
    tables = stored(hourly(date(2027, 3, 10)), tables=Counting())
    assert asked == ["2027-03", "2027-02"]
    asked.clear()
    stored(hourly(date(2027, 3, 11)), tables=tables)
    assert asked == ["2027-03"]


@pytest.fixture
def long_row(monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryTables, Service]:
    """Two years of bills that carry a credit forward, of which a transaction holds five."""
    monkeypatch.setattr(following_bills, "MOST_ITEMS", 5)
    sold = tariff_from_urdb({**RATE, "dgrules": "Net Billing Hourly", "ur_metering_option": 3, "sell_rate": 0.1})
    at = service(sold, first=date(2025, 1, 1))
    days = [date(2025 + n // 12, n % 12 + 1, 5) for n in range(24)]
    return stored(*map(export, days), *map(hourly, days), at=at), at


def test_a_correction_goes_on_through_more_bills_than_a_transaction_holds(long_row):
    tables, at = long_row
    correction = export(date(2025, 1, 5), 200, revision=1)
    stored(correction, tables=tables, at=at)

    assert not broken_links(tables)
    days = [date(2025 + n // 12, n % 12 + 1, 5) for n in range(24)]
    straight = stored(correction, *map(export, days), *map(hourly, days), at=at)
    assert tables.bills == straight.bills


def test_a_worker_that_is_killed_within_a_long_row_leaves_it_to_the_next(long_row):
    tables, at = long_row
    correction = export(date(2025, 1, 5), 200, revision=1)

    class Killed(BaseException):
        pass

    class Mortal(MemoryTables):
        parts = 0

        def _store(self, change):
            if change.tail is None or self._store(change.tail):
                self.parts += 1
                if self.parts == 3:
                    raise Killed
                return super()._store(replace(change, tail=None))
            return False

    mortal = Mortal()
    mortal.windows, mortal.bills = tables.windows, tables.bills
    with pytest.raises(Killed):
        stored(correction, tables=mortal, at=at)
    assert broken_links(tables)
    stored(correction, tables=tables, at=at)
    assert not broken_links(tables)


def test_an_agreement_that_begins_or_ends_within_a_cycle_has_no_bill_before_or_after():
    at = service(first=date(2027, 2, 8), end=date(2027, 3, 20))
    february, march = at.bill_of_cycle("2027-02"), at.bill_of_cycle("2027-03")

    assert february
    assert march
    assert (february.previous, february.following) == (None, march)
    assert (march.previous, march.following) == (february, None)
