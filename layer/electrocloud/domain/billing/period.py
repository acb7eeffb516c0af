"""Billing periods: the local days that one bill covers, from a billing cycle, cut to the dates of service."""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from electrocloud.domain.local_time import DAY_S, BillingMonth, day_of, instant_of, local_day, midnight_of


class BillingPeriod(NamedTuple):
    """The local days of `zone` from `first_day` to before `end_day`, all of them or a part of one billing cycle.

    The uncut cycle is from `cycle_first` to before `cycle_end`. `month` is YYYY-MM where that is the calendar month,
    and "" where it runs from a read day to the next.
    """

    first_day: date
    end_day: date
    zone: str
    cycle_first: date
    cycle_end: date
    month: str

    @property
    def start(self) -> int:
        """The first instant, in s since 1970 UTC."""
        return midnight_of(self.first_day, self.zone)

    @property
    def end(self) -> int:
        """The first instant after the period, in s since 1970 UTC."""
        return midnight_of(self.end_day, self.zone)

    @property
    def days(self) -> int:
        """Local days."""
        return (self.end_day - self.first_day).days

    @property
    def full_days(self) -> int:
        """Local days of the uncut cycle, 28 to 31."""
        return (self.cycle_end - self.cycle_first).days

    @property
    def is_whole(self) -> bool:
        """Whether the period is its whole cycle."""
        return self.days == self.full_days

    def utc_days(self) -> list[date]:
        """The UTC days that share an instant with the period, in order."""
        return [day_of(number * DAY_S) for number in range(self.start // DAY_S, (self.end - 1) // DAY_S + 1)]

    def cut(self, first_day: date | None, end_day: date | None) -> "BillingPeriod | None":
        """The part of the period from `first_day` to before `end_day`; None where it has no day."""
        first = max(self.first_day, first_day or self.first_day)
        end = min(self.end_day, end_day or self.end_day)
        return self._replace(first_day=first, end_day=end) if first < end else None


class BillingCycle(NamedTuple):
    """When one billing period ends and the next begins: on the local day `day` (1 to 28) of each month."""

    day: int = 1

    def period_of(self, day: date, zone: str) -> BillingPeriod:
        """The uncut period that a local day is in."""
        return _period_of(self.day, day, zone)

    def periods_of_utc_day(self, day: date, zone: str) -> list[BillingPeriod]:
        """The one or two uncut periods that a UTC day has instants of, in order."""
        midnight = instant_of(day)
        first = self.period_of(local_day(midnight, zone), zone)
        return [first] if midnight + DAY_S <= first.end else [first, self.period_of(first.end_day, zone)]


@lru_cache(maxsize=4_096)
def _period_of(read_day: int, day: date, zone: str) -> BillingPeriod:
    first = day.replace(day=read_day)
    if day < first:
        first = (first.replace(day=1) - timedelta(days=1)).replace(day=read_day)
    end = (first.replace(day=1) + timedelta(days=31)).replace(day=read_day)
    month = f"{first:%Y-%m}" if read_day == 1 else ""
    return BillingPeriod(first, end, zone, first, end, month)


def cycle_before(cycle: str, months: int) -> str:
    """The name of the cycle so many months before one that is named `2026-07` or, from a read day on, `2026-07-15`."""
    number = int(cycle[:4]) * 12 + int(cycle[5:7]) - 1 - months
    return f"{number // 12:04}-{number % 12 + 1:02}{cycle[len('2026-07') :]}"


def calendar_period(month: BillingMonth) -> BillingPeriod:
    """A whole calendar month."""
    return BillingCycle().period_of(date(month.year, month.month, 1), month.zone)
