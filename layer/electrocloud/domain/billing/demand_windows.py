"""Demand: the mean power of a meter's readings over demand windows, by demand period."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from electrocloud.domain.billing.spreading import Crossing, Instants, overlapped
from electrocloud.domain.local_time import DAY_S, Offset, offsets
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.readings.upload import SHORTEST_DAY_S
from electrocloud.domain.tariffs.tariff import PeriodSpan, Quantity, Tariff, period_spans


class Peak(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A mean power of `watts / parts` W over the `seconds` from `start` (s since 1970 UTC).

    `parts` is 1, but for lengths that are no whole part of an hour: 7 minutes with 1 Wh are 60/7 W.
    """

    watts: int
    parts: int
    start: int
    seconds: int
    estimated: bool


Sample = tuple[int, int, Quantity]  # start, seconds and Wh of that over which a demand is averaged
_T = TypeVar("_T", bound=tuple[Any, ...])
_START, _SECONDS, _WH = itemgetter(0), itemgetter(1), itemgetter(2)


def higher_peak(one: Peak, other: Peak) -> Peak:
    """The higher of two peaks; the earlier of equal ones."""
    ours, theirs = one.watts * other.parts, other.watts * one.parts
    return one if (ours, -one.start) >= (theirs, -other.start) else other


def highest(peaks: Iterable[Peak]) -> Peak | None:
    """The highest of some peaks; None of none."""
    found = [*peaks]
    return reduce(higher_peak, found) if found else None


def add_peak(peaks: dict[int, Peak], period: int, peak: Peak) -> None:
    """Put a demand period's peak in place of a lower one."""
    peaks[period] = higher_peak(peaks.get(period, peak), peak)


def whole_windows(shares: Iterable[Peak]) -> list[Peak]:
    """The windows, in order of time, that several days have shares of: each share is a power over the whole window."""
    by_start: dict[int, list[Peak]] = {}
    for share in shares:
        by_start.setdefault(share.start, []).append(share)
    found = []
    for start, own in sorted(by_start.items()):
        power = sum((Fraction(share.watts, share.parts) for share in own), Fraction(0))
        estimated = any(share.estimated for share in own)
        found.append(Peak(power.numerator, power.denominator, start, own[0].seconds, estimated))
    return found


def demand_peaks(
    tariff: Tariff,
    midnight: int,
    readings: Sequence[Interval],
    guesses: frozenset[Interval],
    spread: Instants | None,
) -> tuple[dict[int, Peak], tuple[Peak, ...], Crossing | None]:
    """The largest demand in each period, the windows that other days may add to, and a reading that spans windows."""
    samples, cut, crossing = demand_samples(tariff, midnight, readings)
    if spread is not None:
        samples = [s for s in samples if s[0] < spread.end and spread.start < s[0] + s[1]]
        cut = [s for s in cut if s[0] < spread.end and spread.start < s[0] + s[1]]
    power = _WH if len({*map(_SECONDS, samples)}) == 1 else _power
    peaks: dict[int, Peak] = {}
    for period, rivals in by_period(tariff, midnight, samples, spread):
        add_peak(peaks, period, peak_of(max(rivals, key=power), guesses))
    return peaks, tuple(peak_of(sample, guesses) for sample in cut), crossing


def by_period(
    tariff: Tariff, midnight: int, samples: Sequence[Sample], spread: Instants | None
) -> Iterator[tuple[int, Sequence[Sample]]]:
    """The samples by the demand period that they start in or, where they are spread, by each that they reach into."""
    if spread is None:
        for period_span in period_spans(tariff, midnight):
            if rivals := starting_in(period_span, samples):
                yield period_span.demand, rivals
    else:
        for sample in samples:
            for period_span in overlapped(tariff, spread, sample):
                yield period_span.demand, [sample]


def demand_samples(
    tariff: Tariff, midnight: int, readings: Sequence[Interval]
) -> tuple[Sequence[Sample], Sequence[Sample], Crossing | None]:
    """What demand is averaged over, in time order: in the day, and in windows that reach into other days.

    A window begins at a multiple of its length in local time. A reading that is as long as some windows, or
    any where the tariff has none, stands for itself; one that reaches over a window's end is shared by time. The first
    of these that is longer than a window, or is shared, is named where demand has a price; without a window, one of a
    day: its mean power is no demand.
    """
    window = tariff.demand_window_s
    if window is None or not readings:
        long = readings[-1] if readings and tariff.prices_demand and readings[-1].seconds >= SHORTEST_DAY_S else None
        return readings, (), Crossing(long.start, long.seconds, "demand windows") if long else None
    lengths = {*map(_SECONDS, readings)} if readings[0][1] % window == 0 else set()
    if lengths and all(seconds % window == 0 for seconds in lengths):
        if lengths == {window} or not tariff.prices_demand:
            return readings, (), None
        longer = next(reading for reading in readings if reading.seconds > window)
        return readings, (), Crossing(longer.start, longer.seconds, "demand windows")
    energy, crossing = _by_window(tariff, midnight, window, readings)
    samples = [(at, window, energy[at]) for at in sorted(energy)]
    low = bisect_left(samples, (max(midnight, readings[0].start),))
    high = bisect_left(samples, (midnight + DAY_S - window + 1,))
    return samples[low:high], samples[:low] + samples[high:], crossing


def _by_window(
    tariff: Tariff, midnight: int, window: int, readings: Sequence[Interval]
) -> tuple[dict[int, Quantity], Crossing | None]:
    """The energy (Wh) of each demand window by its start, and the first reading that is shared between windows."""
    energy: defaultdict[int, Quantity] = defaultdict(int)
    crossing = None
    for offset in offsets(midnight, tariff.zone):
        for start, seconds, wh in starting_in(offset, readings):
            at = start - (start + offset.seconds) % window
            end = start + seconds
            if end <= at + window:
                energy[at] += wh
                continue
            if crossing is None and tariff.prices_demand:
                crossing = Crossing(start, seconds, "demand windows")
            for piece in range(at, end, window):
                overlap = min(end, piece + window) - max(start, piece)
                energy[piece] += Fraction(wh * overlap, seconds)
    return energy, crossing


def starting_in(span: PeriodSpan | Offset, samples: Sequence[_T]) -> Sequence[_T]:
    """The samples, which are in time order, that start in a span."""
    # A tuple of one sorts before every longer one that begins with the same number.
    return samples[bisect_left(samples, (span.start,)) : bisect_left(samples, (span.end,))]


def _power(sample: Sample) -> Fraction:
    _, seconds, wh = sample
    return Fraction(wh * 3600, seconds) if isinstance(wh, int) else wh * 3600 / seconds


def peak_of(sample: Sample, guesses: frozenset[Interval]) -> Peak:
    """A sample's mean power; estimated where one of the `guesses` is a part of it."""
    start, seconds, wh = sample
    touched = bool(guesses) and any(g.start < start + seconds and start < g.start + g.seconds for g in guesses)
    watts = wh * (3600 // seconds) if isinstance(wh, int) and 3600 % seconds == 0 else _power(sample)
    return Peak(watts.numerator, watts.denominator, start, seconds, touched)
