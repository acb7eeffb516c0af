"""Billing determinants: all that one UTC day of one meter's readings says to one segment of a bill.

A bill is a fold over its days' determinants, so a day that changes costs a day's work, not a month's.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import msgspec

from electrocloud.domain.billing.demand_windows import Peak, demand_peaks, peak_of, starting_in
from electrocloud.domain.billing.reactive import ReactiveDay, reactive_day
from electrocloud.domain.billing.received import net_by_hour
from electrocloud.domain.billing.series_energy import SeriesDay, series_crossing, series_days
from electrocloud.domain.billing.spreading import Crossing, Instants, crossing_of, energy_between, overlapped
from electrocloud.domain.local_time import DAY_S, HOUR_S, local_day, midnight_of, offsets
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.readings.upload import SHORTEST_DAY_S, ZONE_STEP_S
from electrocloud.domain.tariffs.tariff import Coincident, Tariff, period_spans


class Run(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Energy (Wh) used without a change of energy period, all of it read or all of it estimated."""

    period: int
    wh: int
    estimated: bool


class DayDeterminants(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a day brings to a bill.

    `runs` are its energy in time order; `peaks` the largest demand in each demand period; `cut` the day's
    share of each demand window that reaches into another day, as a peak over the whole window. `interval_s`
    is the length of the readings: `count` were read, `estimated` were estimated (`profiled` of them from a class's
    mean profile), and `missing` were neither. `crossing` is the first reading that spans two prices, demand windows or
    bills, and that nobody said to spread. `coincident` is the day's share of the demand at each of the system's peaks,
    and `series` the energy at a series' prices. `received` is the energy received from the customer in time order; one
    of 0 Wh says that it is metered. Demand and counts are of the energy delivered. `reactive` is there where the tariff
    prices reactive power and the day has readings of it.
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
    reactive: ReactiveDay | None = None


class ExpectedInterval(NamedTuple):
    """An interval that has no reading: start in s since 1970 UTC, length in s."""

    start: int
    seconds: int


_START, _WH = itemgetter(0), itemgetter(2)


def day_determinants(
    tariff: Tariff,
    span: Instants,
    intervals: Iterable[Interval],
    estimated: Iterable[Interval] = (),
    *,
    spread: bool = False,
    profiled: Iterable[Interval] = (),
    received: Iterable[Interval] = (),
    reactive: Iterable[Interval] = (),
) -> DayDeterminants:
    """The determinants, for `span`, of the intervals of one UTC day: at least one, in any order.

    An interval belongs to the span, the day and the period in which it starts; what starts outside the span is left
    out. With `spread`, energy is shared by time between all that an interval reaches into. `estimated` are intervals
    in the place of readings that never came, and so are `profiled`, from a class's mean profile. `received` has the
    energy received from the customer, and `reactive` the reactive energy in varh. A repeated interval counts once.
    """
    from_profile = frozenset(profiled)
    guesses = frozenset(estimated) | from_profile
    given, sent = sorted((*intervals, *guesses)), sorted(received)
    seconds = nominal_length((given or sent)[-1].seconds)
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
    peaks, cut, window_crossing = demand_peaks(tariff, midnight, rated, guesses, within)
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
        missing=len(missing_intervals(readings, low, high, tariff.zone))
        if readings
        else expected_count(low, high, seconds, tariff.zone),
        crossing=None if spread else crossing,
        profiled=sum(r in from_profile for r in readings) if from_profile else 0,
        coincident=tuple(_at_system_peaks(tariff.coincident, readings, guesses))
        if tariff.coincident and readings
        else (),
        series=series,
        received=tuple(sold),
        reactive=reactive_day(tariff, midnight, rated, _starting_between(low, high, sorted(reactive)), guesses, within)
        if tariff.reactive and reactive
        else None,
    )


