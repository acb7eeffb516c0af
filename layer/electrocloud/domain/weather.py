"""Hourly outdoor temperature at a place, observed or forecast."""

from typing import NamedTuple

OBSERVED = 0
COLDEST_C, HOTTEST_C = -90.0, 60.0  # outdoors on Earth


class Temperature(NamedTuple):
    """The temperature (°C) at a station in the hour that starts at `time` (s since 1970 UTC).

    issued: when it was forecast (s since 1970 UTC), or OBSERVED.
    """

    station_id: str
    time: int
    celsius: float
    issued: int = OBSERVED
