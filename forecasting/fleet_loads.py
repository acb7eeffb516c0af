"""Hourly loads of the fleet, of each feeder and of each customer class, by Athena, one query for a few UTC days."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from electrocloud.aws.store.hourly_loads import CLASS, FLEET, SeriesLoad
from electrocloud.aws.store.parquet_days import ParquetDay
from electrocloud.domain.hourly_load import HourlyLoad, LoadDay, LoadHour

Row = tuple[Any, ...]
Ask = Callable[[str], list[Row]]  # SQL in Athena's dialect, to rows

DAYS = 400  # of history: a year, and the weeks that the features of its first days look back on
NO_FEEDER = "no-feeder"  # the series of meters that have none, so that the fleet is the sum of the other series
QUERY_BYTES = 4 << 30  # of Parquet a query, of which it scans four columns; the work group's limit is 10 GiB
QUERY_DAYS = 31

_LOADS = """
WITH metered AS (
  SELECT
    coalesce(m.feeder, '') AS feeder,
    coalesce(m.class, '') AS class,
    coalesce(m.timezone, 'UTC') AS zone,
    h.dt,
    date_trunc('hour', h.hour) AS hour,
    h.wh
  FROM readings_hourly AS h
  LEFT JOIN meters AS m ON m.meter_id = h.meter_id
  WHERE h.dt IN ({days}) AND h.readings = h.expected
)
SELECT feeder, class, zone, dt, hour, sum(wh) AS wh, count(*) AS meters
FROM metered
GROUP BY GROUPING SETS ((feeder, zone, dt, hour), (class, zone, dt, hour))
"""


class _Hours(NamedTuple):
    """A series' day while its rows are added up: Wh and meters by hour, and meters' hours by zone."""

    wh: dict[int, int]
    meters: dict[int, int]
    zones: dict[str, int]


def read_days(ask: Ask, days: Iterable[date]) -> list[LoadDay]:
    """The days of the fleet, of each feeder and of each class that have readings.

    NO_FEEDER has the meters without a feeder; those without a class are in none.
    """
    listed = ", ".join(f"'{day}'" for day in days)
    found: dict[tuple[str, date], _Hours] = {}
    for feeder, customer_class, zone, dt, hour, wh, meters in ask(_LOADS.format(days=listed)):
        start = int(hour.replace(tzinfo=UTC).timestamp())  # Athena's timestamps are naive
        for series in _series_of(feeder, customer_class):
            sums = found.setdefault((series, date.fromisoformat(str(dt))), _Hours({}, {}, {}))
            sums.wh[start] = sums.wh.get(start, 0) + int(wh)
            sums.meters[start] = sums.meters.get(start, 0) + int(meters)
            sums.zones[zone] = sums.zones.get(zone, 0) + int(meters)
    for (series, day), sums in found.items():
        if series == NO_FEEDER:  # most of these are not registered, and have no zone
            found[series, day] = sums._replace(zones=found[FLEET, day].zones)
    return [
        LoadDay(
            series,
            day,
            max(sorted(sums.zones), key=sums.zones.__getitem__),
            tuple(LoadHour(start, sums.wh[start], sums.meters[start]) for start in sorted(sums.wh)),
        )
        for (series, day), sums in sorted(found.items())
    ]


def _series_of(feeder: str | None, customer_class: str | None) -> list[str]:
    """The series that a row is part of: either of the two is None, as the row adds up all of these."""
    if feeder is None:
        return [f"{CLASS}{customer_class}"] if customer_class else []
    return [FLEET, f"feeder/{feeder}" if feeder else NO_FEEDER]


def changed_days(parquet: Mapping[date, ParquetDay], versions: Mapping[date, str]) -> Iterator[dict[date, str]]:
    """The days whose Parquet is another version than was read, each with its version: newest first, a query at a time.

    A query reads up to QUERY_DAYS days with up to QUERY_BYTES together, or one day that has more.
    """
    part: dict[date, str] = {}
    size = 0
    for day, files in sorted(parquet.items(), reverse=True):
        if versions.get(day) == files.version:
            continue
        if part and (len(part) == QUERY_DAYS or size + files.bytes > QUERY_BYTES):
            yield part
            part, size = {}, 0
        part[day] = files.version
        size += files.bytes
    if part:
        yield part


def with_days(stored: SeriesLoad, series: str, read: Sequence[LoadDay]) -> SeriesLoad:
    """A stored load with the days that were read since in place of its own."""
    days = [day for day in read if day.series == series]
    if not days:
        return stored
    replaced = {day.day for day in days}
    kept = [hour for hour in stored.load.hours if datetime.fromtimestamp(hour.start, UTC).date() not in replaced]
    return SeriesLoad(HourlyLoad([*kept, *(hour for day in days for hour in day.hours)]), days[-1].zone)
