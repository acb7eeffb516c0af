"""A load as the models see it: consecutive hours of local time, because consumption follows local time, not UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import NamedTuple

import holidays
import numpy as np
from numpy.typing import NDArray

from electrocloud.domain.errors import UsageError
from electrocloud.domain.hourly_load import HourlyLoad
from electrocloud.domain.local_time import zone_of
from forecasting.weather import Weather

Floats = NDArray[np.float64]
Hours = NDArray[np.int64]

HOUR_S = 3_600
LONGEST_HOURS = 200_000  # 22 years: beyond that, a wrong year in a file is more likely than a longer history


class Load(NamedTuple):
    """An hourly series on the wall clock of `zone`, or if that is "" on the clock that its timestamps were written by.

    first: the wall-clock hour of the first value (hours from 1970-01-01 00:00 on that clock). values: NaN where there
    is none; the hour that the clocks skip in spring is NaN, and the one that they show twice in autumn is the mean of
    both. filled: without NaN, from the past alone: a missing hour is as a week before, or a day, or the last known.
    weather: the temperature there, if it is known. group: the load of a group that this one belongs to, in the same
    zone, which has a longer history.
    """

    first: int
    values: Floats
    filled: Floats
    zone: str
    weather: Weather | None = None
    group: "Load | None" = None

    def until(self, hours: int) -> "Load":
        """The first hours of the load."""
        return self._replace(values=self.values[:hours], filled=self.filled[:hours])

    @property
    def end(self) -> int:
        """The first hour of the wall clock after the load."""
        return self.first + len(self.values)


def load_of(clock: Sequence[int] | Hours, values: Sequence[float | None] | Floats, zone: str = "") -> Load:
    """The load of hourly values by what the clock showed at their starts (s from 1970-01-01 00:00 on it).

    Order does not matter; None and NaN are gaps, and gaps at either end are cut off; values of one hour are averaged.
    `UsageError` for starts that are not on one hourly grid, and where there is no value at all.
    """
    starts, numbers = np.asarray(clock, np.int64), np.asarray(values, np.float64)
    known = np.isfinite(numbers)
    starts, numbers = starts[known], numbers[known]
    if not len(starts):
        raise UsageError("the series has no values; it needs rows with a timestamp and a number")
    if len(np.unique(starts % HOUR_S)) > 1:
        gap = int(np.diff(np.unique(starts)).min())
        raise UsageError(f"the series has values {gap / 60:g} min apart; add them up to whole hours first")
    hours = starts // HOUR_S
    first, count = int(hours.min()), int(hours.max() - hours.min()) + 1
    if count > LONGEST_HOURS:
        raise UsageError(f"the series spans {count // 8766} years; check its timestamps, or cut it")
    seen = np.bincount(hours - first, minlength=count)
    total = np.bincount(hours - first, numbers, minlength=count)
    mean = np.where(seen > 0, total / np.maximum(seen, 1), np.nan)
    return Load(first, mean, _filled(mean), zone)


def clock_load(load: HourlyLoad, zone: str) -> Load:
    """An hourly load on the wall clock of a zone; an hour that is not complete is a gap."""
    if not load.complete_wh:
        raise UsageError("there are no readings yet to forecast from; start the fleet, or wait for its Parquet")
    starts = np.fromiter(load.complete_wh.keys(), np.int64)
    return load_of(wall_clock(starts, zone), np.fromiter(load.complete_wh.values(), np.float64), zone)


class Days(NamedTuple):
    """A horizon of so many whole days of the local calendar, and the rest of the day in which the load ends."""

    whole: int


def hours_after(end: int, horizon: int | Days, zone: str) -> list[datetime]:
    """The starts of the hours from `end` (s since 1970 UTC) on, in the zone."""
    zoned = zone_of(zone)
    hours = horizon if isinstance(horizon, int) else _hours_of_days(end, horizon, zone)
    return [datetime.fromtimestamp(end + step * HOUR_S, zoned) for step in range(hours)]


def _hours_of_days(end: int, days: Days, zone: str) -> int:
    begun = datetime.fromtimestamp(end, zone_of(zone))
    midnight = begun.replace(hour=0, minute=0, second=0)
    last = midnight + timedelta(days=days.whole + (midnight != begun))
    return (int(last.timestamp()) - end) // HOUR_S


def shown(time: datetime) -> int:
    """A time's wall-clock reading, in s since 1970-01-01 00:00 on that clock, ignoring its offset."""
    return int(time.replace(tzinfo=UTC).timestamp())


def wall_clock(instants: Hours, zone: str) -> Hours:
    """The local time of a zone at each instant (s since 1970 UTC), in s since 1970-01-01 00:00 local."""
    info = zone_of(zone)
    offsets = [datetime.fromtimestamp(instant, info).utcoffset() or timedelta() for instant in instants.tolist()]
    return instants + np.array([int(offset.total_seconds()) for offset in offsets], np.int64)


def calendar_of(first: int, hours: int, zone: str) -> Floats:
    """Calendar features of each local hour, in columns.

    Hour of the day, day of the week (0 is Monday), day of the year, and whether the day is a public holiday of the
    zone's country, comes before one, or after one.
    """
    clock = np.arange(first, first + hours)
    number = clock // 24
    days = np.arange(number[0] - 1, number[-1] + 2)
    dates = days.astype("datetime64[D]")
    of_year = (dates - dates.astype("datetime64[Y]")).astype(int)
    off = np.isin(
        days, list(_holidays(zone, tuple(np.unique(dates.astype("datetime64[Y]").astype(int) + 1970).tolist())))
    )
    row = number - days[0]
    columns = (clock % 24, (number + 3) % 7, of_year[row], off[row], off[row + 1], off[row - 1])
    return np.stack(columns, axis=1).astype(float)


def _filled(values: Floats) -> Floats:
    filled = values.copy()
    for hour in np.flatnonzero(np.isnan(values)).tolist():
        back = next(lag for lag in (168, 24, 1) if lag <= hour)
        filled[hour] = filled[hour - back]
    return filled


@cache
def _holidays(zone: str, years: tuple[int, ...]) -> frozenset[int]:
    """National holidays of the zone's country, as days since 1970-01-01; none if unknown."""
    country = _countries().get(zone, "")
    if country not in holidays.list_supported_countries():
        return frozenset()
    epoch = datetime(1970, 1, 1, tzinfo=UTC).date()
    return frozenset((day - epoch).days for day in holidays.country_holidays(country, years=years))


@cache
def _countries() -> dict[str, str]:
    """The country (ISO 3166) of each zone, by the time zone database's own list."""
    lines = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def mean_of_known(values: Floats, axis: int, keepdims: bool = False) -> Floats:
    """The mean of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis, keepdims=keepdims)
    total = np.where(known, values, 0).sum(axis, keepdims=keepdims)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
