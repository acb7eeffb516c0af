"""One direction's readings of a meter's UTC day as a set: what is kept, what counts, and its stored form."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from operator import itemgetter, sub
from typing import NamedTuple

from electrocloud.domain.readings.upload import DAY_MINUTES, MEASURED, SHORTEST_DAY_S, VARH, VOIDED, Value

ByMinute = dict[int, Value]

NO_VARH = -1
_GRID = itemgetter(1)
# The minutes of the day at which intervals of a length (s) start that lie within the hours of UTC, for the lengths that
# may lie otherwise; shorter ones are aligned to UTC.
_WITHIN_HOURS = {seconds: frozenset(range(0, DAY_MINUTES, seconds // 60)) for seconds in (1800, 3600)} | {
    86_400: frozenset[int]()
}


class Columns(NamedTuple):
    """The stored form of the readings of one interval length (s), in order of time.

    Minutes of the day and voltages are steps from the one before, since equal steps compress to almost nothing.
    `qualities` are ranks; none means that all are measured, as in forms of earlier versions. `varh` is NO_VARH where
    reactive energy was not metered; none means that it never was.
    """

    seconds: int
    minutes: Sequence[int]
    revisions: Sequence[int]
    wh: Sequence[int]
    decivolts: Sequence[int]
    qualities: Sequence[int] = ()
    varh: Sequence[int] = ()


class ReadingSet:
    """Readings of one direction, by interval length (s) and minute of the day.

    All of them are kept, and nothing counts twice where a meter was changed. Of intervals that lie within the hours of
    UTC, one length counts in each hour: that of the highest revision there, then the shorter. One that reaches from one
    hour into the next (hours of a zone at :30, or a day) counts unless it overlaps such intervals of this UTC day, or
    shorter ones, or equally long ones of a grid that is earlier in the hour. `adjusted` says that an operator may have
    voided some: a voided reading is kept like any other, and does not count.
    """

    def __init__(self, columns: Iterable[Columns] = (), *, adjusted: bool = False) -> None:
        self.adjusted = adjusted
        self._readings: dict[int, ByMinute] = {one.seconds: _readings(one) for one in columns}
        self._across = bool(self._readings) and any(
            _reach_across(seconds, kept) for seconds, kept in self._readings.items()
        )

    def merge(self, seconds: int, readings: Collection[tuple[int, Value]]) -> int:
        """Add readings, at least one, of an interval length; returns how many were new or replaced another."""
        kept = self._readings.get(seconds)
        if not kept:
            fresh = dict(readings)
            self._across = self._across or (_reach_across(seconds, fresh))
            if len(fresh) == len(readings):  # no two of one minute, so there is nothing to compare
                self._readings[seconds] = fresh
                return len(fresh)
            kept = self._readings[seconds] = {}
        elif seconds in _WITHIN_HOURS and not self._across:
            self._across = _reach_across(seconds, dict(readings))
        changed = 0
        for minute, value in readings:
            before = kept.get(minute)
            if before is None or value > before:
                kept[minute] = value
                changed += 1
        return changed

    def columns(self) -> list[Columns]:
        """The stored form, by interval length. Equal sets give equal forms."""
        found = []
        for seconds in self.lengths():
            kept = self._readings[seconds]
            minutes = sorted(kept)
            values = [*map(kept.__getitem__, minutes)]
            try:
                revisions, qualities, wh, decivolts, *varh = zip(*values, strict=True)
            except ValueError:  # some have reactive energy and some have not
                padded = [(*value, NO_VARH)[: VARH + 1] for value in values]
                revisions, qualities, wh, decivolts, *varh = zip(*padded, strict=True)
            ranks = () if qualities.count(MEASURED) == len(qualities) else qualities
            found.append(Columns(seconds, _steps(minutes), revisions, wh, _steps(decivolts), ranks, *varh))
        return found

    def lengths(self) -> list[int]:
        """The interval lengths (s) that it has readings of, those that do not count too."""
        return sorted(self._readings)

    def of_length(self, seconds: int) -> ByMinute:
        """All that is kept of an interval length."""
        return self._readings.get(seconds, {})

    def counted(self) -> dict[int, ByMinute]:
        """The readings that count, by interval length and minute."""
        if not self.adjusted:
            return self.counting()
        return {
            seconds: {minute: value for minute, value in kept.items() if value[2] != VOIDED}
            for seconds, kept in self.counting().items()
        }

    def counting(self) -> dict[int, ByMinute]:
        """The readings that count, and the voided ones of the lengths that count."""
        if len(self._readings) <= 1 and not self._across:
            return self._readings
        across = {seconds: own for seconds, kept in self._readings.items() if (own := _across_hours(seconds, kept))}
        if len(self._readings) <= 1 and not _has_grids(self._readings, across):
            return self._readings
        within = {
            seconds: {minute: value for minute, value in kept.items() if minute not in leaving}
            for seconds, kept in self._readings.items()
            for leaving in [{minute for minute, _ in across.get(seconds, ())}]
        }
        found = _one_length_an_hour(within)
        if across:
            for seconds, minute in _not_overlapped(within, across):
                found.setdefault(seconds, {})[minute] = self._readings[seconds][minute]
        return found

    def in_order(self) -> list[tuple[int, int, Value]]:
        """The minute, length (s) and value of each reading that counts, in order of time."""
        return sorted(
            [(minute, seconds, value) for seconds, kept in self.counted().items() for minute, value in kept.items()]
        )

    def count(self) -> int:
        """How many readings count."""
        return sum(map(len, self.counted().values()))

    def hours_wh(self) -> list[int]:
        """Energy of each of the day's 24 hours in Wh, 0 where nothing was read."""
        hours = [0] * 24
        for kept in self.counted().values():
            for minute, value in kept.items():
                hours[minute // 60] += value[2]
        return hours

    def voided(self) -> list[int]:
        """The minutes at which voided readings start."""
        if not self.adjusted:
            return []
        values = (pair for kept in self.counting().values() for pair in kept.items())
        return sorted(minute for minute, value in values if value[2] == VOIDED)


def _reach_across(seconds: int, minutes: Iterable[int]) -> bool:
    """Whether one of the readings that start at some minutes reaches from one hour of UTC into the next."""
    return seconds in _WITHIN_HOURS and not _WITHIN_HOURS[seconds].issuperset(minutes)


def _across_hours(seconds: int, kept: ByMinute) -> list[tuple[int, int]]:
    """The readings that reach from one hour of UTC into the next: minute of the day, and minute of its grid."""
    within = _WITHIN_HOURS.get(seconds)
    return [] if within is None else [(minute, minute % (seconds // 60)) for minute in kept if minute not in within]


def _has_grids(readings: dict[int, ByMinute], across: dict[int, list[tuple[int, int]]]) -> bool:
    """Whether the readings of one length are of more than one grid."""
    return any(len(own) < len(readings[seconds]) or len({*map(_GRID, own)}) > 1 for seconds, own in across.items())


def _one_length_an_hour(readings: dict[int, ByMinute]) -> dict[int, ByMinute]:
    best: dict[int, tuple[int, int]] = {}
    for seconds, kept in readings.items():
        for minute, value in kept.items():
            claim = (value[0], -seconds)
            best[minute // 60] = max(best.get(minute // 60, claim), claim)
    return {
        seconds: {minute: value for minute, value in kept.items() if best[minute // 60][1] == -seconds}
        for seconds, kept in readings.items()
    }


def _not_overlapped(within: dict[int, ByMinute], across: dict[int, list[tuple[int, int]]]) -> Iterator[tuple[int, int]]:
    """The length and minute of the readings `across` hours that no reading of a preferred grid overlaps."""
    taken = bytearray(2 * DAY_MINUTES)
    for seconds, kept in within.items():
        for minute in kept:
            taken[minute : minute + seconds // 60] = b"\1" * (seconds // 60)
    for seconds in sorted(across):
        length = min(seconds, SHORTEST_DAY_S) // 60
        for _, own in groupby(sorted(across[seconds], key=itemgetter(1, 0)), _GRID):
            minutes = [minute for minute, _ in own]
            yield from ((seconds, minute) for minute in minutes if not any(taken[minute : minute + length]))
            for minute in minutes:
                taken[minute : minute + length] = b"\1" * length


def _readings(columns: Columns) -> ByMinute:
    qualities = columns.qualities or [MEASURED] * len(columns.minutes)
    values: Iterable[Value] = zip(columns.revisions, qualities, columns.wh, accumulate(columns.decivolts), strict=True)
    if columns.varh:
        values = [
            value if varh == NO_VARH else (*value, varh) for value, varh in zip(values, columns.varh, strict=True)
        ]
    return dict(zip(accumulate(columns.minutes), values, strict=True))


def _steps(numbers: Sequence[int]) -> list[int]:
    """The differences, the first from 0; `accumulate` undoes it."""
    return list(map(sub, numbers, (0, *numbers)))
