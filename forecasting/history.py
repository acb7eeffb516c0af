"""The history that forecasts are made of: hourly loads, from the readings by Athena or from a meter's windows."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from electrocloud.domain.readings.meter_day import MeterDay
from forecasting.load import HOUR_S, Load, load_of, wall_clock

Row = tuple[Any, ...]
Ask = Callable[[str], list[Row]]  # SQL in Athena's dialect, to rows

DAYS = 400  # a year, and the weeks that the features of its first days look back on
QUORUM = 0.9  # of the meters that reported within the week: an hour with less is a gap, not a low load

_LOADS = """
SELECT coalesce(m.feeder, '') AS feeder, h.hour, sum(h.wh) AS wh, count(*) AS meters
FROM readings_hourly AS h
LEFT JOIN meters AS m ON m.meter_id = h.meter_id
WHERE h.dt >= '{first}' AND h.readings = h.expected
GROUP BY coalesce(m.feeder, ''), h.hour
"""


class History(NamedTuple):
    """Hourly energy of a group of meters: starts in s since 1970 UTC, ascending, Wh, and how many meters reported."""

    instants: list[int]
    wh: list[int]
    meters: list[int]

    def ahead(self, hours: int, zone: str) -> list[datetime]:
        """The starts of the hours that pass after the last one, in the zone."""
        zoned = zone_of(zone)
        return [datetime.fromtimestamp(self.instants[-1] + step * HOUR_S, zoned) for step in range(1, hours + 1)]

    def until(self, instant: int) -> "History":
        """What was known at an instant: the hours that had begun and ended before it."""
        known = bisect_right(self.instants, instant - HOUR_S)
        return History(self.instants[:known], self.wh[:known], self.meters[:known])

    def load(self, zone: str) -> Load:
        """The load on the wall clock of a zone; an hour in which too few meters reported is a gap."""
        if not self.instants:
            raise UsageError("there are no readings yet to forecast from; start the fleet, or wait for its Parquet")
        instants, meters = np.array(self.instants), np.array(self.meters)
        week = np.searchsorted(instants, instants - 7 * 86_400)
        usual = np.array([meters[first : place + 1].max() for place, first in enumerate(week.tolist())])
        values = np.where(meters >= QUORUM * usual, np.array(self.wh, float), np.nan)
        return load_of(wall_clock(instants, zone).tolist(), values.tolist(), zone)


def histories(ask: Ask, now: datetime) -> dict[str, History]:
    """The loads of the last DAYS days by their series: `fleet`, `feeder/DE-F000` of each feeder; of what has any."""
    hours: dict[str, dict[int, list[int]]] = {}
    for feeder, hour, wh, meters in ask(_LOADS.format(first=(now - timedelta(days=DAYS)).date())):
        instant = int((hour - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001, Athena's timestamps are naive
        for series in ("fleet", f"feeder/{feeder}") if feeder else ("fleet",):
            sums = hours.setdefault(series, {}).setdefault(instant, [0, 0])
            sums[0] += int(wh)
            sums[1] += int(meters)
    return {
        series: History(sorted(sums), [sums[at][0] for at in sorted(sums)], [sums[at][1] for at in sorted(sums)])
        for series, sums in hours.items()
    }


def history_of(days: Iterable[MeterDay]) -> History:
    """The history of one meter, of the hours that are complete."""
    windows = [window for day in days for window in day.windows() if window.complete]
    return History([int(one.start.timestamp()) for one in windows], [one.wh for one in windows], [1] * len(windows))
