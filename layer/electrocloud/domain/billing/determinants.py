"""Billing determinants: all that one UTC day of one meter's readings says to one segment of a bill.

A bill is a fold over its days' determinants, so a day that changes costs a day's work, not a month's.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from electrocloud.domain.billing.received import net_by_hour
from electrocloud.domain.billing.series_energy import SeriesDay, series_crossing, series_days
from electrocloud.domain.billing.spreading import Crossing, crossing_of, energy_between, overlapped
from electrocloud.domain.local_time import DAY_S, HOUR_S, Offset, local_day, midnight_of, offsets
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Coincident, PeriodSpan, Quantity, Tariff, period_spans


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
    """What a day brings to a bill.

    `runs` are its energy in time order; `peaks` the largest demand in each demand period; `cut` the day's
    share of each demand window that reaches into another day, as a peak over the whole window. `interval_s`
    is the length of the readings: `count` were read, `estimated` were estimated (`profiled` of them from a class's
    mean profile), and `missing` were neither. `crossing` is the first reading that spans two prices, demand windows or
    bills, and that nobody said to spread. `coincident` is the day's share of the demand at each of the system's peaks,
    and `series` the energy at a series' prices. `received` is the energy received from the customer in time order; one
    of 0 Wh says that it is metered. Demand and counts are of the energy delivered.
    """

    runs: tuple[Run, ...]
    peaks: dict[int, Peak]
    cut: tuple[Peak, ...]
    interval_s: int
    count: int
    estimated: int
    missing: int
    crossing: Crossing | None = None
    profiled: int = 0
    coincident: tuple[Peak, ...] = ()
    series: tuple[SeriesDay, ...] = ()
    received: tuple[Run, ...] = ()


class Instants(Protocol):
    """Instants from `start` to before `end`, in s since 1970 UTC: a month, a period, or a span of service in it."""

    @property
    def start(self) -> int:
        """The first instant."""

    @property
    def end(self) -> int:
        """The first instant after them."""


class ExpectedInterval(NamedTuple):
    """An interval that has no reading: start in s since 1970 UTC, length in s."""

    start: int
    seconds: int


_Sample = tuple[int, int, Quantity]  # start, seconds and Wh of that over which a demand is averaged
_T = TypeVar("_T", bound=tuple[Any, ...])
_START, _SECONDS, _WH = itemgetter(0), itemgetter(1), itemgetter(2)


def day_determinants(
    tariff: Tariff,
    span: Instants,
    intervals: Iterable[Interval],
    estimated: Iterable[Interval] = (),
    *,
    spread: bool = False,
    profiled: Iterable[Interval] = (),
    received: Iterable[Interval] = (),
) -> DayDeterminants:
    """The determinants, for `span`, of the intervals of one UTC day: at least one, in any order.

    An interval belongs to the span, the day and the period in which it starts; what starts outside the span is left
    out. With `spread`, energy is shared by time between all that an interval reaches into. `estimated` are intervals
    in the place of readings that never came, and so are `profiled`, from a class's mean profile. `received` has the
    energy received from the customer. A repeated interval counts once.
    """
    from_profile = frozenset(profiled)
    guesses = frozenset(estimated) | from_profile
    given, sent = sorted((*intervals, *guesses)), sorted(received)
    seconds = (given or sent)[-1].seconds
    midnight = (given or sent)[0].start // DAY_S * DAY_S
    low, high = max(midnight, span.start), min(midnight + DAY_S, span.end)
    readings = _starting_between(low, high, given)
    made_up = sum(r in guesses for r in readings) if guesses else 0
    within = span if spread else None
    rated = [*_reaching_in(span, given), *readings] if spread else readings
    sold_readings = _starting_between(low, high, sent)
    if spread:
        sold_readings = [*_reaching_in(span, sent), *sold_readings]
    runs, sold, crossing = _both_directions(tariff, span, midnight, rated, guesses, sold_readings, within)
    peaks, cut, window_crossing = _demand(tariff, midnight, rated, guesses, within)
    crossing = _first(crossing, window_crossing)
    series: tuple[SeriesDay, ...] = ()
    if tariff.series and rated:
        edges = (span.start, span.end) if spread else (rated[0].start, rated[-1].start + rated[-1].seconds)
        series = series_days(tariff.series, tariff.zone, rated, guesses, *edges)
        crossing = _first(crossing, series_crossing(tariff.series, [r for r in readings if r not in guesses]))
    return DayDeterminants(
        runs=tuple(runs),
        peaks=peaks,
        cut=cut,
        interval_s=seconds,
        count=len(readings) - made_up,
        estimated=made_up,
        missing=len(missing_intervals(readings, low, high))
        if readings
        else expected_count(low, high, seconds, tariff.zone),
        crossing=None if spread else crossing,
        profiled=sum(r in from_profile for r in readings) if from_profile else 0,
        coincident=tuple(_at_system_peaks(tariff.coincident, readings, guesses))
        if tariff.coincident and readings
        else (),
        series=series,
        received=tuple(sold),
    )


def higher_peak(one: Peak, other: Peak) -> Peak:
    """The higher of two peaks; the earlier of equal ones."""
    ours, theirs = one.watts * other.parts, other.watts * one.parts
    return one if (ours, -one.start) >= (theirs, -other.start) else other


def expected_count(low: int, high: int, seconds: int, zone: str = "") -> int:
    """How many intervals start from `low` to before `high` (s since 1970 UTC), at multiples of their length (s).

    With `zone`, intervals that are longer than an hour count from each local midnight, as files of local days have
    them.
    """
    if low >= high:
        return 0
    if not zone or seconds <= HOUR_S or DAY_S % seconds:
        return -(-high // seconds) + -low // seconds
    midnight = midnight_of(local_day(low, zone), zone)
    count = 0
    while midnight < high:
        following = midnight_of(local_day(midnight + 36 * HOUR_S, zone), zone)
        count += sum(low <= start < high for start in range(midnight, following, seconds))
        midnight = following
    return count


def expected_intervals(low: int, high: int, seconds: int) -> list[ExpectedInterval]:
    """The intervals that `expected_count` counts: readings are aligned to UTC, and a month need not be."""
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


def _starting_between(low: int, high: int, given: list[Interval]) -> list[Interval]:
    """The intervals of a day, in time order, that start from `low` to before `high`, each once."""
    readings = given if high - low == DAY_S else [r for r in given if low <= r.start < high]
    return readings if len({*map(_START, readings)}) == len(readings) else sorted({*readings})


def _reaching_in(span: Instants, given: Sequence[Interval]) -> list[Interval]:
    return [r for r in given if r.start < span.start < r.start + r.seconds]


def _first(one: Crossing | None, other: Crossing | None) -> Crossing | None:
    found = [crossing for crossing in (one, other) if crossing]
    return min(found, key=lambda crossing: crossing.start) if found else None


def _both_directions(
    tariff: Tariff,
    span: Instants,
    midnight: int,
    rated: Sequence[Interval],
    guesses: frozenset[Interval],
    sent: Sequence[Interval],
    spread: Instants | None,
) -> tuple[list[Run], list[Run], Crossing | None]:
    """The runs of the energy delivered, those of the energy received (of one day, in time order), and the first reading
    of either that spans two prices or bills."""
    bought = rated
    if sent and tariff.metering and tariff.metering.by_hour:
        bought, sent = net_by_hour(rated, sent, tariff.zone)
        guesses = frozenset(netted for reading, netted in zip(rated, bought, strict=True) if reading in guesses)
    runs, beyond = _runs(tariff, midnight, bought, guesses, spread)
    sold, sent_beyond = _runs(tariff, midnight, sent, frozenset(), spread) if sent else ([], [])
    for readings, reaching in ((bought, beyond), (sent, sent_beyond)):
        if readings and readings[-1].start + readings[-1].seconds > span.end:
            reaching.append(readings[-1])
    found = [reading for reading in beyond if reading not in guesses] + sent_beyond
    return runs, sold, crossing_of(tariff, span, found) if found else None


def _runs(
    tariff: Tariff,
    midnight: int,
    readings: Sequence[Interval],
    guesses: frozenset[Interval],
    spread: Instants | None,
) -> tuple[list[Run], list[Interval]]:
    """The energy by period, and the readings that reach beyond the period, or the day, that they start in.

    `spread` is the span whose part of such a reading counts, each period's share by time.
    """
    runs: list[Run] = []
    beyond: list[Interval] = []
    for period_span in period_spans(tariff, midnight):
        if part := _starting_in(period_span, readings):
            last = part[-1]
            if last.start + last.seconds > period_span.end:
                beyond.append(last)
            if guesses:
                for estimated, group in groupby(part, guesses.__contains__):
                    runs.append(Run(period_span.energy, sum(map(_WH, group)), estimated))
            else:
                runs.append(Run(period_span.energy, sum(map(_WH, part)), False))
    if spread is None or not readings:
        return runs, beyond
    last = readings[-1]
    if not beyond and readings[0].start >= spread.start and last.start + last.seconds <= spread.end:
        return runs, beyond
    return list(_spread_runs(tariff, readings, guesses, spread)), beyond


def _spread_runs(
    tariff: Tariff, readings: Sequence[Interval], guesses: frozenset[Interval], span: Instants
) -> Iterator[Run]:
    shares = (
        (period_span.energy, reading in guesses, energy_between(reading, period_span.start, period_span.end))
        for reading in readings
        for period_span in overlapped(tariff, span, reading)
    )
    for (period, estimated), group in groupby(shares, itemgetter(0, 1)):
        yield Run(period, sum(map(_WH, group)), estimated)


def _demand(
    tariff: Tariff,
    midnight: int,
    readings: Sequence[Interval],
    guesses: frozenset[Interval],
    spread: Instants | None,
) -> tuple[dict[int, Peak], tuple[Peak, ...], Crossing | None]:
    """The largest demand in each period, the windows that other days may add to, and a reading that spans windows."""
    samples, cut, crossing = _samples(tariff, midnight, readings)
    if spread is not None:
        samples = [s for s in samples if s[0] < spread.end and spread.start < s[0] + s[1]]
        cut = [s for s in cut if s[0] < spread.end and spread.start < s[0] + s[1]]
    highest = _WH if len({*map(_SECONDS, samples)}) == 1 else _power
    peaks: dict[int, Peak] = {}
    for period, rivals in _by_period(tariff, midnight, samples, spread):
        peak = _peak(max(rivals, key=highest), guesses)
        before = peaks.get(period)
        peaks[period] = higher_peak(before, peak) if before else peak
    return peaks, tuple(_peak(sample, guesses) for sample in cut), crossing


def _at_system_peaks(charge: Coincident, readings: Sequence[Interval], guesses: frozenset[Interval]) -> Iterator[Peak]:
    """What the readings, shared by time, bring to the mean power in each of the system's peaks that they reach into."""
    last = readings[-1]
    for at, seconds in charge.between(readings[0].start - HOUR_S, last.start + last.seconds):
        overlaps = [(min(at + seconds, r.start + r.seconds) - max(at, r.start), r) for r in readings]
        inside = [Fraction(r.wh * overlap, r.seconds) for overlap, r in overlaps if overlap > 0]
        if inside:
            yield _peak((at, seconds, sum(inside, Fraction(0))), guesses)


