"""Hourly windows: what one meter's readings say of each hour, derived from the set of its readings.

A window is a set of readings by start and direction, so a repeated reading changes nothing, order does not matter, and
a higher revision replaces. All 24 windows of a UTC day are kept together as a `MeterDay`, which is one stored item.
"""

import zlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol, Self

import msgspec

from electrocloud.domain.local_time import HOUR_S, instant_of
from electrocloud.domain.readings.reading_set import Columns, ReadingSet
from electrocloud.domain.readings.upload import (
    DAY_MINUTES,
    QUALITIES,
    VARH,
    Adjustment,
    Direction,
    Quality,
    Reading,
    Upload,
    Value,
)


class Interval(NamedTuple):
    """Energy over time, all that billing needs of a reading: start in s since 1970 UTC, length in s, energy in Wh."""

    start: int
    seconds: int
    wh: int


class Window(NamedTuple):
    """One meter's hour: an hour of UTC or, where its hours or half-hours are aligned to a zone at :30 or :45, of that.

    Of the energy delivered: Wh, the largest interval's mean power in W, readings present and readings due. Then the Wh
    received from the customer, and how many of the readings of both directions have a quality other than measured.
    """

    start: datetime
    wh: int
    peak_w: int
    present: int
    expected: int
    received_wh: int = 0
    estimated: int = 0
    substituted: int = 0
    questionable: int = 0

    @property
    def complete(self) -> bool:
        """Whether every interval of the hour was read, of the energy delivered."""
        return self.present == self.expected


class DayReadings(Protocol):
    """What billing reads of one meter's UTC day."""

    @property
    def day(self) -> date:
        """The UTC day."""

    def intervals(self, direction: Direction = "delivered") -> list[Interval]:
        """The readings that count, in time order."""

    def reactive(self) -> list[Interval]:
        """The reactive energy (varh in the place of Wh) of the readings that count and have it, in time order."""


