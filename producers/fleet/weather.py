"""The weather of a town: seasonal, persistent from day to day, and reproducible from any start day."""

from typing import NamedTuple

import numpy as np

from producers.fleet import random_numbers
from producers.fleet.days import Days
from producers.fleet.meter_register import Ints
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats

_MEMORY_DAYS = 24
_PERSISTENCE = 0.8  # correlation of a day's deviation from the season with the next day's, typical of mid-latitudes
_DEPARTURE_C = 3.7  # standard deviation of that deviation


class Weather(NamedTuple):
    """For each day: mean outdoor temperature (°C), and cloud cover from 0 (clear) to 1 (overcast)."""

    mean_c: Floats
    cloud: Floats


def weather(place: Place, seed: int, days: Days) -> Weather:
    """The weather of each day: an annual cosine plus first-order autocorrelated deviations."""
    turn = 2 * np.pi * (days.of_year - place.warmest) / 365.25
    season = np.cos(turn)
    departure = _departures(seed, "temperature", days)
    cloudiness = _departures(seed, "cloud", days) - 0.5 * season
    return Weather(
        mean_c=place.mean_c + place.swing_c * season + _DEPARTURE_C * departure,
        cloud=1 / (1 + np.exp(-0.4 - 1.3 * cloudiness)),
    )


def temperature(weather: Weather, day: Ints | slice, hour: Floats) -> Floats:
    """Outdoor temperature (°C) on days (by index) at hours of local time; it swings more on sunny days."""
    swing = 2 + 4 * (1 - weather.cloud[day])
    found: Floats = weather.mean_c[day] + swing * np.cos(2 * np.pi * (hour - 15) / 24)
    return found


def temperature_at(weather: Weather, days: Days, moments: Ints) -> Floats:
    """Outdoor temperature (°C) at moments (s since 1970 UTC) of the days."""
    day = np.searchsorted(days.midnight, moments, side="right") - 1
    return temperature(weather, day, (moments - days.midnight[day]) / 3600)


def _departures(seed: int, purpose: str, days: Days) -> Floats:
    """First-order autoregression with standard deviation 1, as a weighted sum of recent shocks, so it needs no
    start.
    """
    reach = np.arange(_MEMORY_DAYS)
    weights = _PERSISTENCE**reach * (1 - _PERSISTENCE**2) ** 0.5
    numbers = days.number[:, None] - reach
    found: Floats = (
        random_numbers.normal(random_numbers.fold_in(random_numbers.key(seed, purpose), numbers), "shock") @ weights
    )
    return found
