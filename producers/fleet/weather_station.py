"""The weather station of a simulated fleet, in the center of its town: observed and forecast temperatures."""

import unicodedata
from collections.abc import Iterator

import numpy as np

from electrocloud.domain.local_time import HOUR_S
from electrocloud.domain.registry.records import WeatherStation
from electrocloud.domain.weather import Temperature
from forecasting.weather import STATED_ERROR
from producers.fleet.days import local_days
from producers.fleet.meter_register import DAY_S
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats
from producers.fleet.weather import temperature_at, weather

ISSUED_EVERY_S = 12 * HOUR_S  # at 00 and 12 UTC, as weather services run their models
AHEAD = 216  # hours of a weather forecast: the rest of a day, the seven days after it, and a day to spare


def station_of(place: Place) -> WeatherStation:
    """The station of a town, such as US-Fresno."""
    plain = unicodedata.normalize("NFKD", place.town).encode("ascii", "ignore").decode()
    return WeatherStation(
        station_id=f"{place.country}-{plain}", name=place.town, latitude=place.lat, longitude=place.lon
    )


def observed(place: Place, seed: int, since: float, until: float) -> Iterator[Temperature]:
    """The temperatures of the whole hours from `since` to `until` (s since 1970 UTC)."""
    first, end = -(-int(since) // HOUR_S), int(until) // HOUR_S
    station_id = station_of(place).station_id
    for hour, celsius in enumerate(_celsius(place, seed, first, end - first).tolist(), first):
        yield Temperature(station_id, hour * HOUR_S, celsius)


def forecast(place: Place, seed: int, since: float, until: float) -> Iterator[Temperature]:
    """The weather forecasts that are issued after `since` and until `until` (s since 1970 UTC), each AHEAD hours long.

    They are what will be observed plus the stated error of a weather forecast.
    """
    station_id = station_of(place).station_id
    for number in range(int(since) // ISSUED_EVERY_S + 1, int(until) // ISSUED_EVERY_S + 1):
        issued = number * ISSUED_EVERY_S
        first = issued // HOUR_S
        values = _celsius(place, seed, first, AHEAD) + STATED_ERROR.draw(first, AHEAD)
        for hour, celsius in enumerate(values.round(1).tolist(), first):
            yield Temperature(station_id, hour * HOUR_S, celsius, issued)


def _celsius(place: Place, seed: int, first: int, hours: int) -> Floats:
    """The temperature in the middle of each hour from `first` on (hours since 1970 UTC), to a tenth of a degree."""
    if hours < 1:
        return np.empty(0)
    days = local_days(place, first * HOUR_S, -(-hours * HOUR_S // DAY_S))
    middles = (first + np.arange(hours)) * HOUR_S + HOUR_S // 2
    found: Floats = temperature_at(weather(place, seed, days), days, middles).round(1)
    return found
