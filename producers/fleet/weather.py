"""The weather over a town: seasonal, persistent from day to day, and the same for the same seed from whatever day."""

from typing import NamedTuple

import numpy as np

from producers.fleet import random_numbers
from producers.fleet.days import Days
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats

_MEMORY_DAYS = 24
_PERSISTENCE = 0.8  # the correlation of a day's departure from the season with the next day's, as at mid-latitudes
_DEPARTURE_C = 3.7  # its standard deviation


class Weather(NamedTuple):
    """Of each day: mean temperature outside (°C), and cloud from 0 (clear) to 1 (overcast)."""

    mean_c: Floats
    cloud: Floats


def weather(place: Place, seed: int, days: Days) -> Weather:
    """The weather of each day: a cosine over the year plus first-order autocorrelated departures."""
    turn = 2 * np.pi * (days.of_year - place.warmest) / 365.25
    season = np.cos(turn)
    departure = _departures(seed, "temperature", days)
    cloudiness = _departures(seed, "cloud", days) - 0.5 * season
    return Weather(
        mean_c=place.mean_c + place.swing_c * season + _DEPARTURE_C * departure,
        cloud=1 / (1 + np.exp(-0.4 - 1.3 * cloudiness)),
    )


def _departures(seed: int, purpose: str, days: Days) -> Floats:
    """A first-order autoregression of standard deviation 1, as a weighted sum of the last days' shocks: no start."""
    reach = np.arange(_MEMORY_DAYS)
    weights = _PERSISTENCE**reach * (1 - _PERSISTENCE**2) ** 0.5
    numbers = days.number[:, None] - reach
    found: Floats = (
        random_numbers.normal(random_numbers.fold_in(random_numbers.key(seed, purpose), numbers), "shock") @ weights
    )
    return found