class MeterDay:
    """One meter's readings of one UTC day, of both directions, and what operators did to them.

    What has no direction in its name is of energy delivered, or of the direction that is asked for.
    """

    def __init__(
        self,
        day: date,
        delivered: ReadingSet | None = None,
        received: ReadingSet | None = None,
        adjustments: Iterable[Adjustment] = (),
    ) -> None:
        self.day = day
        self._delivered = delivered or ReadingSet()
        self._received = received or ReadingSet()
        self._adjustments = {*adjustments}

    def merge(self, upload: Upload) -> int:
        """Add an upload of this day; returns how many readings were new or replaced another.

        An operator's action that is new counts one more: it is kept even where a later one holds.
        """
        new = self._delivered.merge(upload.interval_s, upload.readings) if upload.readings else 0
        if upload.received:
            new += self._received.merge(upload.interval_s, upload.received)
        if upload.adjustment:
            self._delivered.adjusted = self._received.adjusted = True
            new += upload.adjustment not in self._adjustments
            self._adjustments.add(upload.adjustment)
        return new

    def intervals(self, direction: Direction = "delivered") -> list[Interval]:
        """The readings that count, in time order."""
        midnight = instant_of(self.day)
        return [
            Interval(midnight + minute * 60, seconds, value[2])
            for minute, seconds, value in self._of(direction).in_order()
        ]

    def reactive(self) -> list[Interval]:
        """The reactive energy (varh in the place of Wh) of the readings that count and have it, in time order."""
        midnight = instant_of(self.day)
        return [
            Interval(midnight + minute * 60, seconds, value[VARH])
            for minute, seconds, value in self._delivered.in_order()
            if len(value) > VARH
        ]

    def rows(self, meter_id: str, direction: Direction = "delivered") -> list[Reading]:
        """The readings that count, in time order, with their revision, voltage (V), quality and varh."""
        midnight = datetime.combine(self.day, time(), UTC)
        return [
            Reading(
                meter_id,
                midnight + timedelta(minutes=minute),
                seconds,
                wh,
                revision,
                decivolt / 10 or None,
                direction,
                QUALITIES[quality],
                *varh,
            )
            for minute, seconds, (revision, quality, wh, decivolt, *varh) in self._of(direction).in_order()
        ]

    def windows(self) -> list[Window]:
        """The hours that have a reading of either direction, in time order.

        A reading of a day has no part in them: its energy is known for the day alone.
        """
        delivered, received = _by_hour(self._delivered), _by_hour(self._received)
        midnight = datetime.combine(self.day, time(), UTC)
        return [
            _window(midnight + timedelta(minutes=minute), delivered.get(minute, []), received.get(minute, []))
            for minute in sorted(delivered.keys() | received.keys())
        ]

    def hours_wh(self, direction: Direction = "delivered") -> list[int]:
        """Energy of the readings that start in each of the day's 24 hours (UTC) in Wh, 0 where none does."""
        return self._of(direction).hours_wh()

    @property
    def count(self) -> int:
        """How many readings of energy delivered count."""
        return self._delivered.count()

    @property
    def received_count(self) -> int:
        """How many readings of energy received count."""
        return self._received.count()

    @property
    def adjustments(self) -> list[Adjustment]:
        """What operators did, in order of time."""
        return sorted(self._adjustments)

    def minutes_of(self, adjustment: Adjustment, direction: Direction = "delivered") -> list[int]:
        """The starts of the readings that still are as the operator made them, in minutes of the day."""
        kept = self._of(direction).of_length(adjustment.interval_s)
        return sorted(minute for minute, value in kept.items() if value[0] == adjustment.revision)

    def lengths(self, direction: Direction = "delivered") -> list[int]:
        """The interval lengths (s) that it has readings of, those that do not count too."""
        return self._of(direction).lengths()

    def starts(self, seconds: int, direction: Direction = "delivered") -> list[int]:
        """The minutes of the day at which intervals of a length (s) start, by the grids that it has readings of."""
        step = seconds // 60
        grids = {minute % step for minute in self._of(direction).of_length(seconds)}
        return [minute for minute in range(DAY_MINUTES) if minute % step in grids]

    def length_at(self, minute: int, direction: Direction = "delivered") -> int | None:
        """The length (s) of the interval that starts at a minute and counts, voided or not."""
        counting = self._of(direction).counting()
        return next((seconds for seconds, kept in counting.items() if minute in kept), None)

    def voided(self) -> list[int]:
        """The starts (s since 1970) of the intervals of energy delivered that are voided."""
        midnight = instant_of(self.day)
        return [midnight + minute * 60 for minute in self._delivered.voided()]

    @property
    def latest(self) -> Interval:
        """The last of the readings of energy delivered that count; only a day whose `count` is not 0 has one."""
        counted = self._delivered.counted()
        minute, seconds = max((max(kept), seconds) for seconds, kept in counted.items() if kept)
        return Interval(instant_of(self.day) + minute * 60, seconds, counted[seconds][minute][2])

    @property
    def interval_s(self) -> int:
        """The length (s) of the day's latest reading: what the meter sends now."""
        return self.latest.seconds

    def pack(self) -> bytes:
        """The stored form. Equal sets give equal bytes, so a store can compare contents to detect a change.

        A day without received energy, adjustments and qualities has the form that earlier versions gave it.
        """
        delivered, received = (_stored(one.columns()) for one in (self._delivered, self._received))
        form = _Form(delivered, self.adjustments, received) if received or self._adjustments else delivered
        return zlib.compress(_encoder.encode(form), 6)

    @classmethod
    def unpack(cls, day: date, data: bytes) -> Self:
        """A day from what `pack` made of it, in this version or an earlier one."""
        form = _decoder.decode(zlib.decompress(data))
        if not isinstance(form, _Form):
            return cls(day, ReadingSet(form))
        adjusted = bool(form.adjustments)
        delivered, received = (ReadingSet(own, adjusted=adjusted) for own in (form.columns, form.received))
        return cls(day, delivered, received, form.adjustments)

    def _of(self, direction: Direction) -> ReadingSet:
        return self._delivered if direction == "delivered" else self._received


class _Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """The form of a day that operators changed or that has received energy; all others are columns alone."""

    columns: list[Columns]
    adjustments: list[Adjustment] = []
    received: list[Columns] = []


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Columns] | _Form)


def _stored(columns: list[Columns]) -> list[Columns]:
    """Columns as they are encoded: without what none of them has, as they ever were."""
    return [one if one.varh else one[:6] if one.qualities else one[:5] for one in columns]  # type: ignore[misc]


def _by_hour(readings: ReadingSet) -> dict[int, list[tuple[int, Value]]]:
    """The length (s) and value of each reading that counts, by the minute of the day at which its hour starts."""
    hours: dict[int, list[tuple[int, Value]]] = {}
    for minute, seconds, value in readings.in_order():
        if seconds <= HOUR_S:
            hours.setdefault(minute // 60 * 60 + minute % 60 % (seconds // 60), []).append((seconds, value))
    return hours


def _window(start: datetime, delivered: list[tuple[int, Value]], received: list[tuple[int, Value]]) -> Window:
    seconds = (delivered or received)[0][0]
    qualities = Counter[Quality](QUALITIES[value[1]] for _, value in (*delivered, *received))
    return Window(
        start=start,
        wh=sum(value[2] for _, value in delivered),
        peak_w=max((value[2] for _, value in delivered), default=0) * 3600 // seconds,
        present=len(delivered),
        expected=3600 // seconds,
        received_wh=sum(value[2] for _, value in received),
        estimated=qualities["estimated"],
        substituted=qualities["substituted"],
        questionable=qualities["questionable"],
    )
