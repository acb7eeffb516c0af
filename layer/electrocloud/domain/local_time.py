"""Time as a bill sees it: months and hours of the tariff's time zone, over instants in whole seconds UTC."""

import calendar
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from electrocloud.domain.errors import UsageError

DAY_S = 86_400
HOUR_S = 3_600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class BillingMonth(NamedTuple):
    """A calendar month in the IANA time zone `zone`, from its first local midnight to that of the next."""

    year: int
    month: int
    zone: str

    @classmethod
    def at(cls, instant: int, zone: str) -> "BillingMonth":
        """The billing month that an instant (s since 1970 UTC) falls in."""
        local = datetime.fromtimestamp(instant, ZoneInfo(zone))
        return cls(local.year, local.month, zone)

    @property
    def start(self) -> int:
        """The first instant, in s since 1970 UTC."""
        return midnight_of(date(self.year, self.month, 1), self.zone)

    @property
    def end(self) -> int:
        """The first instant of the month after, in s since 1970 UTC."""
        return self.following.start

    @property
    def days(self) -> int:
        """Calendar days."""
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def following(self) -> "BillingMonth":
        """The month after."""
        return BillingMonth(self.year + self.month // 12, self.month % 12 + 1, self.zone)

    @property
    def preceding(self) -> "BillingMonth":
        """The month before."""
        return BillingMonth(self.year - (self.month == 1), (self.month - 2) % 12 + 1, self.zone)

    def utc_days(self) -> list[date]:
        """The UTC days that share an instant with the month, in order: 29 to 32 of them."""
        return [day_of(number * DAY_S) for number in range(self.start // DAY_S, (self.end - 1) // DAY_S + 1)]

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


class Offset(NamedTuple):
    """Instants from `start` to before `end` (s since 1970 UTC) at which local time is UTC + `seconds`."""

    start: int
    end: int
    seconds: int


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name, or `UsageError`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"time zone {name!r} is not known; give an IANA name such as Europe/Berlin") from None


def months_of(day: date, zone: str) -> list[BillingMonth]:
    """The one or two billing months that a UTC day has instants of, in order."""
    midnight = instant_of(day)
    first, last = BillingMonth.at(midnight, zone), BillingMonth.at(midnight + DAY_S - 1, zone)
    return [first] if first == last else [first, last]


def day_of(instant: int) -> date:
    """The UTC day of an instant in s since 1970."""
    return date.fromordinal(_EPOCH_ORDINAL + instant // DAY_S)


def instant_of(day: date) -> int:
    """The midnight that begins a UTC day, in s since 1970."""
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_S


@lru_cache(maxsize=16_384)
def midnight_of(day: date, zone: str) -> int:
    """The instant (s since 1970 UTC) at which a local day of `zone` begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp())


def local_day(instant: int, zone: str) -> date:
    """The local day that an instant (s since 1970 UTC) falls in."""
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).date()


def local(instant: int, zone: str) -> int:
    """What the clocks of `zone` show at an instant, as s from 1970-01-01 00:00 on them."""
    for span in offsets(instant // DAY_S * DAY_S, zone):
        if instant < span.end:
            return instant + span.seconds
    raise AssertionError("a day's offsets reach to its end")


def is_weekend(number: int) -> bool:
    """Whether the day that is `number` days after 1970-01-01, a Thursday, is a Saturday or a Sunday."""
    return (number + 3) % 7 >= 5


@lru_cache(maxsize=4_096)
def offsets(midnight: int, zone: str) -> tuple[Offset, ...]:
    """Local time in the UTC day that begins at `midnight`: one offset, or two where the clocks change."""
    info = ZoneInfo(zone)
    end = midnight + DAY_S
    before, after = _offset(midnight, info), _offset(end - 1, info)
    if before == after:
        return (Offset(midnight, end, before),)
    low, high = midnight, end - 1  # the clocks change in (low, high], at any second: at half past on Lord Howe Island
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, info) == before else (low, middle)
    return Offset(midnight, high, before), Offset(high, end, after)


def _offset(instant: int, zone: ZoneInfo) -> int:
    shift = datetime.fromtimestamp(instant, zone).utcoffset()
    assert shift is not None
    return int(shift.total_seconds())
