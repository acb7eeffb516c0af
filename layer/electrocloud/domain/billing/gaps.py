"""Filling the gaps of a month: what is missing of it is estimated, and marked so in its days' determinants."""

from collections.abc import Iterable, Sequence
from datetime import date

from electrocloud.domain.billing.bill import Bill, bills
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


def gap_estimates(
    readings: Sequence[Interval], first: int, last: int, history: Iterable[Interval], zone: str
) -> list[Interval]:
    """Estimates of the intervals from `first` to before `last` (s since 1970 UTC) that `readings` lack.

    `readings` are all that start there, at least one, in time order. `history` are readings to estimate from: those,
    and the ones of the four weeks before.
    """
    missing = missing_intervals(readings, first, last)
    return estimate(missing, history, zone) if missing else []


def estimated_bills(
    tariff: Tariff, readings: Sequence[Interval], first: int, last: int, history: Iterable[Interval], meter_id: str
) -> list[Bill]:
    """The bills of a meter's readings, their gaps estimated; the arguments are as for `gap_estimates`."""
    return bills(tariff, readings, gap_estimates(readings, first, last, history, tariff.zone), meter_id)


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
    known = [*history, *readings]
    usual = max(readings).seconds if readings else HOUR_S
    found = {}
    for day in month.utc_days():
        low, high = max(instant_of(day), month.start), min(instant_of(day) + DAY_S, month.end)
        part = [reading for reading in own.get(day, []) if low <= reading.start < high]
        if part:
            guesses = gap_estimates(part, low, high, known, month.zone)
        else:
            guesses = estimate(expected_intervals(low, high, usual), known, month.zone)
        if part or guesses:
            found[day] = day_determinants(tariff, month, part, guesses)
    return found
