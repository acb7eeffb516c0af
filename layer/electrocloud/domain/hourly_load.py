"""The hourly load of a group of meters, and the one rule for whether an hour of it is complete."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from electrocloud.domain.local_time import DAY_S, HOUR_S
from electrocloud.domain.readings.meter_day import MeterDay

QUORUM = 0.9
WEEK_S = 7 * DAY_S


class LoadHour(NamedTuple):
    """One hour of a load: its start (s since 1970 UTC), energy (Wh), and how many meters have all its readings."""

    start: int
    wh: int
    meters: int


class HourlyLoad:
    """The energy of a group of meters by the hour.

    An hour is complete if at least QUORUM of the meters reported it: of the most that reported any hour of the week up
    to and including it. An hour with fewer meters is a gap, not a low load. Forecasts are made from complete hours and
    compared with complete hours only.
    """

    def __init__(self, hours: Iterable[LoadHour]) -> None:
        self.hours: Sequence[LoadHour] = sorted(hours)

    @property
    def end(self) -> int:
        """The end of the last hour, s since 1970 UTC; 0 if there is none."""
        return self.hours[-1].start + HOUR_S if self.hours else 0

    @property
    def complete_until(self) -> int:
        """The end of the last complete hour, s since 1970 UTC; 0 if there is none."""
        return max(self.complete_wh) + HOUR_S if self.complete_wh else 0

    @cached_property
    def complete_wh(self) -> Mapping[int, int]:
        """Wh of the complete hours by their start, ascending."""
        most: deque[LoadHour] = deque()  # the hours of the last week that no later one exceeds, in descending order
        found = {}
        for hour in self.hours:
            while most and most[-1].meters <= hour.meters:
                most.pop()
            most.append(hour)
            while most[0].start < hour.start - WEEK_S:
                most.popleft()
            if hour.meters >= QUORUM * most[0].meters:
                found[hour.start] = hour.wh
        return found

    def complete(self, start: int) -> bool:
        """Whether the hour that starts then (s since 1970 UTC) is complete."""
        return start in self.complete_wh

    def until(self, instant: int) -> "HourlyLoad":
        """The hours that ended by an instant."""
        return HourlyLoad(self.hours[: bisect_right(self.hours, instant - HOUR_S, key=lambda hour: hour.start)])


def load_of_meter(days: Iterable[MeterDay]) -> HourlyLoad:
    """The load of one meter; an hour that lacks a reading is left out.

    Hours of a zone at :30 or :45 are taken for those of UTC in which they start.
    """
    windows = (window for day in days for window in day.windows() if window.complete)
    return HourlyLoad(LoadHour(int(window.start.timestamp()) // HOUR_S * HOUR_S, window.wh, 1) for window in windows)


class LoadDay(NamedTuple):
    """One UTC day of a series: its load, and the IANA time zone of most of its meters.

    A series is `fleet`, `feeder/DE-F000`, `class/shop` or `no-feeder`.
    """

    series: str
    day: date
    zone: str
    hours: tuple[LoadHour, ...]
