"""Hourly outdoor temperature at a place, observed or forecast, and the station that is nearest to a place."""

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from electrocloud.domain.registry.records import WeatherStation

OBSERVED = 0
COLDEST_C, HOTTEST_C = -90.0, 60.0  # outdoors on Earth
FARTHEST_KM = 150.0  # a station that is farther away has another weather
_EARTH_KM = 6_371.0


class Temperature(NamedTuple):
    """The temperature (°C) at a station in the hour that starts at `time` (s since 1970 UTC).

    issued: when it was forecast (s since 1970 UTC), or OBSERVED.
    """

    station_id: str
    time: int
    celsius: float
    issued: int = OBSERVED


def nearest_station(stations: Iterable[WeatherStation], latitude: float, longitude: float) -> WeatherStation | None:
    """The station nearest to a place (degrees), by the great circle; None if there is none within FARTHEST_KM."""
    near = ((distance_km(one.latitude, one.longitude, latitude, longitude), one.station_id, one) for one in stations)
    distance, _, station = min(near, default=(FARTHEST_KM + 1, "", None))
    return station if distance <= FARTHEST_KM else None


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The length of the great circle between two places (degrees), by the haversine formula."""
    north, east = radians(other_latitude - latitude), radians(other_longitude - longitude)
    across = cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, sin(north / 2) ** 2 + across)))
