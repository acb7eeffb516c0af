"""Filling the gaps of a month: what is missing of it is estimated, and marked so in its days' determinants."""

from collections.abc import Iterable
from datetime import date

from electrocloud.domain.billing.determinants import (
    DayDeterminants,
    day_determinants,
    expected_intervals,
    missing_intervals,
)
from electrocloud.domain.billing.estimation import estimate
from electrocloud.domain.local_time import DAY_S, HOUR_S, BillingMonth, instant_of
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.tariffs.tariff import Tariff


def month_before(month: BillingMonth) -> BillingMonth:
    return BillingMonth.at(month.start - 1, month.zone)


def with_estimates(
    tariff: Tariff, month: BillingMonth, days: Iterable[MeterDay], before: Iterable[MeterDay]
) -> dict[date, DayDeterminants]:
    """The determinants of every UTC day of the month, its gaps estimated from its own days and those `before` it.

    Where nothing speaks for a gap it stays one. A day without readings has intervals as long as the month's latest
    reading, or an hour.
    """
    own = {day.day: day.intervals() for day in days}
    history = [reading for day in before for reading in day.intervals()]
    readings = [reading for intervals in own.values() for reading in intervals]
    usual = max(readings).seconds if readings else HOUR_S
    found = {}
    for day in month.utc_days():
        low, high = max(instant_of(day), month.start), min(instant_of(day) + DAY_S, month.end)
        part = [reading for reading in own.get(day, []) if low <= reading.start < high]
        slots = missing_intervals(part, low, high) if part else expected_intervals(low, high, usual)
        guesses: list[Interval] = estimate(slots, [*history, *readings], month.zone) if slots else []
        if part or guesses:
            found[day] = day_determinants(tariff, month, part, guesses)
    return found
