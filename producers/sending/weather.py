"""Sends a fleet's observed and forecast temperatures, as `weather import` stores those of files."""

from collections.abc import Callable, Iterable
from itertools import chain

from electrocloud.domain.local_time import DAY_S, HOUR_S
from electrocloud.domain.weather import Temperature
from producers.fleet.fleet import Fleet
from producers.fleet.weather_station import forecast, observed

FORECASTS_KEPT_S = 40 * DAY_S  # of the time before the fleet lives; backtests look back on five weeks


class WeatherSender:
    """Sends a fleet's weather as its clock goes, from `since` on (s since 1970 UTC)."""

    def __init__(self, fleet: Fleet, since: float, store: Callable[[Iterable[Temperature]], object]) -> None:
        self._fleet = fleet
        self._sent_until = since
        self._store = store

    def send(self, now: float) -> None:
        """Send the hours that have passed and the weather forecasts that were issued by `now`, the fleet's time."""
        hour = now // HOUR_S * HOUR_S
        if hour > self._sent_until:
            place, seed = self._fleet.place, self._fleet.seed
            issued_since = max(self._sent_until, hour - FORECASTS_KEPT_S)
            self._store(chain(observed(place, seed, self._sent_until, hour), forecast(place, seed, issued_since, hour)))
            self._sent_until = hour
