"""Month-end forecasts: a bill's energy and total before its period is over."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from electrocloud.domain.billing.bill import Bill, rate
from electrocloud.domain.billing.credit import NO_CREDIT
from electrocloud.domain.billing.determinants import day_determinants, with_local_days
from electrocloud.domain.billing.service import PlannedBill
from electrocloud.domain.forecast import MonthEnd, Range
from electrocloud.domain.local_time import day_of
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.services.rating import replaced_days
from electrocloud.services.store import SpanDays
from forecasting.intervals import COVERAGE
from forecasting.load import HOUR_S, Floats, Hours

if TYPE_CHECKING:
    from datetime import date

WEEK = 168
WINDOWS = (1, 2, 4, 8)  # lookbacks to choose from, in weeks
ORIGINS = 364  # backtest days: all seasons, because changes of season cause the errors
SHAPE = 4 * WEEK  # hours whose shape the remaining hours get
EXPORT_DAYS = 14  # whose mean day is the export to come


class RemainingEnergy(NamedTuple):
    """Energy of the remaining hours (Wh), one value per load: the forecast and its 80% interval."""

    value: Floats
    low: Floats
    high: Floats


def remaining_energy(histories: Floats | Sequence[Floats], hours: int) -> RemainingEnergy:
    """Forecast the energy of the `hours` after each load. Histories are equally long, a week or more, without NaN.

    The forecast is the mean of the last 1, 2, 4 or 8 weeks, whichever was best for that load over the last year. The
    interval comes from those errors, in units of the load's own mean error, pooled over all loads, because one load has
    few spans that do not overlap; each half of the days is judged by the settings of the other half. If the history is
    too short for spans of that length, errors of shorter spans are used, which are larger.
    """
    loads = np.asarray(histories)
    known = loads.shape[1]
    span = max(24, min(hours, (known - WEEK) // 2))
    least = max(WEEK, min(WINDOWS[-1] * WEEK, (known - span) // 2))
    origins = np.arange(known - span, least - 1, -24)[:ORIGINS]
    total = np.concatenate([np.zeros((len(loads), 1)), np.cumsum(loads, axis=1)], axis=1)
    windows = [weeks for weeks in WINDOWS if weeks * WEEK <= origins[-1]] if len(origins) else []
    if not windows:
        value = _expected(total, np.array([known]), hours, 1)[:, 0]
        return RemainingEnergy(value, value * 0.5, value * 1.5)
    happened = total[:, origins + span] - total[:, origins]
    expected = np.stack([_expected(total, origins, span, weeks) for weeks in windows])
    off = (happened - expected) / np.maximum(expected, 1.0)
    rows = np.arange(len(loads))
    best, unit = _best_window(off)
    half = len(origins) // 2
    held_out = (
        [_held_out_errors(off[..., :half], off[..., half:]), _held_out_errors(off[..., half:], off[..., :half])]
        if half
        else [off]
    )
    tail = (1 - COVERAGE) / 2
    below, above = np.quantile(np.concatenate([errors.ravel() for errors in held_out]), [tail, 1 - tail])
    value = np.stack([_expected(total, np.array([known]), hours, weeks)[:, 0] for weeks in windows])[best, rows]
    return RemainingEnergy(
        value, np.maximum(0, value * (1 + min(below, 0) * unit)), np.maximum(0, value * (1 + max(above, 0) * unit))
    )


def _best_window(off: Floats) -> tuple[np.ndarray, Floats]:
    """Each load's best window and its mean absolute error, from errors of shape (windows, loads, origins)."""
    best = np.abs(off).mean(axis=2).argmin(axis=0)
    return best, np.maximum(np.abs(off[best, np.arange(off.shape[1])]).mean(axis=1), 1e-9)


def _held_out_errors(known: Floats, other: Floats) -> Floats:
    """The errors at `other` origins, with the window and in the unit chosen on the `known` ones."""
    best, unit = _best_window(known)
    found: Floats = other[best, np.arange(other.shape[1])] / unit[:, None]
    return found


class PeriodSoFar(NamedTuple):
    """A bill whose period is not over: its plan, the determinants of its days with readings, and the newest day's.

    `days`: for each span of the plan, by UTC day. `newest`: the readings of the newest of them, in time order, and
    `newest_received` those of energy received. `until`: the end of the last reading, or the start of the period (s
    since 1970 UTC). `export`: the Wh received in each UTC hour of the mean of the last days; empty without export.
    """

    planned: PlannedBill
    meter_id: str
    days: Sequence[SpanDays]
    newest: list[Interval]
    until: int
    newest_received: list[Interval]
    export: tuple[int, ...]

    @property
    def hours_left(self) -> int:
        """Whole hours from the last reading to the end of the period."""
        return max(0, self.planned.plan.period.end - self.until) // HOUR_S


