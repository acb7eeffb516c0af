"""Billing determinants: all that one UTC day of one meter's readings says to the bill of one month.

A bill is a fold over its days' determinants, so a day that changes costs a day's work, not a month's.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from electrocloud.domain.local_time import DAY_S, BillingMonth, Offset, offsets
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import PeriodSpan, Quantity, Tariff, period_spans


class Run(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Energy (Wh) used without a change of energy period, all of it read or all of it estimated."""

    period: int
    wh: int
    estimated: bool


class Peak(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A mean power of `watts / parts` W over the `seconds` from `start` (s since 1970 UTC).

    `parts` is 1, but for lengths that are no whole part of an hour: 7 minutes with 1 Wh are 60/7 W.
    """

    watts: int
    parts: int
    start: int
    seconds: int
    estimated: bool


class DayDeterminants(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a day brings to a month's bill.

    `runs` are its energy in time order; `peaks` the largest demand in each demand period; `cut` the day's
    share of each demand window that reaches into another day, as a peak over the whole window. `interval_s`
    is the length of the readings: `count` were read, `estimated` were estimated, and `missing` were neither.
    """

    runs: tuple[Run, ...]
    peaks: dict[int, Peak]
    cut: tuple[Peak, ...]
    interval_s: int
    count: int
    estimated: int
    missing: int


class ExpectedInterval(NamedTuple):
    """An interval that has no reading: start in s since 1970 UTC, length in s."""

    start: int
    seconds: int


_Sample = tuple[int, int, Quantity]  # start, seconds and Wh of that over which a demand is averaged
_T = TypeVar("_T", bound=tuple[Any, ...])
_WH = itemgetter(2)


def day_determinants(
    tariff: Tariff,
    month: BillingMonth,
    intervals: Iterable[Interval],
    estimated: Iterable[Interval] = (),
) -> DayDeterminants:
    """The determinants, for `month`, of the intervals of one UTC day: at least one, in any order.

    An interval belongs to the month, the day and the period in which it starts; what starts outside the month is left
    out. `estimated` are intervals in the place of readings that never came. A repeated interval counts once.
    """
    guesses = frozenset(estimated)
    given = sorted((*intervals, *guesses))
    seconds = given[-1].seconds
    midnight = given[0].start // DAY_S * DAY_S
    low, high = max(midnight, month.start), min(midnight + DAY_S, month.end)
    readings = given if high - low == DAY_S else [r for r in given if low <= r.start < high]
    if len({r.start for r in readings}) < len(readings):
        readings = sorted({*readings})
    made_up = sum(r in guesses for r in readings) if guesses else 0
    peaks, cut = _demand(tariff, midnight, readings, guesses)
    return DayDeterminants(
        runs=tuple(_runs(tariff, midnight, readings, guesses)),
        peaks=peaks,
        cut=cut,
        interval_s=seconds,
        count=len(readings) - made_up,
        estimated=made_up,
        missing=len(missing_intervals(readings, low, high)) if readings else expected_count(low, high, seconds),
    )


def higher_peak(one: Peak, other: Peak) -> Peak:
    """The higher of two peaks; the earlier of equal ones."""
    ours, theirs = one.watts * other.parts, other.watts * one.parts
    return one if (ours, -one.start) >= (theirs, -other.start) else other


def expected_count(low: int, high: int, seconds: int) -> int:
    """How many intervals start from `low` to before `high` (s since 1970 UTC), at multiples of their length (s)."""
    return -(-high // seconds) + -low // seconds


def expected_intervals(low: int, high: int, seconds: int) -> list[ExpectedInterval]:
    """The intervals that `slots_due` counts: readings are aligned to UTC, and a month need not be."""
    return [ExpectedInterval(start, seconds) for start in range(-(-low // seconds) * seconds, high, seconds)]


def missing_intervals(readings: Sequence[Interval], low: int, high: int) -> list[ExpectedInterval]:
    """The intervals without a reading that start from `low` to before `high` (s since 1970 UTC), in order.

    `readings` are all that start there, at least one, in time order. A gap is cut in steps of the reading
    before it, and the one at the beginning in steps of the first reading.
    """
    first = readings[0]
    if first.start == low and first.seconds * len(readings) == high - low and readings[-1].start < high:
        return []
    before = range(first.start - first.seconds, low - 1, -first.seconds)
    slots = [ExpectedInterval(start, first.seconds) for start in reversed(before)]
    for reading, following in zip(readings, [*readings[1:], None], strict=True):
        end = reading.start + reading.seconds
        until = following.start - reading.seconds + 1 if following else high
        slots += [ExpectedInterval(start, reading.seconds) for start in range(end, until, reading.seconds)]
    return slots


def _runs(tariff: Tariff, midnight: int, readings: Sequence[Interval], guesses: frozenset[Interval]) -> Iterator[Run]:
    for stretch in period_spans(tariff, midnight):
        part = _starting_in(stretch, readings)
        if not guesses and part:
            yield Run(stretch.energy, sum(map(_WH, part)), False)
        elif part:
            for estimated, group in groupby(part, guesses.__contains__):
                yield Run(stretch.energy, sum(map(_WH, group)), estimated)


def _demand(
    tariff: Tariff, midnight: int, readings: Sequence[Interval], guesses: frozenset[Interval]
) -> tuple[dict[int, Peak], tuple[Peak, ...]]:
    """The largest demand in each period, and the windows that other days may add to."""
    samples, cut = _samples(tariff, midnight, readings)
    one_length = len({sample[1] for sample in samples}) == 1
    peaks: dict[int, Peak] = {}
    for stretch in period_spans(tariff, midnight):
        if rivals := _starting_in(stretch, samples):
            peak = _peak(max(rivals, key=_WH if one_length else _power), guesses)
            before = peaks.get(stretch.demand)
            peaks[stretch.demand] = higher_peak(before, peak) if before else peak
    return peaks, tuple(_peak(sample, guesses) for sample in cut)


def _samples(
    tariff: Tariff, midnight: int, readings: Sequence[Interval]
) -> tuple[Sequence[_Sample], Sequence[_Sample]]:
    """What demand is averaged over, in time order: in the day, and in windows that reach into other days.

    A window begins at a multiple of its length in local time. A reading that is as long as some windows, or
    any where the tariff has none, stands for itself; one that reaches over a window's end is shared by time.
    """
    window = tariff.demand_window_s
    if window is None or all(reading.seconds % window == 0 for reading in readings):
        return readings, ()
    energy: defaultdict[int, Quantity] = defaultdict(int)
    for offset in offsets(midnight, tariff.zone):
        for start, seconds, wh in _starting_in(offset, readings):
            at = start - (start + offset.seconds) % window
            end = start + seconds
            if end <= at + window:
                energy[at] += wh
                continue
            for piece in range(at, end, window):
                overlap = min(end, piece + window) - max(start, piece)
                energy[piece] += Fraction(wh * overlap, seconds)
    samples = [(at, window, energy[at]) for at in sorted(energy)]
    low = bisect_left(samples, (max(midnight, readings[0].start),))
    high = bisect_left(samples, (midnight + DAY_S - window + 1,))
    return samples[low:high], samples[:low] + samples[high:]


def _starting_in(span: PeriodSpan | Offset, samples: Sequence[_T]) -> Sequence[_T]:
    # A tuple of one sorts before every longer one that begins with the same number.
    return samples[bisect_left(samples, (span.start,)) : bisect_left(samples, (span.end,))]


def _power(sample: _Sample) -> Fraction:
    _, seconds, wh = sample
    return Fraction(wh * 3600, seconds) if isinstance(wh, int) else wh * 3600 / seconds


def _peak(sample: _Sample, guesses: frozenset[Interval]) -> Peak:
    start, seconds, wh = sample
    touched = any(g.start < start + seconds and start < g.start + g.seconds for g in guesses)
    watts = wh * (3600 // seconds) if isinstance(wh, int) and 3600 % seconds == 0 else _power(sample)
    return Peak(watts.numerator, watts.denominator, start, seconds, touched)
