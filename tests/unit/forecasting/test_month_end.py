"""Month-ends: the rest of a month as the weeks before let expect, and the bill that it makes."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.local_time import BillingMonth, day_of
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.readings.upload import MEASURED, Upload
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from forecasting.month_end import month_end, period_so_far, remaining_energy
from tests.kits.services_kit import planned_bill

if TYPE_CHECKING:
    from datetime import date

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
    so_far = period_so_far(planned_bill(TARIFF, "2025-11", "m"), "m", days(MONTH.start, 240, 500))
    assert so_far.hours_left == 481  # the clocks go back in it
    end = month_end(so_far, (9_999.4, 5_000, 20_000), np.tile(WEEK, 5), MONTH.start)
    assert end.energy_kwh.value == Decimal("129.999")
    assert (end.energy_kwh.low, end.energy_kwh.high) == (Decimal(125), Decimal(140))
    assert end.total.low < end.total.value < end.total.high
    assert end.month == "2025-11"


def test_a_month_that_is_over_comes_to_its_bill() -> None:
    hours = (MONTH.end - MONTH.start) // 3600
    (bill,) = bills(TARIFF, [Interval(MONTH.start + hour * 3600, 3600, 400) for hour in range(hours)])
    so_far = period_so_far(planned_bill(TARIFF, "2025-11", "m"), "m", days(MONTH.start, hours, 400))
    end = month_end(so_far, (0, 0, 0), WEEK, MONTH.end)
    assert {end.total.value, end.total.low, end.total.high} == {bill.total_rounded}


@pytest.mark.parametrize("read", [0, 30, 250, 719])
@pytest.mark.parametrize("name", ["residential-tou", "commercial-demand"])
def test_a_month_end_is_the_bill_of_all_its_intervals_together(name: str, read: int) -> None:
    tariff = tariff_from_urdb(msgspec.json.decode(Path(f"tariffs/{name}.json").read_bytes()))
    month = BillingMonth(2025, 11, tariff.zone)
    hours = (month.end - month.start) // 3600
    so_far = period_so_far(planned_bill(tariff, "2025-11", "m"), "m", days(month.start - 86_400, 24 + read, 700))
    end = month_end(so_far, ((hours - read) * 900.0,) * 3, np.full(4 * 168, 5.0), 0)
    known = [Interval(month.start + hour * 3600, 3600, 700 if hour < read else 900) for hour in range(hours)]
    (bill,) = bills(tariff, known)
    assert end.energy_kwh.value == bill.energy_kwh
    assert end.total.value == bill.total_rounded


def days(start: int, hours: int, wh: int) -> list[MeterDay]:
    """Hourly readings from an instant on."""
    found: dict[date, MeterDay] = {}
    for instant in range(start, start + hours * 3600, 3600):
        day = day_of(instant)
        minute = instant % 86_400 // 60
        found.setdefault(day, MeterDay(day)).merge(Upload("m", 3600, day, [(minute, (0, MEASURED, wh, 0))]))
    return list(found.values())


def test_export_to_come_is_like_that_of_the_last_days_and_credited_by_the_tariff() -> None:
    document = msgspec.json.decode(Path("tariffs/flat.json").read_bytes()) | {"dgrules": "Net Metering"}
    sent = days(MONTH.start, 240, 500)
    for day in sent:
        day.merge(Upload("m", 3600, day.day, [], received=[(600, (0, MEASURED, 700, 0))]))
    rest = (9_000.0, 5_000.0, 20_000.0)
    ends = {}
    for tariff in (TARIFF, tariff_from_urdb(document)):
        so_far = period_so_far(planned_bill(tariff, "2025-11", "m"), "m", sent)
        ends[bool(tariff.metering)] = month_end(so_far, rest, np.tile(WEEK, 5), MONTH.start)
    hours = range(sent[-1].intervals()[-1].start + 3600, MONTH.end, 3600)
    to_come = [Interval(hour, 3600, 700) for hour in hours if hour % 86_400 == 36_000]
    received = [one for day in sent for one in day.intervals("received")]
    known = [one for day in sent for one in day.intervals()]
    (bill,) = bills(
        tariff_from_urdb(document), [*known, Interval(MONTH.end - 3600, 3600, 9_000)], received=[*received, *to_come]
    )

    assert ends[True].total.value == bill.total_rounded < ends[False].total.value
    assert (ends[True].before_credit, ends[False].before_credit) == (True, False)
