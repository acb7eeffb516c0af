"""The station nearest to a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.registry.records import WeatherStation
from electrocloud.domain.weather import FARTHEST_KM, distance_km, nearest_station

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


def _station(name: str, latitude: float, longitude: float) -> WeatherStation:
    return WeatherStation(station_id=name, latitude=latitude, longitude=longitude)


def test_distances_are_those_of_the_great_circle() -> None:
    assert distance_km(47.449, -122.309, 33.434, -112.008) == pytest.approx(1_781, rel=0.002)  # Seattle to Phoenix
    assert distance_km(0, 179.5, 0, -179.5) == pytest.approx(111.2, rel=0.001)  # across the date line
    assert distance_km(90, 10, 90, -120) == pytest.approx(0, abs=1e-6)


@given(st.tuples(LATITUDES, LONGITUDES), st.tuples(LATITUDES, LONGITUDES))
def test_distances_are_symmetric_and_at_most_half_around_the_earth(
    here: tuple[float, float], there: tuple[float, float]
) -> None:
    assert distance_km(*here, *there) == pytest.approx(distance_km(*there, *here))
    assert 0 <= distance_km(*here, *there) <= 20_016


def test_the_nearest_station_counts_if_it_is_not_too_far_away() -> None:
    stations = [_station("KSEA", 47.449, -122.309), _station("KBFI", 47.53, -122.302), _station("KPHX", 33.434, -112)]
    near = nearest_station(stations, 47.6, -122.33)
    assert near is not None
    assert near.station_id == "KBFI"
    assert nearest_station(stations, 40, -117) is None
    assert nearest_station([], 47.6, -122.33) is None
    edge = FARTHEST_KM / 111.195
    assert nearest_station([_station("S", 0, edge * 0.999)], 0, 0) is not None
    assert nearest_station([_station("S", 0, edge * 1.001)], 0, 0) is None
