"""Filling gaps: what is missing of a bill is estimated, and marked so in its days' determinants."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.determinants import (
    DayDeterminants,
    day_determinants,
    expected_intervals,
    missing_intervals,
    nominal_length,
    with_local_days,
)
from electrocloud.domain.billing.estimation import ClassProfile, estimate, estimate_from_profile
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.spreading import Instants
from electrocloud.domain.local_time import DAY_S, HOUR_S, day_of
from electrocloud.domain.readings.meter_day import DayReadings, Interval
from electrocloud.domain.tariffs.tariff import Tariff


def gap_estimates(
    readings: Sequence[Interval], first: int, last: int, history: Iterable[Interval], zone: str
) -> list[Interval]:
    """Estimates of the intervals from `first` to before `last` (s since 1970 UTC) that `readings` lack.

    `readings` are all that start there, at least one, in time order. `history` are readings to estimate from: those,
    and the ones of the four weeks before.
    """
    missing = missing_intervals(readings, first, last, zone)
    return estimate(missing, history, zone) if missing else []


def estimated_bills(
    tariff: Tariff, readings: Sequence[Interval], first: int, last: int, history: Iterable[Interval], meter_id: str
) -> list[Bill]:
    """The bills of a meter's readings, their gaps estimated; the arguments are as for `gap_estimates`."""
    return bills(tariff, readings, gap_estimates(readings, first, last, history, tariff.zone), meter_id)


def plan_determinants(
    plan: PeriodPlan,
    days: Mapping[str, Sequence[DayReadings]],
    before: Mapping[str, Sequence[DayReadings]],
    *,
    fill: bool,
    profile: ClassProfile | None = None,
) -> list[dict[date, DayDeterminants]]:
    """The determinants of each span of a plan, by UTC day, from the days of each meter that served.

    With `fill` gaps are estimated from the service point's own days and those `before` the period, whichever meter
    measured them, and where these say nothing from its class's mean `profile`; else, and where neither does, they stay
    gaps. Nothing outside the spans is counted or estimated.
    """
    spread, zone = plan.terms.spread == "even", plan.period.zone
    known: list[Interval] = []
    if fill:
        known = [reading for meter in {*before, *days} for reading in _readings(before.get(meter, ()), zone)]
        known += [reading for own in days.values() for reading in _readings(own, zone)]
    found = []
    for span in plan.spans:
        of_meter, tariff = days.get(span.meter_id, ()), plan.tariff_of(span)
        own = _by_day(of_meter, zone, lambda day: day.intervals())
        sent = _by_day(of_meter if tariff.metering else (), zone, lambda day: day.intervals("received"))
        varh = _by_day(of_meter if tariff.reactive else (), zone, lambda day: day.reactive())
        if fill:
            found.append(_filled(tariff, span, own, sent, varh, known, spread=spread, profile=profile or {}))
        else:
            parts = (
                (
                    day,
                    day_determinants(
                        tariff,
                        span,
                        own.get(day, ()),
                        spread=spread,
                        received=sent.get(day, ()),
                        reactive=varh.get(day, ()),
                    ),
                )
                for day in sorted(own.keys() | sent.keys())
            )
            found.append({day: found_day for day, found_day in parts if found_day.runs or found_day.received})
    return found


def _filled(
    tariff: Tariff,
    span: Instants,
    own: Mapping[date, Sequence[Interval]],
    sent: Mapping[date, Sequence[Interval]],
    varh: Mapping[date, Sequence[Interval]],
    known: Sequence[Interval],
    *,
    spread: bool,
    profile: ClassProfile,
) -> dict[date, DayDeterminants]:
    """The determinants of every UTC day of a span.

    A day without readings has intervals as long as those of the latest reading, or an hour.
    """
    usual = max((reading for part in own.values() for reading in part), default=None)
    seconds = nominal_length(usual.seconds) if usual else HOUR_S
    found = {}
    for midnight in range(span.start // DAY_S * DAY_S, span.end, DAY_S):
        low, high = max(midnight, span.start), min(midnight + DAY_S, span.end)
        given = own.get(day_of(midnight), ())
        part = [reading for reading in given if low <= reading.start < high]
        zone = tariff.zone
        slots = missing_intervals(part, low, high, zone) if part else expected_intervals(low, high, seconds, zone)
        guesses = estimate(slots, known, tariff.zone) if slots else []
        filled = {guess.start for guess in guesses}
        others = [slot for slot in slots if slot.start not in filled] if profile else []
        profiled = estimate_from_profile(others, profile, tariff.zone)
        received = sent.get(day_of(midnight), ())
        if part or guesses or profiled or received:
            rated = given if spread else part
            found[day_of(midnight)] = day_determinants(
                tariff,
                span,
                rated,
                guesses,
                spread=spread,
                profiled=profiled,
                received=received,
                reactive=varh.get(day_of(midnight), ()),
            )
    return found


def _by_day(
    days: Iterable[DayReadings], zone: str, readings: Callable[[DayReadings], list[Interval]]
) -> dict[date, list[Interval]]:
    """The days that have some of their `readings`, with them."""
    return {day.day: found for day in days if (found := with_local_days(readings(day), zone))}


def _readings(days: Iterable[DayReadings], zone: str) -> list[Interval]:
    return [reading for day in days for reading in with_local_days(day.intervals(), zone)]
