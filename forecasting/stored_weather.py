"""The weather of stored forecasts: temperatures that were imported into the lake, of the registry's stations."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from electrocloud.aws.store.hourly_loads import FLEET
from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import DAY_S, HOUR_S
from electrocloud.domain.registry.records import WeatherStation
from electrocloud.domain.weather import OBSERVED, Temperature, nearest_station
from forecasting.fleet_loads import Ask
from forecasting.load import Load, shown
from forecasting.weather import LONGEST_REPEAT
from forecasting.weather_at import JUDGED, weather_at

KEPT = timedelta(hours=1)  # for so long, temperatures are not read again

_TEMPERATURES = """
SELECT station_id, start, temperature_c, issued
FROM weather
WHERE start >= TIMESTAMP '{since}'
  AND station_id IN ({stations})
  AND (issued IS NULL OR issued >= TIMESTAMP '{judged}')
"""
_PLACES = """
SELECT feeder, avg(lat) AS lat, avg(lon) AS lon
FROM meters
WHERE feeder IS NOT NULL AND lat IS NOT NULL AND lon IS NOT NULL
GROUP BY feeder
"""


class _Known(NamedTuple):
    """What was read: the temperatures of each station, and the station of each series."""

    read_at: datetime
    temperatures: dict[str, list[Temperature]]
    station_of: dict[str, str]


class StoredWeather:
    """Temperatures by series, read once an hour with two queries by `ask`, and with none where there is no station."""

    def __init__(self, ask: Ask, stations: Callable[[], dict[str, WeatherStation]]) -> None:
        self._ask = ask
        self._stations = stations
        self._known: _Known | None = None

    def of(self, series: str, since: datetime, now: datetime) -> list[Temperature]:
        """The temperatures since an instant, in the order of their issue.

        A feeder has those of the station nearest to the middle of its meters, if there is one within FARTHEST_KM; the
        fleet has all stations, of which those are chosen that explain its load.
        """
        if self._known is None or now - self._known.read_at > KEPT:
            self._known = self._read(since, now)
        if series == FLEET:
            found = [one for own in self._known.temperatures.values() for one in own]
        else:
            found = self._known.temperatures.get(self._known.station_of.get(series, ""), [])
        return sorted(found, key=lambda one: one.issued)

    def _read(self, since: datetime, now: datetime) -> _Known:
        stations = self._stations()
        if not stations:
            return _Known(now, {}, {})
        found: dict[str, list[Temperature]] = {name: [] for name in stations}
        sql = _TEMPERATURES.format(
            since=f"{since:%Y-%m-%d %H:%M:%S}",
            stations=", ".join(f"'{name}'" for name in sorted(stations)),
            judged=f"{now - timedelta(hours=JUDGED + 24):%Y-%m-%d %H:%M:%S}",
        )
        for station_id, start, celsius, issued in self._ask(sql):
            when = _seconds(issued) if issued else OBSERVED
            found[station_id].append(Temperature(station_id, _seconds(start), float(celsius), when))
        near = {
            f"feeder/{feeder}": nearest_station(stations.values(), float(lat), float(lon))
            for feeder, lat, lon in self._ask(_PLACES)
        }
        return _Known(now, found, {series: one.station_id for series, one in near.items() if one})


def known_at(temperatures: Iterable[Temperature], time: int) -> list[Temperature]:
    """The temperatures that were observed or forecast by a time (s since 1970 UTC)."""
    return [one for one in temperatures if (one.issued or one.time + HOUR_S) <= time]


def with_weather(load: Load, temperatures: Sequence[Temperature], times: Sequence[datetime]) -> tuple[Load, str]:
    """The load with its weather and that of the times that are forecast, and what a reader should know of it.

    Without any temperature, and where they are too few, the load stays without weather.
    """
    if not temperatures:
        return load, ""
    end = int(times[-1].timestamp())
    repeated = _last_day_repeated(temperatures, end)
    try:
        weather = weather_at(load, [*temperatures, *repeated], shown(times[-1]) // HOUR_S - load.end + 1)
    except UsageError as fault:
        return load, f"made without weather: {fault}"
    hours = len({one.time for one in repeated})
    note = f"the weather forecast ends {hours} hours early; its last day was repeated" if hours > 1 else ""
    return load._replace(weather=weather), note


def _last_day_repeated(temperatures: Sequence[Temperature], end: int) -> list[Temperature]:
    """The last day of each station, for up to LONGEST_REPEAT hours after it, through `end` and the hour after it."""
    newest: dict[str, dict[int, Temperature]] = {}
    for one in temperatures:
        newest.setdefault(one.station_id, {})[one.time] = one
    found = []
    for own in newest.values():
        last = max(own)
        for time in range(last + HOUR_S, min(end + HOUR_S, last + LONGEST_REPEAT * HOUR_S) + 1, HOUR_S):
            day_before = own.get(time - DAY_S)
            if day_before:
                own[time] = day_before._replace(time=time)
                found.append(own[time])
    return found


def _seconds(moment: datetime) -> int:
    """Of a naive time in UTC, as Athena has them."""
    return int(moment.replace(tzinfo=UTC).timestamp())
