"""A meter's usage in pages: its readings, or their sums by local hours, days or months."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime
from itertools import groupby, islice
from typing import Literal, NamedTuple, Protocol

from electrocloud.domain.local_time import DAY_S, HOUR_S, day_of, local, local_day, midnight_of, zone_of
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import Direction
from electrocloud.domain.registry.occupancy import Span
from presentation.meter_usage import UsageReading, readings_of_day
from presentation.read_api.models import ReadingQuality, UsageRow

Resolution = Literal["interval", "hour", "day", "month"]

DAYS_AT_ONCE = 32  # a month of a zone and the UTC days around it
# From the most certain quality to the least.
RANKS: dict[ReadingQuality, int] = {"measured": 0, "edited": 1, "substituted": 2, "estimated": 3, "questionable": 4}


class DaySource(Protocol):
    """Where the days of meters are read."""

    def days(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""


class UsageQuery(NamedTuple):
    """Which readings of a meter: instants from `start` to before `end` (s since 1970 UTC) that lie in `spans`.

    `qualities` are those that count; none given, all do. `zone` is the meter's, by whose clocks sums are made.
    """

    meter_id: str
    zone: str
    start: int
    end: int
    spans: Collection[Span]
    direction: Direction
    resolution: Resolution
    qualities: Collection[str] = ()


class Page(NamedTuple):
    """Rows in order of time, and where the next page begins (s since 1970 UTC); None after the last one."""

    rows: list[UsageRow]
    following: int | None


def usage_page(source: DaySource, query: UsageQuery, limit: int) -> Page:
    """The first `limit` rows. Days are read as they are needed, so a page costs no more than its rows."""
    rows = list(islice(_rows(source, query), limit + 1))
    following = rows[limit].begins if len(rows) > limit else None
    return Page([row.shown for row in rows[:limit]], following)


def readings_in(source: DaySource, query: UsageQuery) -> Iterator[UsageReading]:
    """The readings of a query in order of time."""
    first, last = day_of(query.start), day_of(max(query.start, query.end - 1))
    for number in range(first.toordinal(), last.toordinal() + 1, DAYS_AT_ONCE):
        until = min(number + DAYS_AT_ONCE - 1, last.toordinal())
        for day in source.days(query.meter_id, date.fromordinal(number), date.fromordinal(until)):
            for reading in readings_of_day(day, query.direction):
                if _wanted(reading, query):
                    yield reading


class _Row(NamedTuple):
    begins: int
    shown: UsageRow


def _rows(source: DaySource, query: UsageQuery) -> Iterator[_Row]:
    zone = zone_of(query.zone)
    readings = readings_in(source, query)
    if query.resolution == "interval":
        for one in readings:
            start = datetime.fromtimestamp(one.start, zone).isoformat()
            yield _Row(one.start, UsageRow(start, one.seconds, one.wh, one.quality, 1))
        return
    begin_of, end_of = _BUCKETS[query.resolution]
    for begins, own in groupby(readings, key=lambda reading: begin_of(reading.start, query.zone)):
        shown = _sum(own, datetime.fromtimestamp(begins, zone).isoformat(), end_of(begins, query.zone) - begins)
        yield _Row(begins, shown)


def _wanted(reading: UsageReading, query: UsageQuery) -> bool:
    return (
        query.start <= reading.start < query.end
        and (not query.qualities or reading.quality in query.qualities)
        and any(span.start <= reading.start < span.end for span in query.spans)
    )


def _sum(readings: Iterable[UsageReading], start: str, seconds: int) -> UsageRow:
    wh = count = 0
    quality: ReadingQuality = "measured"
    for one in readings:
        wh += one.wh
        count += 1
        if RANKS[one.quality] > RANKS[quality]:
            quality = one.quality
    return UsageRow(start, seconds, wh, quality, count)


def _hour(instant: int, zone: str) -> int:
    return instant - local(instant, zone) % HOUR_S


def _day(instant: int, zone: str) -> int:
    return midnight_of(local_day(instant, zone), zone)


def _month(instant: int, zone: str) -> int:
    return midnight_of(local_day(instant, zone).replace(day=1), zone)


def _next_day(begins: int, zone: str) -> int:
    return midnight_of(date.fromordinal(local_day(begins, zone).toordinal() + 1), zone)


def _next_month(begins: int, zone: str) -> int:
    return _month(begins + 32 * DAY_S, zone)


_BUCKETS: dict[str, tuple[Callable[[int, str], int], Callable[[int, str], int]]] = {
    "hour": (_hour, lambda begins, _: begins + HOUR_S),
    "day": (_day, _next_day),
    "month": (_month, _next_month),
}
