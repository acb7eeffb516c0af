"""Month-ends: the rest of a month as the weeks before let expect, and the bill that it makes."""

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from forecasting.month_end import month_end, remaining_energy

TARIFF = tariff_from_urdb(msgspec.json.decode(Path("tariffs/flat.json").read_bytes()))
MONTH = BillingMonth(2025, 11, TARIFF.zone)
WEEK = np.arange(168.0) % 24 + 100


def test_a_load_that_repeats_its_weeks_goes_on_like_them() -> None:
    rest = remaining_energy(np.tile(WEEK, (2, 20)) * [[1], [3]], 200)
    whole = WEEK.sum() + WEEK[:32].sum()
    np.testing.assert_allclose(rest.value, [whole, 3 * whole])
    np.testing.assert_allclose(rest.low, rest.value)
    np.testing.assert_allclose(rest.high, rest.value)


def test_four_of_five_loads_come_to_lie_in_their_intervals() -> None:
    rng = np.random.default_rng(1)
    weeks = np.exp(0.2 * rng.normal(size=(400, 30, 1)))
    loads = (weeks * WEEK).reshape(400, -1)
    rest = remaining_energy(loads[:, : -2 * 168], 2 * 168)
    happened = loads[:, -2 * 168 :].sum(axis=1)
    held = ((rest.low <= happened) & (happened <= rest.high)).mean()
    assert 0.72 < held < 0.88


def test_a_week_of_history_is_enough_for_a_guess_with_a_wide_interval() -> None:
    rest = remaining_energy(WEEK[None], 168)
    assert rest.value[0] == WEEK.sum()
    assert rest.low[0] < 0.6 * rest.value[0]
    assert rest.high[0] > 1.4 * rest.value[0]


def test_a_month_end_is_the_readings_and_the_rest_to_the_watt_hour() -> None:
    read = [Interval(MONTH.start + hour * 3600, 3600, 500) for hour in range(240)]
    end = month_end("m", TARIFF, MONTH, read, (9_999.4, 5_000, 20_000), np.tile(WEEK, 5), MONTH.start)
    assert end.energy_kwh.value == Decimal("129.999")
    assert (end.energy_kwh.low, end.energy_kwh.high) == (Decimal(125), Decimal(140))
    assert end.total.low < end.total.value < end.total.high
    assert end.month == "2025-11"


def test_a_month_that_is_over_comes_to_its_bill() -> None:
    read = [Interval(start, 3600, 400) for start in range(MONTH.start, MONTH.end, 3600)]
    (bill,) = bills(TARIFF, read)
    end = month_end("m", TARIFF, MONTH, read, (0, 0, 0), WEEK, MONTH.end)
    assert {end.total.value, end.total.low, end.total.high} == {bill.total_rounded}