def _by_period(
    tariff: Tariff, midnight: int, samples: Sequence[_Sample], spread: Instants | None
) -> Iterator[tuple[int, Sequence[_Sample]]]:
    """The samples by the demand period that they start in or, where they are spread, by each that they reach into."""
    if spread is None:
        for period_span in period_spans(tariff, midnight):
            if rivals := _starting_in(period_span, samples):
                yield period_span.demand, rivals
    else:
        for sample in samples:
            for period_span in overlapped(tariff, spread, sample):
                yield period_span.demand, [sample]


def _samples(
    tariff: Tariff, midnight: int, readings: Sequence[Interval]
) -> tuple[Sequence[_Sample], Sequence[_Sample], Crossing | None]:
    """What demand is averaged over, in time order: in the day, and in windows that reach into other days.

    A window begins at a multiple of its length in local time. A reading that is as long as some windows, or
    any where the tariff has none, stands for itself; one that reaches over a window's end is shared by time. The first
    of these that is longer than a window, or is shared, is named where demand has a price.
    """
    window = tariff.demand_window_s
    if window is None or not readings:
        return readings, (), None
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
        for start, seconds, wh in _starting_in(offset, readings):
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


def _starting_in(span: PeriodSpan | Offset, samples: Sequence[_T]) -> Sequence[_T]:
    # A tuple of one sorts before every longer one that begins with the same number.
    return samples[bisect_left(samples, (span.start,)) : bisect_left(samples, (span.end,))]


def _power(sample: _Sample) -> Fraction:
    _, seconds, wh = sample
    return Fraction(wh * 3600, seconds) if isinstance(wh, int) else wh * 3600 / seconds


def _peak(sample: _Sample, guesses: frozenset[Interval]) -> Peak:
    start, seconds, wh = sample
    touched = bool(guesses) and any(g.start < start + seconds and start < g.start + g.seconds for g in guesses)
    watts = wh * (3600 // seconds) if isinstance(wh, int) and 3600 % seconds == 0 else _power(sample)
    return Peak(watts.numerator, watts.denominator, start, seconds, touched)