def expected_count(low: int, high: int, seconds: int, zone: str = "") -> int:
    """How many intervals start from `low` to before `high` (s since 1970 UTC), at multiples of their length (s).

    With `zone`, half-hours and hours are those of its clocks, also where these are at :30 or :45 of UTC; intervals that
    are longer than an hour count from each local midnight, and of days there is one from each to the next.
    """
    if low >= high:
        return 0
    if not zone or seconds <= ZONE_STEP_S:
        return -(-high // seconds) + -low // seconds
    if seconds > HOUR_S and DAY_S % seconds == 0:
        return len(_in_local_days(low, high, seconds, zone))
    return sum(
        -(-(end + offset) // seconds) + -(start + offset) // seconds
        for start, end, offset in _alignments(low, high, seconds, zone)
    )


def expected_intervals(low: int, high: int, seconds: int, zone: str = "") -> list[ExpectedInterval]:
    """The intervals that `expected_count` counts: a month need not begin with one."""
    if low < high and zone and seconds > HOUR_S and DAY_S % seconds == 0:
        return _in_local_days(low, high, seconds, zone)
    return [
        ExpectedInterval(at - offset, seconds)
        for start, end, offset in _alignments(low, high, seconds, zone)
        for at in range(-(-(start + offset) // seconds) * seconds, end + offset, seconds)
    ]


def missing_intervals(readings: Sequence[Interval], low: int, high: int, zone: str = "") -> list[ExpectedInterval]:
    """The intervals without a reading that start from `low` to before `high` (s since 1970 UTC), in order.

    `readings` are all that start there, at least one, in time order. A gap is cut in steps of the reading before it,
    and the one at the beginning in steps of the first reading. If the first is of a day, they are the days of `zone`.
    """
    first = readings[0]
    if first.start == low and first.seconds * len(readings) == high - low and readings[-1].start < high:
        return []
    if zone and nominal_length(first.seconds) == DAY_S:
        read = {reading.start for reading in readings}
        return [day for day in _in_local_days(low, high, DAY_S, zone) if day.start not in read]
    before = range(first.start - first.seconds, low - 1, -first.seconds)
    slots = [ExpectedInterval(start, first.seconds) for start in reversed(before)]
    for reading, following in zip(readings, [*readings[1:], None], strict=True):
        end = reading.start + reading.seconds
        until = following.start - reading.seconds + 1 if following else high
        slots += [ExpectedInterval(start, reading.seconds) for start in range(end, until, reading.seconds)]
    return slots


def nominal_length(seconds: int) -> int:
    """The length (s) of an interval but for changes of the clocks: that of a day of 23 or 25 hours is 86,400 s."""
    return DAY_S if seconds >= SHORTEST_DAY_S else seconds


def with_local_days(readings: list[Interval], zone: str) -> list[Interval]:
    """Readings of a UTC day in time order, those of a day with the length of the local day that begins with them."""
    if not readings or readings[-1].seconds != DAY_S:  # shorter ones that follow it would count in its place
        return readings
    return [
        reading._replace(seconds=following - reading.start)
        if reading.seconds == DAY_S and (following := _local_day_end(reading.start, zone))
        else reading
        for reading in readings
    ]


def _local_day_end(midnight: int, zone: str) -> int | None:
    """The end of the local day that begins at an instant; None where none begins then."""
    if midnight_of(local_day(midnight, zone), zone) != midnight:
        return None
    return midnight_of(local_day(midnight + 36 * HOUR_S, zone), zone)


def _in_local_days(low: int, high: int, seconds: int, zone: str) -> list[ExpectedInterval]:
    """The intervals that start from `low` to before `high`, counted from each local midnight."""
    midnight, found = midnight_of(local_day(low, zone), zone), []
    while midnight < high:
        following = midnight_of(local_day(midnight + 36 * HOUR_S, zone), zone)
        length = following - midnight if seconds == DAY_S else seconds
        found += [ExpectedInterval(at, length) for at in range(midnight, following, length) if low <= at < high]
        midnight = following
    return found


def _alignments(low: int, high: int, seconds: int, zone: str) -> Iterable[tuple[int, int, int]]:
    """The parts (start, end) of the time from `low` to before `high`, each with what to add to an instant so that
    intervals start at multiples of their length."""
    if not zone or seconds <= ZONE_STEP_S or HOUR_S % seconds or low >= high:
        return ((low, high, 0),)
    edges = (offsets(low // DAY_S * DAY_S, zone)[0], offsets((high - 1) // DAY_S * DAY_S, zone)[-1])
    if all(edge.seconds % seconds == 0 for edge in edges):
        return ((low, high, 0),)
    spans = (span for midnight in range(low // DAY_S * DAY_S, high, DAY_S) for span in offsets(midnight, zone))
    cut = ((max(low, span.start), min(high, span.end), span.seconds) for span in spans)
    return [part for part in cut if part[0] < part[1]]


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
        if part := starting_in(period_span, readings):
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


def _at_system_peaks(charge: Coincident, readings: Sequence[Interval], guesses: frozenset[Interval]) -> Iterator[Peak]:
    """What the readings, shared by time, bring to the mean power in each of the system's peaks that they reach into."""
    last = readings[-1]
    for at, seconds in charge.between(readings[0].start - HOUR_S, last.start + last.seconds):
        overlaps = [(min(at + seconds, r.start + r.seconds) - max(at, r.start), r) for r in readings]
        inside = [Fraction(r.wh * overlap, r.seconds) for overlap, r in overlaps if overlap > 0]
        if inside:
            yield peak_of((at, seconds, sum(inside, Fraction(0))), guesses)
