"""What holds for every tariff and every load."""

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills, rate
from electrocloud.domain.billing.determinants import DayDeterminants, day_determinants
from electrocloud.domain.billing.plan import plan_month
from electrocloud.domain.local_time import BillingMonth, day_of, months_of
from electrocloud.domain.money import exact
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, plain_bills
from tests.kits.billing_strategies import loads, rates

if TYPE_CHECKING:
    from datetime import date


@settings(max_examples=200, deadline=None)
@given(rates(hours_use=True), loads())
def test_bills_are_those_of_a_plain_engine_that_goes_reading_by_reading(document: Rate, readings: list[Interval]):
    issued = bills(tariff_from_urdb(document), readings)

    found = {bill.month: (bill.energy_charge, bill.demand_charge, bill.total) for bill in issued}
    assert found == {month: tuple(map(exact, owed)) for month, owed in plain_bills(document, readings).items()}


@settings(max_examples=50, deadline=None)
@given(rates(), loads())
def test_lines_add_up_to_the_bill(document: Rate, readings: list[Interval]):
    for bill in bills(tariff_from_urdb(document), readings):
        assert sum((line.amount_rounded for line in bill.lines), Decimal(0)) == bill.total_rounded
        assert abs(sum((line.amount for line in bill.lines), Decimal(0)) - bill.total) < Decimal("1e-18")
        assert (
            bill.energy_kwh == sum((Fraction(reading.wh) for reading in readings if in_month(bill, reading)), 0) / 1000
        )
        for line in bill.lines:
            assert abs(line.quantity * line.unit_rate - line.amount) < Decimal("1e-18")
            assert abs(line.amount - line.amount_rounded) <= Decimal("0.005")


@settings(max_examples=50, deadline=None)
@given(rates(), loads(), st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(document: Rate, readings: list[Interval], chance):
    tariff = tariff_from_urdb(document)
    shuffled = [*readings, *chance.choices(readings, k=3)]
    chance.shuffle(shuffled)

    assert bills(tariff, shuffled) == bills(tariff, readings)


@settings(max_examples=50, deadline=None)
@given(rates(), loads(), st.randoms(use_true_random=False))
def test_a_load_that_comes_in_parts_is_billed_as_the_whole(document: Rate, readings: list[Interval], chance):
    tariff = tariff_from_urdb(document)
    kept: dict[BillingMonth, dict[date, DayDeterminants]] = {}
    days = {day_of(reading.start) for reading in readings}
    for day in chance.sample(sorted(days), len(days)):
        for month in months_of(day, tariff.zone):
            part = [reading for reading in readings if day_of(reading.start) == day]
            stored = msgspec.msgpack.encode(day_determinants(tariff, month, part))
            kept.setdefault(month, {})[day] = msgspec.msgpack.decode(stored, type=DayDeterminants)

    by_month = {str(month): rate(plan_month(tariff, month), [days]) for month, days in kept.items()}
    for whole in bills(tariff, readings):
        assert by_month[whole.month] == whole


@settings(max_examples=50, deadline=None)
@given(rates(zones=("UTC",)), loads(lengths=(3600,)))
def test_hours_read_in_halves_cost_the_same(document: Rate, readings: list[Interval]):
    starts = [reading.start - reading.start % 3600 for reading in readings]
    hours = [Interval(start, 3600, 2 * reading.wh) for start, reading in zip(starts, readings, strict=True)]
    halves = [
        Interval(start, 1800, reading.wh)
        for hour, reading in zip(starts, readings, strict=True)
        for start in (hour, hour + 1800)
    ]
    tariff = tariff_from_urdb(document)

    assert [bill.total for bill in bills(tariff, halves)] == [bill.total for bill in bills(tariff, hours)]


@settings(max_examples=50, deadline=None)
@given(rates(rising=True, units=("kWh", "kWh daily")), loads(), st.data())
def test_more_use_never_costs_less_where_higher_tiers_are_not_cheaper(document: Rate, readings: list[Interval], data):
    place = data.draw(st.integers(0, len(readings) - 1))
    more = [*readings]
    more[place] = more[place]._replace(wh=more[place].wh + data.draw(st.integers(1, 50_000)))
    tariff = tariff_from_urdb(document)

    before = sum((bill.total for bill in bills(tariff, readings)), Decimal(0))
    assert sum((bill.total for bill in bills(tariff, more)), Decimal(0)) >= before - Decimal("1e-18")


def in_month(bill: Bill, reading: Interval) -> bool:
    return str(BillingMonth.at(reading.start, bill.zone)) == bill.month
