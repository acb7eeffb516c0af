"""Billing determinants: all that one UTC day of one meter's readings says to the bill of one month.

A bill is a fold over its days' determinants, so a day that changes costs a day's work, not a month's.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from electrocloud.domain.calendar import DAY_S, BillingMonth, offsets
from electrocloud.domain.meter_day import Interval
from electrocloud.domain.tariff import Quantity, Stretch, Tariff, stretches


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


class Slot(NamedTuple):
    """An interval that has no reading: start in s since 1970 UTC, length in s."""

    start: int
    seconds: int


_Sample = tuple[int, int, Quantity]  # start, seconds and Wh of that over which a demand is averaged
_T = TypeVar("_T", bound=tuple[Any, ...])


def day_determinants(
    tariff: Tariff,
    month: BillingMonth,
    intervals: Iterable[Interval],
    estimated: Iterable[Interval] = (),
) -> DayDeterminants:
    """The determinants, for `month`, of the intervals of one UTC day: at least one, in any order.

    An interval belongs to the month, the day and the period in which it starts; what starts outside the month
    is left out. `estimated` are intervals in the place of readings that never came. A repeated one counts
    once.
    """
    guesses = frozenset(estimated)
    given = sorted((*intervals, *guesses))
    midnight = given[0].start // DAY_S * DAY_S
    low, high = max(midnight, month.start), min(midnight + DAY_S, month.end)
    readings = [reading for reading in given if low <= reading.start < high]
    if len({reading.start for reading in readings}) < len(readings):
        readings = sorted({*readings})
    day = stretches(tariff, midnight)
    runs = [run for stretch in day for run in _runs(stretch, readings, guesses)]
    samples, cut = _samples(tariff, midnight, readings)
    peaks: dict[int, Peak] = {}
    for stretch in day:
        if rivals := _starting_in(stretch, samples):
            peak = _peak(_largest(rivals), guesses)
            peaks[stretch.demand] = larger(peaks.get(stretch.demand, peak), peak)
    made_up = sum(reading in guesses for reading in readings) if guesses else 0
    seconds = given[-1].seconds
    return DayDeterminants(
        runs=tuple(runs),
        peaks=peaks,
        cut=tuple(_peak(sample, guesses) for sample in cut),
        interval_s=seconds,
        count=len(readings) - made_up,
        estimated=made_up,
        missing=len(missing_slots(readings, low, high)) if readings else (high - low) // seconds,
    )


def larger(one: Peak, other: Peak) -> Peak:
    """The higher of two peaks; the earlier of equal ones."""
    ours, theirs = one.watts * other.parts, other.watts * one.parts
    return one if (ours, -one.start) >= (theirs, -other.start) else other


def missing_slots(readings: Sequence[Interval], low: int, high: int) -> list[Slot]:
    """The intervals without a reading that start from `low` to before `high` (s since 1970 UTC), in order.

    `readings` are all that start there, at least one, in time order. A gap is cut in steps of the reading
    before it, and the one at the beginning in steps of the first reading.
    """
    first = readings[0]
    if first.start == low and first.seconds * len(readings) == high - low and readings[-1].start < high:
        return []
    slots = [
        Slot(start, first.seconds) for start in range(first.start - first.seconds, low - 1, -first.seconds)
    ][::-1]
    for reading, following in zip(readings, [*readings[1:], None], strict=True):
        end = reading.start + reading.seconds
        until = following.start - reading.seconds + 1 if following else high
        slots += [Slot(start, reading.seconds) for start in range(end, until, reading.seconds)]
    return slots


def _starting_in(stretch: Stretch, samples: Sequence[_T]) -> Sequence[_T]:
    # A one-element tuple sorts before every sample that begins with the same start.
    return samples[bisect_left(samples, (stretch.start,)) : bisect_left(samples, (stretch.end,))]


def _runs(stretch: Stretch, readings: Sequence[Interval], guesses: frozenset[Interval]) -> list[Run]:
    part = _starting_in(stretch, readings)
    if not guesses:
        return [Run(stretch.energy, sum(map(itemgetter(2), part)), False)] if part else []
    return [
        Run(stretch.energy, sum(reading.wh for reading in group), estimated)
        for estimated, group in groupby(part, guesses.__contains__)
    ]


def _samples(
    tariff: Tariff, midnight: int, readings: Sequence[Interval]
) -> tuple[Sequence[_Sample], Sequence[_Sample]]:
    """What demand is averaged over in the day, in time order, and the windows that other days may add to.

    A window begins at a multiple of its length in local time. A reading that is as long as some windows, or
    any where the tariff has none, stands for itself; one that reaches over a window's end is shared by time.
    """
    window = tariff.demand_window_s
    if window is None or all(reading.seconds % window == 0 for reading in readings):
        return readings, ()
    energy: dict[int, Quantity] = {}
    for offset in offsets(midnight, tariff.zone):
        for start, seconds, wh in readings:
            if not offset.start <= start < offset.end:
                continue
            at = start - (start + offset.seconds) % window
            end = start + seconds
            if end <= at + window:
                energy[at] = energy.get(at, 0) + wh
                continue
            while at < end:
                overlap = min(end, at + window) - max(start, at)
                energy[at] = energy.get(at, 0) + Fraction(wh * overlap, seconds)
                at += window
    samples = [(at, window, energy[at]) for at in sorted(energy)]
    first, last = max(midnight, readings[0].start), midnight + DAY_S - window
    whole = [sample for sample in samples if first <= sample[0] <= last]
    return whole, [sample for sample in samples if not first <= sample[0] <= last]


def _largest(samples: Sequence[_Sample]) -> _Sample:
    if all(sample[1] == samples[0][1] for sample in samples):
        return max(samples, key=itemgetter(2))
    return max(samples, key=lambda sample: Fraction(sample[2]) / sample[1])


def _peak(sample: _Sample, guesses: frozenset[Interval]) -> Peak:
    start, seconds, wh = sample
    power = Fraction(wh) * 3600 / seconds
    touched = any(guess.start < start + seconds and start < guess.start + guess.seconds for guess in guesses)
    return Peak(power.numerator, power.denominator, start, seconds, touched)
