"""Bills that know dates: periods, segments, prices over time, and who was served when."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills, rate, reissue
from electrocloud.domain.billing.counting import as_of, count_intervals, unread_since
from electrocloud.domain.billing.gaps import plan_determinants
from electrocloud.domain.billing.period import BillingCycle
from electrocloud.domain.billing.plan import plan_period
from electrocloud.domain.billing.terms import ServiceTerms, prices_of, terms_of
from electrocloud.domain.local_time import local_day, midnight_of
from electrocloud.domain.money import exact
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.registry.records import Agreement, Installation, ServicePoint
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, always, dated_tariff
from tests.kits.billing_kit import document, instant, load, plain_demand, plain_segment_energy, time_of_use
from tests.kits.billing_strategies import ZONES, loads, rates
from tests.kits.examples import upload

JULY = load("2026-07-01T00:00", [1_000] * 744)
days_of_july = st.dates(date(2026, 7, 2), date(2026, 7, 31))


def tariff(rates: Any = 0.1, **fields: Any) -> Tariff:
    return tariff_from_urdb(document(rates, **fields))


def versions(*parts: tuple[Tariff, date | None, date | None]) -> DatedTariff:
    return dated_tariff("t", [TariffVersion(*part) for part in parts])


def changed(before: Tariff, day: date, after: Tariff) -> DatedTariff:
    return versions((before, None, None), (after, day, None))


def one_bill(prices: Tariff | DatedTariff, readings: list[Interval], **terms: Any) -> Bill:
    (bill,) = bills(prices, readings, terms=ServiceTerms(**terms))
    return bill


@settings(max_examples=40, deadline=None)
@given(days_of_july, st.integers(0, 3_000))
def test_a_cut_at_the_same_prices_changes_no_flat_charge_and_parts_of_a_fee_add_up(day: date, cents: int):
    fields = {"fixedchargefirstmeter": cents / 100, "flatdemandstructure": [[{"rate": 7}]]}
    whole = one_bill(tariff(**fields), JULY)
    cut = one_bill(changed(tariff(**fields), day, tariff(**fields)), JULY)

    assert [segment.days for segment in cut.segments] == [day.day - 1, 32 - day.day]
    assert cut.energy_charge == whole.energy_charge
    assert abs(cut.fixed_charge - whole.fixed_charge) < Decimal("1e-20")
    assert abs(cut.demand_charge - whole.demand_charge) < Decimal("1e-20")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ZONES), rates(), rates(), loads(), st.integers(1, 28), st.integers(-1, 2))
def test_segments_are_billed_as_by_a_plain_engine_that_goes_reading_by_reading(
    zone: str, before: Any, after: Any, readings: list[Interval], cycle_day: int, later: int
):
    documents = [{**rate, "timezone": zone} for rate in (before, after)]
    cut = local_day(readings[0].start, zone) + timedelta(days=later)
    prices = changed(tariff_from_urdb(documents[0]), cut, tariff_from_urdb(documents[1]))
    instant_of_cut = midnight_of(cut, zone)

    for bill in bills(prices, readings, terms=ServiceTerms(cycle_day=cycle_day)):
        assert bill.period_start
        assert bill.period_end
        start, end = midnight_of(bill.period_start, zone), midnight_of(bill.period_end, zone)
        low, high = max(start, min(end, instant_of_cut)), end
        parts = [[r for r in readings if start <= r.start < low], [r for r in readings if low <= r.start < high]]
        first_days = min(max((cut - bill.period_start).days, 0), bill.days)
        kw = max(plain_demand(rate, part) for rate, part in zip(documents, parts, strict=True))
        energy = sum(
            (
                plain_segment_energy(rate, part, kw, days, bill.full_days)
                for rate, part, days in zip(documents, parts, (first_days, bill.days - first_days), strict=True)
            ),
            Fraction(0),
        )
        assert (bill.demand_kw, bill.energy_charge) == (exact(kw), exact(energy))


@settings(max_examples=40, deadline=None)
@given(rates(zones=("UTC",)), days_of_july, st.randoms(use_true_random=False))
def test_order_and_repeats_change_no_dated_bill(rate: Any, day: date, chance):
    rules = tariff_from_urdb(rate)
    prices = changed(rules, day, tariff_from_urdb({**rate, "fixedchargefirstmeter": 3}))
    shuffled = [*JULY, *chance.choices(JULY, k=5)]
    chance.shuffle(shuffled)
    terms = ServiceTerms(first=date(2026, 7, 2), cycle_day=chance.choice([1, 5, 28]))

    assert bills(prices, shuffled, terms=terms) == bills(prices, JULY, terms=terms)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*ZONES, "Australia/Lord_Howe", "America/Phoenix", "Pacific/Kiritimati"]), st.integers(1, 28))
def test_a_years_load_has_twelve_bills_whatever_the_zone_and_the_read_day(zone: str, cycle_day: int):
    first = date(2026, 1, cycle_day)
    start, end = midnight_of(first, zone), midnight_of(first.replace(year=2027), zone)
    readings = [Interval(at, 900, 25) for at in range(start, end, 900)]
    issued = bills(tariff(0.1, timezone=zone), readings, terms=ServiceTerms(cycle_day=cycle_day))

    assert len(issued) == 12
    assert {bill.status for bill in issued} == {"final"}
    assert sum(bill.days for bill in issued) == 365
    assert all(one.period_end == other.period_start for one, other in pairwise(issued))


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 28))
def test_periods_of_a_cycle_follow_each_other(day: date, cycle_day: int):
    period = BillingCycle(cycle_day).period_of(day, "UTC")

    assert period.first_day <= day < period.end_day
    assert BillingCycle(cycle_day).period_of(period.end_day, "UTC").first_day == period.end_day
    assert period.full_days in (28, 29, 30, 31)
    assert bool(period.month) == (cycle_day == 1)


@settings(max_examples=80, deadline=None)
@given(rates(), loads(lengths=(900, 1800, 3600, 21_600, 86_400)))
def test_spreading_readings_neither_makes_nor_loses_energy(rate: Any, readings: list[Interval]):
    issued = bills(tariff_from_urdb(rate), readings, terms=ServiceTerms(spread="even"))

    assert sum(bill.energy_kwh for bill in issued) == Decimal(sum(reading.wh for reading in readings)) / 1000
    assert sum(bill.intervals.read for bill in issued) == len(readings)
    assert not any(bill.open_reasons for bill in issued)


def test_each_segment_counts_its_own_energy_and_its_part_of_the_tiers():
    tiers = [{"rate": 0.1, "max": 310}, {"rate": 0.2}]
    dearer = [{"rate": 0.3, "max": 310}, {"rate": 0.4}]
    bill = one_bill(changed(tariff(tiers), date(2026, 7, 11), tariff(dearer)), JULY)

    assert [(line.segment, line.tier, line.quantity) for line in bill.lines] == [
        (0, 1, 100),
        (0, 2, 140),
        (1, 1, 210),
        (1, 2, 294),
    ]
    assert [line.explanation for line in bill.lines[:2]] == [
        "Energy, the first 100 kWh, Jul 1-10, 10 of 31 days",
        "Energy, above 100 kWh, Jul 1-10, 10 of 31 days",
    ]
    assert bill.energy_charge == 10 + 28 + 63 + Decimal("117.6")


def test_daily_limits_count_for_the_days_of_service():
    tiers = [{"rate": 0.1, "max": 10, "unit": "kWh daily"}, {"rate": 0.2, "unit": "kWh daily"}]
    bill = one_bill(tariff(tiers), JULY, first=date(2026, 7, 16))

    assert [line.quantity for line in bill.lines] == [160, 224]
    assert "of 31 days" not in bill.lines[0].explanation


def test_fees_by_month_day_and_year_are_for_the_days_of_service():
    def fee(unit: str, **more: Any) -> tuple[Decimal, str]:
        rules = tariff(0, fixedchargefirstmeter=365, fixedchargeunits=unit, **more)
        line = one_bill(rules, JULY, first=date(2026, 7, 16)).lines[-1]
        return round(line.amount, 6), line.explanation

    assert fee("$/month") == (Decimal("188.387097"), "Service, $365.00 a month x 16 of 31 days")
    assert fee("$/day") == (365 * 16, "Service, $365.00 a day x 16 of 31 days")
    assert fee("$/year") == (16, "Service, $365.00 a year x 16 of 365 days")
    average = fee("$/year", day_charge_basis="average_month")
    assert average == (Decimal("15.698925"), "Service, $365.00 a year / 12 x 16 of 31 days")


def test_a_fee_by_the_year_counts_the_days_of_each_year():
    rules = tariff(0, fixedchargefirstmeter=365 * 366, fixedchargeunits="$/year")
    (bill,) = bills(rules, load("2027-12-16T00:00", [1_000] * 744), terms=ServiceTerms(cycle_day=16))

    assert bill.fixed_charge == 16 * 366 + 15 * 365  # 2028 is a leap year
    assert bill.lines[-1].explanation == "Service, $133,590.00 a year x 16 of 365 and 15 of 366 days"


def test_demand_is_the_bills_and_each_segments_rate_is_weighted_by_its_days():
    def priced(dollars: float) -> Tariff:
        return tariff(0, flatdemandstructure=[[{"rate": dollars}]])

    readings = [*JULY]
    readings[500] = readings[500]._replace(wh=4_000)
    bill = one_bill(changed(priced(3.1), date(2026, 7, 11), priced(6.2)), readings)

    demand = [line for line in bill.lines if line.kind == "flat demand"]
    assert [(line.quantity, line.unit_rate) for line in demand] == [(4, 1), (4, Decimal("4.2"))]
    assert demand[0].explanation.endswith(", Jul 1-10, $3.10 x 10 of 31 days")


def test_demand_periods_of_a_season_are_weighted_by_its_days():
    summer = [[int(month < 7)] * 24 for month in range(12)]
    rate = {
        "demandratestructure": [[{"rate": 31}], [{"rate": 62}]],
        "demandweekdayschedule": summer,
        "demandweekendschedule": summer,
    }
    readings = load("2026-07-16T00:00", [1_000] * 31 * 24)
    bill = one_bill(tariff(0, **rate), readings, cycle_day=16)

    assert bill.demand_charge == 16 * 2 + 15


def test_the_minimum_is_compared_over_the_whole_bill():
    dear, cheap = tariff(1, mincharge=31), tariff(0, mincharge=31)

    assert one_bill(changed(dear, date(2026, 7, 11), cheap), JULY).minimum_top_up == 0
    assert one_bill(tariff(0, mincharge=31), JULY, first=date(2026, 7, 22)).minimum_top_up == 10


def test_days_without_a_price_are_named_and_leave_the_bill_open():
    prices = versions((tariff(0.1, name="R-1"), None, date(2026, 7, 11)), (tariff(0.2), date(2026, 7, 21), None))
    bill = one_bill(prices, JULY)

    assert bill.status == "provisional"
    assert [reason.kind for reason in bill.open_reasons] == ["no price"]
    assert "no price from 2026-07-11 to 2026-07-20" in bill.open_reasons[0].text
    assert (bill.energy_kwh, bill.energy_charge) == (744, 24 + Decimal("52.8"))


def test_a_reading_that_spans_two_prices_leaves_the_bill_open_unless_it_is_spread():
    prices = tariff_from_urdb(time_of_use(0.1, 0.5))
    readings = load("2026-07-01T00:00", [24_000] * 31, 86_400)

    (reason,) = one_bill(prices, readings).open_reasons
    assert (reason.kind, reason.at) == ("long reading", instant("2026-07-01T00:00"))
    bill = one_bill(prices, readings, spread="even")
    assert (bill.status, bill.energy_charge) == ("final", Decimal("120.4"))
    assert one_bill(tariff(), readings).status == "final"


def test_a_reading_that_spans_two_bills_is_shared_by_them():
    readings = load("2026-07-31T12:00", [24_000], 86_400)

    july, august = bills(tariff(), readings, terms=ServiceTerms(spread="even"))
    assert (july.energy_kwh, august.energy_kwh) == (12, 12)
    assert (july.intervals.read, august.intervals.read) == (1, 0)
    (alone,) = bills(tariff(), readings, terms=ServiceTerms())
    assert "spans two bills" in alone.open_reasons[0].text


def test_a_reading_longer_than_a_demand_window_is_spread_only_where_demand_has_a_price():
    readings = load("2026-07-01T00:00", [2_000] * 744)

    assert one_bill(tariff(demandwindow=15), readings).status == "final"
    priced = tariff(demandwindow=15, flatdemandstructure=[[{"rate": 1}]])
    assert "demand windows" in one_bill(priced, readings).open_reasons[0].text
    assert one_bill(priced, readings, spread="even").demand_kw == 2


def test_what_is_not_due_is_not_missing():
    (bill,) = bills(tariff(), JULY[:360], as_of=instant("2026-07-20T10:30"))

    counts = bill.intervals
    assert (counts.expected, counts.read, counts.missing, counts.not_yet_due) == (744, 360, 106, 278)
    assert bill.status == "provisional"
    (bill,) = bills(tariff(), JULY, as_of=instant("2026-07-20T10:30"))
    assert bill.status == "final"


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([*ZONES, "Australia/Lord_Howe"]),
    st.sampled_from([900, 1800, 3600]),
    st.lists(st.integers(0, 30 * 96), max_size=40),
    st.integers(0, 31 * 96),
    days_of_july,
)
def test_a_stored_bill_says_later_what_is_due_as_if_it_were_rated_then(
    zone: str, seconds: int, gaps: list[int], later: int, cut: date
):
    whole = load("2026-07-01T00:00", [100] * (31 * 86_400 // seconds), seconds, zone)
    stop = whole[min(later * 900 // seconds, len(whole) - 1)].start
    readings = [r for number, r in enumerate(whole) if r.start < stop and number not in gaps]
    prices = changed(tariff(timezone=zone), cut, tariff(0.2, timezone=zone))
    plan = plan_period(BillingCycle().period_of(date(2026, 7, 1), zone), prices)
    days = plan_determinants(plan, {"": meter_days(readings)}, {}, fill=False)
    stored, unread = count_intervals(plan, days), unread_since(plan, days)

    for now in (stop, stop + 5_000, stop + 9 * 86_400, plan.period.end):
        assert as_of(stored, unread, now, zone) == count_intervals(plan, days, now)
    assert as_of(stored, unread, plan.period.end + 3_600, zone) == stored
    assert len(unread) <= 3


def test_readings_of_local_days_are_complete_where_the_clocks_change():
    zone = "America/Los_Angeles"
    midnights = [midnight_of(date(2026, 11, 1) + timedelta(days=number), zone) for number in range(31)]
    readings = [Interval(one, other - one, 24_000) for one, other in pairwise(midnights)]
    bill = one_bill(tariff(timezone=zone), readings)

    assert (bill.status, bill.intervals.expected) == ("final", 30)
    assert one_bill(tariff(timezone=zone), readings[:-1]).intervals.missing == 1
    assert one_bill(tariff(timezone=zone), [*readings[:9], *readings[10:]]).intervals.missing == 1


def test_versions_on_one_day_are_refused_by_their_names_and_dates():
    one, other = tariff(name="One"), tariff(name="Two")

    with pytest.raises(Exception, match=r"One \(from 2026-01-01 to 2026-06-30\) and Two \(from 2026-06-30\)"):
        versions((one, date(2026, 1, 1), date(2026, 7, 1)), (other, date(2026, 6, 30), None))
    with pytest.raises(Exception, match="ends before it begins"):
        versions((one, date(2026, 1, 1), date(2026, 1, 1)))


def meter_days(readings: list[Interval]) -> list[MeterDay]:
    found: dict[date, MeterDay] = {}
    for reading in readings:
        day = local_day(reading.start, "UTC")
        first = (reading.start - midnight_of(day, "UTC")) // reading.seconds
        one = upload(day=day, wh=[reading.wh], interval_s=reading.seconds, first=first)
        found.setdefault(day, MeterDay(day)).merge(one)
    return list(found.values())


EXCHANGE = instant("2026-07-11T10:00")
METERS = [
    Installation(meter_id="old", service_point_id="p", start=0, end=EXCHANGE),
    Installation(meter_id="new", service_point_id="p", start=EXCHANGE),
]


def test_both_meters_of_an_exchange_are_one_bill():
    rules = tariff(flatdemandstructure=[[{"rate": 1}]], demandwindow=60)
    plan = plan_period(BillingCycle().period_of(date(2026, 7, 1), "UTC"), always(rules), installations=METERS)
    days = {
        "old": meter_days([reading for reading in JULY if reading.start < EXCHANGE + 7_200]),  # two hours too many
        "new": meter_days([reading for reading in JULY if reading.start >= EXCHANGE]),
    }
    bill = rate(plan, plan_determinants(plan, days, {}, fill=False))

    assert (bill.status, bill.energy_kwh, bill.served_days) == ("final", 744, 31)
    assert plan.spans_of("new", date(2026, 7, 11)) == [(1, plan.spans[1])]
    assert plan.fingerprint != rules.fingerprint


def test_nothing_is_estimated_or_billed_where_no_meter_was():
    gone = [Installation(meter_id="old", service_point_id="p", start=0, end=EXCHANGE)]
    plan = plan_period(BillingCycle().period_of(date(2026, 7, 1), "UTC"), always(tariff()), installations=gone)
    bill = rate(plan, plan_determinants(plan, {"old": meter_days(JULY[:300])}, {}, fill=True))

    assert (bill.status, bill.energy_kwh, bill.served_days) == ("final", 250, 11)
    assert (bill.intervals.expected, bill.intervals.estimated, bill.intervals.outside_service) == (250, 0, 494)


def test_a_gap_without_history_is_estimated_from_the_classs_profile_and_marked():
    plan = plan_period(BillingCycle().period_of(date(2026, 7, 1), "UTC"), always(tariff()))
    profile = {(weekend, hour): Fraction(500) for weekend in (False, True) for hour in range(24)}

    empty = rate(plan, plan_determinants(plan, {}, {}, fill=True))
    assert (empty.status, empty.intervals.missing) == ("provisional", 744)
    bill = rate(plan, plan_determinants(plan, {"": meter_days(JULY[:24])}, {}, fill=True, profile=profile))
    counts = bill.intervals
    assert (bill.status, counts.read, counts.estimated, counts.missing) == ("final", 24, 720, 0)
    assert (
        counts.from_profile == (8 + 2) * 24
    )  # weekend days, and weekdays more than four weeks after the one that was read
    assert bill.lines[0].estimated_share > 0


def test_an_agreement_that_changed_its_tariff_is_billed_by_both():
    common = {"agreement_id": "a", "account_id": "c", "service_point_id": "p"}
    records = [
        Agreement(**common, tariff_id="one", first=date(2026, 7, 1), end=date(2026, 7, 11), cycle_day=1),
        Agreement(**common, tariff_id="two", first=date(2026, 7, 11), end=date(2026, 7, 21), spread="even"),
    ]
    point = ServicePoint(
        service_point_id="p", address="", latitude=0, longitude=0, feeder="f", customer_class="home", time_zone="UTC"
    )
    prices = prices_of(records, {"one": always(tariff(0.1, label="one")), "two": always(tariff(0.2, label="two"))})
    terms = terms_of(records, point)
    (bill,) = bills(prices, JULY, terms=terms)

    assert (terms.end, terms.spread, terms.customer_class) == (date(2026, 7, 21), "even", "home")
    assert (bill.agreement_id, bill.energy_charge, bill.days) == ("a", 24 + 48, 20)
    assert [segment.tariff for segment in bill.segments] == ["one", "two"]


def test_a_bill_that_was_stored_before_periods_had_dates_is_read_and_gets_no_new_version():
    bill = one_bill(tariff(fixedchargefirstmeter=5), JULY)
    stored = msgspec.to_builtins(bill)
    for name in Bill.__struct_fields__[Bill.__struct_fields__.index("adjustment") + 1 :]:
        del stored[name]
    for name in ("not_yet_due", "outside_service", "from_profile"):
        del stored["intervals"][name]
    stored["lines"] = [{key: value for key, value in line.items() if key != "segment"} for line in stored["lines"]]
    before = msgspec.json.decode(msgspec.json.encode(stored), type=Bill)

    assert before.period_start is None
    assert reissue(before, bill) is before
