"""Meters' readings from the lake, by UTC day: what the audit compares with windows, and rates bills from."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import date, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import NamedTuple, cast

from analytics import questions
from analytics.audit import Amount, MeterDayKey
from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.readings.upload import Direction

QUERY = Path(__file__).parent / "queries" / "meter_readings.sql"
_LENGTH, _MINUTES, _WH, _VARH = 1, 4, 5, 6  # a line's fields
DAYS_AT_ONCE = 8  # of one query, which bounds its memory

Ask = Callable[[str], Sequence[tuple[object, ...]]]


class LakeRow(NamedTuple):
    """Some days of a meter in one direction, as the query's text, a line per day."""

    direction: Direction
    days: str


LakeRows = Mapping[str, Sequence[LakeRow]]  # by meter


class LakeDay:
    """A meter's UTC day as the lake has it. Its readings are parsed when they are asked for: a fleet's are too many."""

    def __init__(self, day: date) -> None:
        self.day = day
        self._lines: dict[Direction, list[str]] = {"delivered": [], "received": []}

    def add(self, direction: Direction, line: str) -> None:
        """Add the readings of one interval length."""
        self._lines[direction].append(line)

    def intervals(self, direction: Direction = "delivered") -> list[Interval]:
        """The readings that count, in time order."""
        return sorted(chain.from_iterable(_parse(self.day, line) for line in self._lines[direction]))

    def reactive(self) -> list[Interval]:
        """The reactive energy (varh in the place of Wh) of the readings that count and have it, in time order."""
        return sorted(chain.from_iterable(_parse_reactive(self.day, line) for line in self._lines["delivered"]))


class LakeDays:
    """Meters' days from rows of the lake, in the place of windows."""

    def __init__(self, rows: LakeRows) -> None:
        self._days = {meter: _days(own) for meter, own in rows.items()}

    def days_between(self, meter_id: str, first: date, last: date) -> list[LakeDay]:
        """A meter's UTC days from `first` to `last`, in order."""
        own = self._days.get(meter_id, {})
        return [own[day] for day in sorted(own) if first <= day <= last]


def read_lake(ask: Ask, pool: Executor, first: date, last: date, meters: Iterable[str]) -> dict[str, list[LakeRow]]:
    """The rows of the UTC days from `first` to `last`, of some meters, or of `all`; `ask` runs a SELECT."""
    question = questions.read(QUERY)
    starts = [first + timedelta(days=number) for number in range(0, (last - first).days + 1, DAYS_AT_ONCE)]
    queries = [
        {"first_day": str(start), "last_day": str(min(start + timedelta(days=DAYS_AT_ONCE - 1), last)), "meter": meter}
        for meter in meters
        for start in starts
    ]
    found: dict[str, list[LakeRow]] = defaultdict(list)
    for rows in pool.map(lambda values: ask(question.render(values)), queries):
        for meter_id, direction, days in rows:
            found[str(meter_id)].append(LakeRow(cast("Direction", direction), str(days)))
    return found


def amounts(rows: LakeRows, first: date, end: date) -> dict[MeterDayKey, Amount]:
    """How many readings the lake has of each meter and UTC day from `first` to before `end`, and their Wh."""
    low, high = str(first), str(end)
    found: dict[MeterDayKey, Amount] = {}
    for meter_id, own in rows.items():
        for direction, days in own:
            for line in days.splitlines():
                day, _, count, wh, _ = line.split("|", 4)
                if low <= day < high:
                    key = meter_id, date.fromisoformat(day)
                    one = (int(count), int(wh))
                    amount = Amount(*one) if direction == "delivered" else Amount(0, 0, *one)
                    found[key] = found[key].plus(amount) if key in found else amount
    return found


def _days(rows: Iterable[LakeRow]) -> dict[date, LakeDay]:
    found: dict[date, LakeDay] = {}
    for direction, days in rows:
        for line in days.splitlines():
            day = date.fromisoformat(line.partition("|")[0])
            found.setdefault(day, LakeDay(day)).add(direction, line)
    return found


def _parse(day: date, line: str) -> Iterator[Interval]:
    wh = line.split("|")[_WH].split()
    return map(Interval._make, zip(*_times(day, line, len(wh)), map(int, wh), strict=True))


def _parse_reactive(day: date, line: str) -> Iterator[Interval]:
    varh = line.split("|")[_VARH].split() if line.count("|") == _VARH else []
    times = zip(*_times(day, line, len(varh)), varh, strict=True) if varh else ()
    return (Interval(start, seconds, int(value)) for start, seconds, value in times if value != "-")


def _times(day: date, line: str, count: int) -> tuple[Sequence[int], Iterator[int]]:
    """The start and length of each of a line's readings."""
    length, minutes = line.split("|")[_LENGTH], line.split("|")[_MINUTES]
    seconds = int(length)
    starts: Sequence[int] = [instant_of(day) + int(minute) * 60 for minute in minutes.split()]
    if len(starts) < count:
        (first,) = starts
        starts = range(first, first + count * seconds, seconds)
    return starts, repeat(seconds, count)
