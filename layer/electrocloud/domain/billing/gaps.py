"""Filling the gaps of a bill: what its meters did not report is estimated, and marked so in its days' determinants."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.determinants import (
    DayDeterminants,
    day_determinants,
    expected_intervals,
    missing_intervals,
)
from electrocloud.domain.billing.estimation import estimate
from electrocloud.domain.billing.plan import PeriodPlan, ServiceSpan
from electrocloud.domain.local_time import DAY_S, HOUR_S, day_of, instant_of
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
    plan: PeriodPlan, days: Mapping[str, Iterable[MeterDay]], history: Iterable[Interval]
) -> list[dict[date, DayDeterminants]]:
    """The determinants of every span of a bill, its gaps estimated from the readings of its meters and from `history`.

    `days` are the stored UTC days of each meter, `history` readings at the service point before the period. A gap that
    neither speaks for stays a gap. A day without readings has intervals as long as the meter's latest reading, or an
    hour. Nothing outside of a span is estimated.
    """
    own = {meter: {day.day: day.intervals() for day in stored} for meter, stored in days.items()}
    readings = [reading for stored in own.values() for intervals in stored.values() for reading in intervals]
    known = [*history, *readings]
    return [_of_span(plan, span, own.get(span.meter_id, {}), known) for span in plan.spans]


def _of_span(
    plan: PeriodPlan, span: ServiceSpan, days: Mapping[date, list[Interval]], known: list[Interval]
) -> dict[date, DayDeterminants]:
    latest = max((reading for intervals in days.values() for reading in intervals), default=None)
    usual = latest.seconds if latest else HOUR_S
    found = {}
    for midnight in range(span.start // DAY_S * DAY_S, span.end, DAY_S):
        day = day_of(midnight)
        low, high = max(instant_of(day), span.start), min(instant_of(day) + DAY_S, span.end)
        part = [reading for reading in days.get(day, []) if low <= reading.start < high]
        if part:
            guesses = gap_estimates(part, low, high, known, plan.period.zone)
        else:
            guesses = estimate(expected_intervals(low, high, usual), known, plan.period.zone)
        if part or guesses:
            spread = plan.terms.spread == "even"
            found[day] = day_determinants(plan.tariff_of(span), span, part, guesses, spread=spread)
    return found
