"""A minimal solar system: what it generates under a clear sky that is more or less cloudy by the day."""

from datetime import datetime, timedelta
from math import asin, cos, pi, radians, sin

from producers.fleet.places import Place
from producers.fleet.random_numbers import fold_in, key, uniform

PEAK_W = 5_000
SEED = key(5, "solar")
TROPIC_DEG = 23.44


def generated_wh(place: Place, start: datetime, interval_s: int) -> int:
    """Whole Wh of a system of PEAK_W in an interval from `start` (UTC), 0 by night.

    Power follows the sine of the sun's elevation in the middle of the interval, times the day's share of clear sky.
    """
    middle = start + timedelta(seconds=interval_s / 2)
    day = middle.timetuple().tm_yday
    declination = radians(-TROPIC_DEG * cos(2 * pi * (day + 10) / 365.25))
    noon_h = 12 - place.lon / 15
    angle = (middle.hour + middle.minute / 60 + middle.second / 3600 - noon_h) * pi / 12
    latitude = radians(place.lat)
    elevation = asin(sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle))
    clear = 0.3 + 0.7 * float(uniform(fold_in(SEED, middle.toordinal()), "clear"))
    return int(PEAK_W * max(0.0, sin(elevation)) * clear * interval_s / 3600)
