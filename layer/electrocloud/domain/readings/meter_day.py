"""Hourly windows: what one meter used in each hour, derived from the set of its readings.

A window is a set of readings by start, so a repeated reading changes nothing, order does not matter, and a higher
revision replaces. All 24 windows of a UTC day are kept together as a `MeterDay`, which is one stored item.
"""

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from operator import sub
from typing import NamedTuple, Self

import msgspec

from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.upload import VOIDED, Adjustment, Reading, Upload, Value


class Interval(NamedTuple):
    """Energy over time, all that billing needs of a reading: start in s since 1970 UTC, length in s, energy in Wh."""

    start: int
    seconds: int
    wh: int


class Window(NamedTuple):
    """One meter's hour: energy in Wh, the largest interval's mean power in W, readings present and readings due."""

    start: datetime
    wh: int
    peak_w: int
    present: int
    expected: int

    @property
    def complete(self) -> bool:
        """Whether every interval of the hour was read."""
        return self.present == self.expected


class MeterDay:
    """One meter's readings of one UTC day, and what operators did to them.

    All readings are kept, by interval length and minute. In an hour with readings of two interval lengths (a meter that
    was changed) one length counts: that of the highest revision there, then the shorter; so nothing counts twice. A
    voided reading is kept like any other, and counts as missing.
    """

    def __init__(
        self,
        day: date,
        readings: dict[int, dict[int, Value]] | None = None,
        adjustments: Iterable[Adjustment] = (),
    ) -> None:
        self.day = day
        self._readings = readings or {}
        self._adjustments = {*adjustments}

    def merge(self, upload: Upload) -> int:
        """Add an upload of this day; returns how many readings were new or replaced another.

        An operator's action that is new counts one more: it is kept even where a later one holds.
        """
        if upload.adjustment and upload.adjustment not in self._adjustments:
            self._adjustments.add(upload.adjustment)
            return 1 + self._merge(upload)
        return self._merge(upload)

    def _merge(self, upload: Upload) -> int:
        kept = self._readings.get(upload.interval_s)
        if not kept:
            fresh = dict(upload.readings)
            if len(fresh) == len(upload.readings):  # no two of one minute, so there is nothing to compare
                self._readings[upload.interval_s] = fresh
                return len(fresh)
            kept = self._readings[upload.interval_s] = {}
        changed = 0
        for minute, value in upload.readings:
            before = kept.get(minute)
            if before is None or value > before:
                kept[minute] = value
                changed += 1
        return changed

    def intervals(self) -> list[Interval]:
        """The readings that count, in time order."""
        midnight = instant_of(self.day)
        return [Interval(midnight + minute * 60, seconds, value[1]) for minute, seconds, value in self._in_order()]

    def rows(self, meter_id: str) -> list[Reading]:
        """The readings that count, in time order, with their revision and voltage (V)."""
        midnight = datetime.combine(self.day, time(), UTC)
        return [
            Reading(meter_id, midnight + timedelta(minutes=minute), seconds, wh, revision, decivolt / 10 or None)
            for minute, seconds, (revision, wh, decivolt) in self._in_order()
        ]

    def windows(self) -> list[Window]:
        """The hours that have a reading, in time order."""
        hours: dict[int, list[Interval]] = {}
        for interval in self.intervals():
            hours.setdefault(interval.start // 3600, []).append(interval)
        return [_window(hour, intervals) for hour, intervals in hours.items()]

    def hours_wh(self) -> list[int]:
        """Energy of each of the day's 24 hours (UTC) in Wh, 0 where nothing was read."""
        hours = [0] * 24
        for kept in self._counted().values():
            for minute, value in kept.items():
                hours[minute // 60] += value[1]
        return hours

    @property
    def count(self) -> int:
        """How many readings count."""
        return sum(map(len, self._counted().values()))

    @property
    def adjustments(self) -> list[Adjustment]:
        """What operators did, in order of time."""
        return sorted(self._adjustments)

    def minutes_of(self, adjustment: Adjustment) -> list[int]:
        """The starts of the readings that still are as the operator made them, in minutes of the day."""
        kept = self._readings.get(adjustment.interval_s, {})
        return sorted(minute for minute, value in kept.items() if value[0] == adjustment.revision)

    @property
    def lengths(self) -> list[int]:
        """The interval lengths (s) that it has readings of, those that do not count too."""
        return sorted(self._readings)

    def length_at(self, minute: int) -> int | None:
        """The length (s) of the interval that starts at a minute and counts, voided or not."""
        return next((seconds for seconds, kept in self._counting().items() if minute in kept), None)

    def voided(self) -> list[int]:
        """The starts (s since 1970) of the intervals that are voided."""
        if not self._adjustments:
            return []
        midnight = instant_of(self.day)
        return sorted(
            midnight + minute * 60
            for kept in self._counting().values()
            for minute, value in kept.items()
            if value[1] == VOIDED
        )

    @property
    def latest(self) -> Interval:
        """The last of the readings that count; only a day whose `count` is not 0 has one."""
        counted = self._counted()
        minute, seconds = max((max(kept), seconds) for seconds, kept in counted.items() if kept)
        return Interval(instant_of(self.day) + minute * 60, seconds, counted[seconds][minute][1])

    @property
    def interval_s(self) -> int:
        """The length (s) of the day's latest reading: what the meter sends now."""
        return self.latest.seconds

    def pack(self) -> bytes:
        """The stored form. Equal sets give equal bytes, so a store can compare contents to detect a change.

        For each interval length its readings as columns; minutes and voltages as steps from the one before, since
        equal steps compress to almost nothing.
        """
        columns: list[_Column] = []
        for seconds in sorted(self._readings):
            kept = self._readings[seconds]
            minutes = sorted(kept)
            revisions, wh, decivolts = zip(*map(kept.__getitem__, minutes), strict=True)
            columns.append((seconds, _steps(minutes), revisions, wh, _steps(decivolts)))
        form = _Adjusted(columns, self.adjustments) if self._adjustments else columns
        return zlib.compress(_encoder.encode(form), 6)

    @classmethod
    def unpack(cls, day: date, data: bytes) -> Self:
        """A day from what `pack` made of it."""
        form = _decoder.decode(zlib.decompress(data))
        columns, adjustments = (form.columns, form.adjustments) if isinstance(form, _Adjusted) else (form, [])
        readings = {
            seconds: dict(zip(accumulate(minutes), zip(revisions, wh, accumulate(decivolts), strict=True), strict=True))
            for seconds, minutes, revisions, wh, decivolts in columns
        }
        return cls(day, readings, adjustments)

    def _counted(self) -> dict[int, dict[int, Value]]:
        """The readings that count, by interval length and minute."""
        if not self._adjustments:
            return self._counting()
        return {
            seconds: {minute: value for minute, value in kept.items() if value[1] != VOIDED}
            for seconds, kept in self._counting().items()
        }

    def _counting(self) -> dict[int, dict[int, Value]]:
        """The readings that count, and the voided ones of the lengths that count."""
        if len(self._readings) == 1:
            return self._readings
        best: dict[int, tuple[int, int]] = {}
        for seconds, kept in self._readings.items():
            for minute, value in kept.items():
                claim = (value[0], -seconds)
                best[minute // 60] = max(best.get(minute // 60, claim), claim)
        return {
            seconds: {minute: value for minute, value in kept.items() if best[minute // 60][1] == -seconds}
            for seconds, kept in self._readings.items()
        }

    def _in_order(self) -> list[tuple[int, int, Value]]:
        return sorted(
            [(minute, seconds, value) for seconds, kept in self._counted().items() for minute, value in kept.items()]
        )


# interval length, steps of the minutes, revisions, Wh, steps of the voltages
_Column = tuple[int, list[int], Sequence[int], Sequence[int], list[int]]


class _Adjusted(msgspec.Struct, frozen=True):
    """The form of a day that operators changed; all others are columns alone, as they ever were."""

    columns: list[_Column]
    adjustments: list[Adjustment]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Column] | _Adjusted)


def _steps(numbers: Sequence[int]) -> list[int]:
    """The differences, the first from 0; `accumulate` undoes it."""
    return list(map(sub, numbers, (0, *numbers)))


def _window(hour: int, intervals: Iterable[Interval]) -> Window:
    readings = list(intervals)
    seconds = readings[0].seconds
    return Window(
        start=datetime.fromtimestamp(hour * 3600, UTC),
        wh=sum(reading.wh for reading in readings),
        peak_w=max(reading.wh for reading in readings) * 3600 // seconds,
        present=len(readings),
        expected=3600 // seconds,
    )
