"""The weather of a deployment's forecasts: temperatures in the lake, of the registry's stations."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from electrocloud.domain.local_time import HOUR_S
from electrocloud.domain.registry.records import WeatherStation
from electrocloud.domain.weather import FARTHEST_KM, OBSERVED, Temperature, nearest_station
from forecasting.fleet_loads import Ask
from forecasting.load import Load, shown
from forecasting.weather_at import JUDGED, MissingWeatherError, weather_at

KEPT = timedelta(hours=1)  # for so long, stations and temperatures are not read again
HELP = "docs/forecasting.md says how to import weather"
_NONE_NEAR = f"no weather station is within {FARTHEST_KM:g} km"

# A row is a station's month of what was observed or of a weather forecast: an answer's page has at most 1,000 rows.
_TEMPERATURES = """
SELECT
  station_id,
  issued,
  array_join(
    array_agg(CAST(date_diff('hour', TIMESTAMP '1970-01-01 00:00:00', start) AS varchar) ORDER BY start), ' '
  ) AS hours,
  array_join(array_agg(CAST(temperature_c AS varchar) ORDER BY start), ' ') AS celsius
FROM weather
WHERE start >= TIMESTAMP '{since}'
  AND station_id IN ({stations})
  AND (issued IS NULL OR issued >= TIMESTAMP '{judged}')
GROUP BY station_id, issued, date_trunc('month', start)
"""
_PLACES = """
SELECT feeder, avg(lat) AS lat, avg(lon) AS lon
FROM meters
WHERE feeder IS NOT NULL AND lat IS NOT NULL AND lon IS NOT NULL
GROUP BY feeder
"""


class SeriesWeather(NamedTuple):
    """The temperatures for a load, in the order of their issue, or why there are none; "" without any station."""

    temperatures: Sequence[Temperature] = ()
    missing: str = ""

    def known_at(self, time: int) -> "SeriesWeather":
        """What was observed or forecast by a time (s since 1970 UTC)."""
        return self._replace(temperatures=[one for one in self.temperatures if _known_from(one) <= time])


class StoredWeather:
    """Temperatures by load, each station's read at most once an hour. Without stations, nothing is asked."""

    def __init__(self, ask: Ask, stations: Callable[[], dict[str, WeatherStation]]) -> None:
        self._ask = ask
        self._load_stations = stations
        self._read_at: datetime | None = None
        self._stations: dict[str, WeatherStation] = {}
        self._places: dict[str, tuple[float, float]] | None = None
        self._temperatures: dict[str, list[Temperature]] = {}

    def of(self, series: str, since: datetime, now: datetime) -> SeriesWeather:
        """The temperatures of a series since an instant.

        A feeder has those of the station nearest to the middle of its meters, if there is one within FARTHEST_KM. The
        fleet, and the meters without a feeder, have all stations, of which those are chosen that explain the load.
        """
        if not self._registered(now):
            return SeriesWeather()
        if not series.startswith("feeder/"):
            return self._of_stations(sorted(self._stations), since, now)
        if self._places is None:
            self._places = {f"feeder/{feeder}": (float(lat), float(lon)) for feeder, lat, lon in self._ask(_PLACES)}
        place = self._places.get(series)
        return self.near(*place, since, now) if place else SeriesWeather(missing=_NONE_NEAR)

    def near(self, latitude: float, longitude: float, since: datetime, now: datetime) -> SeriesWeather:
        """The temperatures at a place (degrees) since an instant: those of the nearest station within FARTHEST_KM."""
        if not self._registered(now):
            return SeriesWeather()
        station = nearest_station(self._stations.values(), latitude, longitude)
        return self._of_stations([station.station_id], since, now) if station else SeriesWeather(missing=_NONE_NEAR)

    def _registered(self, now: datetime) -> bool:
        """Whether there are stations; what was read before is forgotten after KEPT."""
        if self._read_at is None or now - self._read_at > KEPT:
            self._read_at, self._stations, self._places, self._temperatures = now, self._load_stations(), None, {}
        return bool(self._stations)

    def _of_stations(self, names: Sequence[str], since: datetime, now: datetime) -> SeriesWeather:
        if unread := [name for name in names if name not in self._temperatures]:
            self._temperatures |= self._read(unread, since, now)
        found = [one for name in names for one in self._temperatures.get(name, ())]
        if not found:
            return SeriesWeather(missing=f"no temperature of {_listed(names)} is stored")
        return SeriesWeather(sorted(found, key=lambda one: one.issued))

    def _read(self, names: Iterable[str], since: datetime, now: datetime) -> dict[str, list[Temperature]]:
        """The temperatures of the stations that have any."""
        sql = _TEMPERATURES.format(
            since=f"{since:%Y-%m-%d %H:%M:%S}",
            stations=", ".join(f"'{name}'" for name in names),
            judged=f"{now - timedelta(hours=JUDGED + 24):%Y-%m-%d %H:%M:%S}",
        )
        found: dict[str, list[Temperature]] = {}
        for station_id, issued, hours, celsius in self._ask(sql):
            when = int(issued.replace(tzinfo=UTC).timestamp()) if issued else OBSERVED  # Athena's times are naive
            found.setdefault(station_id, []).extend(
                Temperature(station_id, int(hour) * HOUR_S, float(value), when)
                for hour, value in zip(hours.split(), celsius.split(), strict=True)
            )
        return found


def with_weather(load: Load, weather: SeriesWeather, times: Sequence[datetime]) -> tuple[Load, str]:
    """The load with its weather and that of the times that are forecast, and a note if it stays without.

    A load of a deployment that has no weather station stays without, and needs no note.
    """
    missing = weather.missing
    if weather.temperatures:
        try:
            found = weather_at(load, weather.temperatures, shown(times[-1]) // HOUR_S - load.end + 1)
        except MissingWeatherError as fault:
            missing = fault.missing
        else:
            return load._replace(weather=found), ""
    return load, f"made without weather: {missing} ({HELP})" if missing else ""


def _known_from(one: Temperature) -> int:
    return one.issued or one.time + HOUR_S


def _listed(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
