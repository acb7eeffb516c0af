"""What readings cost of a bill's energy charge."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.billing.interval_costs import interval_costs
from electrocloud.domain.billing.service import service_without_agreement
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, load, time_of_use

ZONE = "America/New_York"
TIERS = [{"rate": 0.1, "max": 100}, {"rate": 0.3, "max": 250}, {"rate": 0.2}]
RATES = {
    "flat": document(0.1234567),
    "time of use": time_of_use(0.1, 0.5),
    "tiers": document(TIERS),
    "tiers by time of use": time_of_use(TIERS, [{"rate": 0.4, "max": 150}, {"rate": 0.7}]),
    "prorated tiers": time_of_use(TIERS, [{"rate": 0.4, "max": 150}, {"rate": 0.7}], tier_allocation="prorated"),
}


def march(wh: list[int]) -> list[Interval]:
    return load("2026-03-01T00:00", [wh[number % len(wh)] for number in range(743)], zone=ZONE)


def costs(tariff: Tariff, readings: list[Interval], billed: list[Interval] | None = None) -> tuple[Fraction, dict]:
    (bill,) = bills(tariff, billed or readings, meter_id="M-1")
    planned = service_without_agreement("M-1", tariff).bill_of_cycle("2026-03")
    assert planned
    return Fraction(bill.energy_charge), interval_costs(bill, planned.plan, "M-1", readings)


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
@given(wh=st.lists(st.integers(0, 2_000), min_size=1, max_size=30).filter(any))
def test_costs_sum_to_the_bills_energy_charge(rate: dict, wh: list[int]):
    readings = march(wh)
    charge, found = costs(tariff_from_urdb({**rate, "timezone": ZONE}), readings)
    assert found.keys() == {one.start for one in readings}
    assert abs(sum(found.values()) - charge) < Fraction(1, 10**6)
    assert all(cost >= 0 for cost in found.values())


def test_a_reading_costs_the_price_of_its_hour_and_of_the_tier_that_the_month_has_reached():
    readings = march([1_000])
    _, found = costs(tariff_from_urdb({**time_of_use(0.1, 0.5), "timezone": ZONE}), readings)
    assert [found[one.start] for one in readings[24 + 14 : 24 + 18]] == [Fraction(1, 10)] * 2 + [Fraction(1, 2)] * 2
    _, found = costs(tariff_from_urdb({**document(TIERS), "timezone": ZONE}), readings)
    steps = [found[readings[place].start] for place in (99, 100, 249, 250)]
    assert steps == [Fraction(1, 10), Fraction(3, 10), Fraction(3, 10), Fraction(1, 5)]


def test_readings_have_no_cost_where_the_bill_is_of_other_energy():
    tariff = tariff_from_urdb({**document(0.1), "timezone": ZONE})
    readings = march([1_000])
    assert costs(tariff, readings[1:], readings)[1] == {}
    (bill,) = bills(tariff, readings, meter_id="M-1")
    planned = service_without_agreement("M-1", tariff).bill_of_cycle("2026-03")
    assert planned
    assert interval_costs(bill, planned.plan, "M-2", readings) == {}
    assert interval_costs(structs.replace(bill, tariff_fingerprint="other"), planned.plan, "M-1", readings) == {}
