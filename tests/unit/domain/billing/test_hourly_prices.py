"""Energy at the prices of a series, and demand at the system's peaks: what holds whatever the load."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.billing.determinants import DayDeterminants, day_determinants
from electrocloud.domain.billing.terms import ALWAYS
from electrocloud.domain.errors import TariffError
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.price_series import PriceSeries, as_terms, price_series
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, instant, load

START = instant("2026-07-01T00:00")
HOURLY = {"energy_prices": {"name": "Day-ahead prices"}}
prices_of_two_days = st.lists(st.integers(-500, 4_000), min_size=48, max_size=48)


def series(thousandths: list[int], seconds: int = 3600) -> PriceSeries:
    return price_series((START + number * seconds, Decimal(price) / 1000) for number, price in enumerate(thousandths))


@settings(max_examples=50, deadline=None)
@given(prices_of_two_days, st.lists(st.integers(0, 5_000), min_size=192, max_size=192), st.sampled_from([None, 0.5, 3]))
def test_energy_costs_what_each_quarter_hour_costs_and_a_day_at_most_its_cap(
    prices: list[int], wh: list[int], cap: float | None
):
    rate = {"energy_prices": {"name": "Day-ahead prices", **({"daily_cap": cap} if cap else {})}}
    (bill,) = bills(tariff_from_urdb(rate, series=series(prices)), load("2026-07-01", wh, 900))

    costs = [Fraction(energy * prices[number // 4], 10**6) for number, energy in enumerate(wh)]
    days = [sum(costs[:96], Fraction(0)), sum(costs[96:], Fraction(0))]
    assert Fraction(bill.energy_charge) == sum(min(day, Fraction(str(cap))) if cap else day for day in days)
    assert bill.energy_kwh == Decimal(sum(wh)) / 1000


@settings(max_examples=50, deadline=None)
@given(prices_of_two_days, st.integers(0, 100_000), st.sampled_from([7_200, 21_600, 43_200]))
def test_a_long_reading_that_is_shared_by_time_costs_the_mean_of_its_prices(prices: list[int], wh: int, seconds: int):
    tariff = tariff_from_urdb(HOURLY, series=series(prices))
    (bill,) = bills(tariff, [Interval(START, seconds, wh)], terms=ALWAYS._replace(spread="even"))

    hours = seconds // 3600
    shares = [wh * (number + 1) // hours - wh * number // hours for number in range(hours)]
    expected = sum((Fraction(own * price, 10**6) for own, price in zip(shares, prices, strict=False)), Fraction(0))
    assert Fraction(bill.energy_charge) == expected


@settings(max_examples=50, deadline=None)
@given(prices_of_two_days, st.lists(st.integers(0, 5_000), min_size=48, max_size=48))
def test_prices_in_the_document_are_those_of_a_file(prices: list[int], wh: list[int]):
    from_file = series(prices)
    in_document = {"energy_prices": {"name": "Day-ahead prices", **as_terms(from_file)}}

    one, other = tariff_from_urdb(HOURLY, series=from_file), tariff_from_urdb(in_document)

    assert one.fingerprint == other.fingerprint
    assert bills(one, load("2026-07-01", wh)) == bills(other, load("2026-07-01", wh))


def test_determinants_of_absurd_energy_at_an_absurd_price_can_be_stored():
    tariff = tariff_from_urdb(HOURLY, series=series([4_000_000]))
    month = BillingMonth(2026, 7, "UTC")
    day = day_determinants(tariff, month, load("2026-07-01", [2**40]))

    stored = msgspec.msgpack.encode(day)
    assert msgspec.msgpack.decode(stored, type=DayDeterminants) == day
    assert day.series[0].cost == Fraction(2**40 * 4)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"values": []}, "energy_prices.values"),
        ({"values": [0.1] * 10_001}, "energy_prices.values"),
        ({"values": [0.1], "start": "2026-07-01"}, "energy_prices.start"),
        ({"values": [0.1]}, "energy_prices.start"),
        ({"values": ["x"], "start": "2026-07-01T00:00Z"}, "energy_prices.values[0]"),
        ({"values": [0.1], "start": "2026-07-01T00:00Z", "interval_s": 7_200}, "energy_prices.interval_s"),
        ({"cap": 3}, "energy_prices.cap"),
        ({}, "energy_prices"),
    ],
)
def test_a_fault_in_the_prices_of_a_document_is_named(terms: dict, field: str):
    with pytest.raises(TariffError) as fault:
        tariff_from_urdb({"energy_prices": {"name": "Day-ahead prices", **terms}})

    assert fault.value.field == field


def test_a_bill_with_energy_without_a_price_stays_provisional():
    tariff = tariff_from_urdb(HOURLY, series=series([100]))
    (bill,) = bills(tariff, load("2026-07-01", [1_000, 1_000]), terms=ALWAYS)

    assert [reason.kind for reason in bill.open_reasons] == ["no hourly price"]
    assert bill.energy_charge == Decimal("0.1")


def test_a_ceiling_and_a_floor_bound_each_price():
    rate = {"energy_prices": {"name": "Real-time prices", "ceiling": 0.2, "floor": 0.05}}
    (bill,) = bills(tariff_from_urdb(rate, series=series([-100, 100, 900])), load("2026-07-01", [1_000] * 3))

    assert bill.energy_charge == Decimal("0.05") + Decimal("0.1") + Decimal("0.2")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(0, "0.1"), (0, "0.2")], "two prices start at 0"),
        ([(0, "0.1"), (2_700, "0.2")], "must hold an hour"),
        ([(60, "0.1")], "must hold an hour"),
        ([(0, "0.1234567891")], "more than 9 decimals"),
    ],
)
def test_prices_that_do_not_make_a_series_are_refused(rows: list[tuple[int, str]], says: str):
    with pytest.raises(TariffError, match=says):
        price_series((start, Decimal(price)) for start, price in rows)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 5_000), min_size=192, max_size=192), st.sets(st.integers(0, 47), min_size=1, max_size=4))
def test_demand_at_the_systems_peaks_is_its_mean_over_these_hours(wh: list[int], hours: set[int]):
    peaks = [f"2026-07-{1 + hour // 24:02}T{hour % 24:02}:00Z" for hour in hours]
    rate = document(coincidentratestructure=[[{"rate": 4}]], coincident_peaks=peaks)
    (bill,) = bills(tariff_from_urdb(rate), load("2026-07-01", wh, 900))

    kw = [Fraction(sum(wh[4 * hour : 4 * hour + 4]), 1_000) for hour in hours]
    (line,) = [line for line in bill.lines if line.kind == "coincident"]
    assert abs(Fraction(line.amount) - 4 * sum(kw, Fraction(0)) / len(kw)) < Fraction(1, 10**18)
    assert bill.demand_charge == line.amount