def period_so_far(planned: PlannedBill, meter_id: str, days: Iterable[MeterDay]) -> PeriodSoFar:
    """A bill so far, from a meter's days, in order; days outside of its period are left out, but for the export."""
    plan, days = planned.plan, list(days)
    own = [day for day in days if plan.spans_of(meter_id, day.day)]
    last_day = [one for day in own[-1:] for one in with_local_days(day.intervals(), plan.period.zone)]
    newest = [one for one in last_day if one.start < plan.period.end]
    until = newest[-1].start + newest[-1].seconds if newest else plan.period.start
    found = replaced_days(plan, [{} for _ in plan.spans], {meter_id: own})
    received = [one for day in own[-1:] for one in day.intervals("received") if one.start < until]
    return PeriodSoFar(planned, meter_id, found, newest, max(until, plan.period.start), received, _mean_export(days))


def _mean_export(days: Sequence[MeterDay]) -> tuple[int, ...]:
    """The mean Wh received in each of a day's 24 hours (UTC), of the last days before the newest that have any."""
    hours = [day.hours_wh("received") for day in days[:-1] if day.received_count][-EXPORT_DAYS:]
    return tuple(round(sum(wh) / len(hours)) for wh in zip(*hours, strict=True)) if hours else ()


def month_end(so_far: PeriodSoFar, rest: tuple[float, float, float], shape: Floats, made_at: int) -> MonthEnd:
    """The energy and total that a bill is going to have: its readings, and then `rest` Wh until the period's end.

    rest: value, low, high. shape: the last hours of the load (Wh); the hours to come take the shape of the last four
    weeks, whose peaks a demand charge needs. The low or high total is that of the low or high energy.
    Export to come is like the mean of the last two weeks. What the bill begins with (a credit, earlier peaks) is not
    known here: the totals are without.
    """
    hours = np.arange(-(-so_far.until // HOUR_S) * HOUR_S, so_far.planned.plan.period.end, HOUR_S)
    course = np.resize(shape[-min(SHAPE, len(shape) // WEEK * WEEK or len(shape)) :], len(hours))
    course = course / course.sum() if course.sum() > 0 else np.full(len(hours), 1 / max(1, len(hours)))
    issued = [_bill(so_far, hours, course * energy) for energy in rest]
    return MonthEnd(
        so_far.meter_id,
        so_far.planned.key.cycle[: len("2026-07")],
        made_at,
        Range(*(bill.energy_kwh for bill in issued)),
        Range(*(bill.total_rounded for bill in issued)),
        before_credit=issued[0].credit is not None and so_far.planned.plan.stated_credit is None,
        before_ratchet=bool(so_far.planned.plan.lookback),
        currency=issued[0].currency,
    )


def _bill(so_far: PeriodSoFar, hours: Hours, wh: Floats) -> Bill:
    plan = so_far.planned.plan
    ahead: dict[date, list[Interval]] = {}
    for hour, energy in zip(hours.tolist(), _whole(wh), strict=True):
        ahead.setdefault(day_of(hour), []).append(Interval(hour, HOUR_S, energy))
    newest = day_of(so_far.newest[0].start) if so_far.newest else None
    days = [dict(own) for own in so_far.days]
    for day, to_come in ahead.items():
        for number, span in plan.spans_of(so_far.meter_id, day):
            days[number][day] = day_determinants(
                plan.tariff_of(span),
                span,
                so_far.newest if day == newest else (),
                to_come,
                spread=plan.terms.spread == "even",
                received=[*(so_far.newest_received if day == newest else ()), *_export(so_far.export, to_come)]
                if plan.tariff_of(span).metering
                else (),
            )
    return rate(plan, days, so_far.meter_id, opening=plan.stated_credit or NO_CREDIT)


def _export(by_hour: Sequence[int], to_come: Sequence[Interval]) -> Iterator[Interval]:
    """The energy received in the hours to come."""
    return (hour._replace(wh=by_hour[hour.start // HOUR_S % 24]) for hour in to_come if by_hour)


def _whole(wh: Floats) -> list[int]:
    """Rounded to whole Wh, with the same sum."""
    steps = np.rint(np.cumsum(wh)).astype(np.int64)
    found: list[int] = np.diff(steps, prepend=0).tolist()
    return found


def _expected(total: Floats, origins: np.ndarray, hours: int, weeks: int) -> Floats:
    """The energy of `hours` hours from each origin, as the mean of the `weeks` weeks before; `total` is cumulative."""
    whole, part = divmod(hours, WEEK)
    back = [origins - WEEK * week for week in range(1, weeks + 1)]
    parts = np.mean([total[:, begin + part] - total[:, begin] for begin in back], axis=0)
    found: Floats = whole * (total[:, origins] - total[:, origins - WEEK * weeks]) / weeks + parts
    return found
