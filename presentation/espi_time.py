"""A zone's clock as ESPI's local time parameters: offsets in s, and the rules of summer time as 32 bits in hex."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from electrocloud.domain.local_time import zone_of

_YEARS = 6  # in so many, the fourth week of a month is also its last now and then
_NONE = "00000000"


class LocalTime(NamedTuple):
    """The standard offset from UTC (s), what summer time adds (s), and the rules for when that ends and starts.

    A rule's bits: month (4), which of its weekdays (3: 2 the first, 3 the second, 4 the third, 5 the fourth, 7 the
    last), day of the month (5: none), weekday (3: 1 Monday to 7 Sunday), hour (5) and second of the hour (12). Without
    summer time, or where it is not by weekdays, rules and addition are 0.
    """

    offset: int
    dst_offset: int
    dst_end_rule: str
    dst_start_rule: str


def local_time(zone: str, year: int) -> LocalTime:
    """The parameters of an IANA zone as of a year."""
    starts: list[datetime] = []
    ends: list[datetime] = []
    for one in range(year, year + _YEARS):
        changes = _changes(zone, one)
        if len(changes) != 2:
            return LocalTime(_seconds(datetime(year, 1, 1, tzinfo=UTC), zone), 0, _NONE, _NONE)
        for at, added in changes:
            (starts if added > 0 else ends).append(at)
    offset = min(_seconds(at, zone) for at in (*starts, *ends))
    added = max(_seconds(at, zone) for at in (*starts, *ends)) - offset
    start, end = _rule(starts, offset), _rule(ends, offset + added)
    return LocalTime(offset, added, end, start) if start and end else LocalTime(offset, 0, _NONE, _NONE)


def _changes(zone: str, year: int) -> list[tuple[datetime, int]]:
    """The instants in a year at which the offset changes, to the hour, and by how many s."""
    first = datetime(year, 1, 1, tzinfo=UTC)
    hours = [first + timedelta(hours=hour) for hour in range(0, 366 * 24, 24)]
    found = []
    for day in hours:
        if _seconds(day, zone) != _seconds(day + timedelta(days=1), zone):
            half_hours = (day + timedelta(minutes=30 * step) for step in range(1, 49))
            at = next(one for one in half_hours if _seconds(one, zone) != _seconds(day, zone))
            found.append((at, _seconds(at, zone) - _seconds(day, zone)))
    return found


def _rule(changes: list[datetime], offset: int) -> str:
    """The rule by which these changes happen, on the clock before them; "" if there is none by weekdays."""
    shown = [at + timedelta(seconds=offset) for at in changes]
    weeks = {(one.day - 1) // 7 for one in shown}
    last = all((one + timedelta(days=7)).month != one.month for one in shown)
    alike = {(one.month, one.isoweekday(), one.hour, one.minute) for one in shown}
    if len(alike) != 1 or (len(weeks) > 1 and not last):
        return ""
    month, weekday, hour, minute = alike.pop()
    which = 7 if last else weeks.pop() + 2
    return f"{month << 28 | which << 25 | weekday << 17 | hour << 12 | minute * 60:08X}"


def _seconds(at: datetime, zone: str) -> int:
    offset = at.astimezone(zone_of(zone)).utcoffset() or timedelta()
    return int(offset.total_seconds())
