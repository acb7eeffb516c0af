"""The sun over a place: its position, and the irradiance on tilted panels under the sky of the fleet's weather.

Clear sky by Haurwitz (1945), clouds by Kasten and Czeplak (1980), the diffuse share by Erbs, Klein and Duffie (1982),
and an isotropic sky over a tilted plane by Liu and Jordan (1963). Panels are modeled as flat and unshaded.
"""

from typing import NamedTuple

import numpy as np

from producers.fleet import random_numbers
from producers.fleet.days import EQUINOX, YEAR_DAYS, Days, declination_and_equation
from producers.fleet.meter_register import DAY_S, Ints
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats, fold_in, normal
from producers.fleet.weather import Weather, temperature_at

_SOLAR_CONSTANT = 1_361.0  # W/m²
_GROUND = 0.2  # the ground's albedo
_LOWEST = 0.03  # sine of the elevation below which a beam is not resolved
_CLOUD_KNOTS_S = ((5_400, 1.6), (480, 1.0))  # passing clouds: spacing of knots, and deviation of the cover's logit


class Sunlight(NamedTuple):
    """The sun and sky at moments, as arrays of equal length.

    east, north, up: the direction of the sun (a unit vector). beam: irradiance on a plane that faces the sun, without
    the sky's; diffuse, whole: on a horizontal plane, from the sky alone and in all (W/m²). air_c: outdoor temperature.
    """

    east: Floats
    north: Floats
    up: Floats
    beam: Floats
    diffuse: Floats
    whole: Floats
    air_c: Floats

    def on(self, tilt: Floats, azimuth: Floats) -> Floats:
        """Irradiance (W/m²) on planes, shape (planes, moments).

        tilt: from the horizontal; azimuth: from north by east, of the direction that the plane faces (radians).
        """
        tilt, azimuth = tilt[:, None], azimuth[:, None]
        facing = np.sin(tilt) * (np.sin(azimuth) * self.east + np.cos(azimuth) * self.north) + np.cos(tilt) * self.up
        seen = (1 + np.cos(tilt)) / 2
        return self.beam * np.maximum(facing, 0) + self.diffuse * seen + self.whole * _GROUND * (1 - seen)


def sunlight(place: Place, seed: int, days: Days, weather: Weather, moments: Ints) -> Sunlight:
    """The sun and sky at moments (s since 1970 UTC) of the days."""
    turn = 2 * np.pi * (moments / DAY_S - EQUINOX) / YEAR_DAYS
    declination, equation_h = declination_and_equation(turn)
    hour_angle = np.pi / 12 * (moments % DAY_S / 3600 + place.lon / 15 + equation_h - 12)
    latitude = np.radians(place.lat)
    up = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    north = np.cos(latitude) * np.sin(declination) - np.sin(latitude) * np.cos(declination) * np.cos(hour_angle)
    east = -np.cos(declination) * np.sin(hour_angle)
    day = np.searchsorted(days.midnight, moments, side="right") - 1
    whole = clear_sky(up) * (1 - 0.75 * _cover(place, seed, weather.cloud[day], moments) ** 3.4)
    outside = _SOLAR_CONSTANT * (1 + 0.033 * np.cos(turn + 2 * np.pi * 81 / YEAR_DAYS)) * np.maximum(up, _LOWEST)
    diffuse = whole * _diffuse_share(whole / outside)
    air_c = temperature_at(weather, days, moments)
    return Sunlight(east, north, up, (whole - diffuse) / np.maximum(up, _LOWEST), diffuse, whole, air_c)


def clear_sky(up: Floats) -> Floats:
    """Global horizontal irradiance (W/m²) of a cloudless sky; `up` is the sine of the sun's elevation."""
    high = np.maximum(up, 1e-3)
    found: Floats = np.where(up > 0, 1_098 * high * np.exp(-0.057 / high), 0.0)
    return found


def _cover(place: Place, seed: int, cloud: Floats, moments: Ints) -> Floats:
    """Cloud cover (0 to 1) at moments: the day's, with clouds that pass within minutes to hours."""
    logit = 1.5 * np.log(cloud / (1 - cloud)) + place.cloudy
    for spacing, spread in _CLOUD_KNOTS_S:
        knot, into = np.divmod(moments, spacing)
        keys = random_numbers.key(seed, f"clouds {spacing}")
        before, after = (normal(fold_in(keys, knot + number), "cover") for number in (0, 1))
        logit = logit + spread * (before + (after - before) * into / spacing)
    return 1 / (1 + np.exp(-logit))


def _diffuse_share(clearness: Floats) -> Floats:
    """The diffuse share of global irradiance, by its ratio to that outside the atmosphere."""
    k = clearness
    middle = 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4
    found: Floats = np.select([k <= 0.22, k <= 0.8], [1 - 0.09 * k, middle], 0.165)
    return found
