"""Solar systems and batteries of the simulated fleet, and what a meter counts in each direction."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.upload import MAX_POWER_W
from producers.fleet import simulate as module
from producers.fleet.days import local_days
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.places import PLACES
from producers.fleet.simulate import simulate
from producers.fleet.solar import LEAD_DAYS, Systems, generated_ws, systems, with_battery
from producers.fleet.sunlight import Sunlight, clear_sky, sunlight
from producers.fleet.weather import weather

JUNE = date(2025, 6, 10)
STEPS = 1_440


def both(fleet: Fleet, start: date = JUNE, days: int = 4, interval_s: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Energy delivered and received of all meters (Wh), shape (meters, intervals)."""
    blocks = list(simulate(fleet, start, days, interval_s))
    wh, received = (np.full((len(fleet), days * 86_400 // interval_s), -1) for _ in range(2))
    for block in blocks:
        columns = slice((block.start - blocks[0].start) // interval_s, None)
        got = np.zeros_like(block.wh) if block.received is None else block.received
        wh[block.meters, columns][:, : block.wh.shape[1]] = block.wh
        received[block.meters, columns][:, : block.wh.shape[1]] = got
    return wh, received


def solar(meters: int, batteries: float = 0.5, place: str = "US") -> Fleet:
    return make_fleet(meters, 1, place, shops=0.1, solar=1.0, batteries=batteries, ev=0.2)


def light_of(code: str, start: date = date(2023, 1, 1), days: int = 365, every_s: int = 900) -> Sunlight:
    place, first = PLACES[code], instant_of(start)
    calendar = local_days(place, first, days)
    moments = first + np.arange(0, days * 86_400, every_s) + every_s // 2
    return sunlight(place, 1, calendar, weather(place, 1, calendar), moments)


def battery(capacity_wh: int, power_w: int) -> Systems:
    one = np.ones(1)
    return Systems(5_000 * one, 0.5 * one, one, np.array([capacity_wh * 3600]), np.array([power_w]))


def test_the_sun_is_highest_in_the_south_at_noon_and_below_the_horizon_at_midnight() -> None:
    light = light_of("DE", date(2025, 6, 21), 1, 60)
    noon = int(light.up.argmax())
    assert abs(noon - (12 * 60 - 9.93 * 4)) < 6  # solar noon in UTC, by the longitude and the equation of time
    assert light.north[noon] < 0
    assert np.degrees(np.arcsin(light.up[noon])) == pytest.approx(90 - 51.53 + 23.45, abs=0.1)
    assert light.east[noon - 180] > 0 > light.east[noon + 180]
    assert light.up[noon - 12 * 60] < 0
    np.testing.assert_allclose(light.up**2 + light.north**2 + light.east**2, 1)


def test_the_clear_sky_is_that_of_haurwitz() -> None:
    np.testing.assert_allclose(clear_sky(np.array([-0.1, 0.5, 1.0])), [0, 489.85, 1037.16], atol=0.01)


@pytest.mark.parametrize(("code", "kwh"), [("DE", 1_060), ("GB", 980), ("US", 1_970), ("AU", 1_720)])
def test_a_year_has_the_irradiance_of_the_place(code: str, kwh: int) -> None:
    light = light_of(code)
    assert light.whole.sum() / 4 / 1000 == pytest.approx(kwh, rel=0.1)
    assert ((light.diffuse <= light.whole) & (light.beam >= 0)).all()
    assert light.whole[light.up <= 0].sum() == 0


def test_a_horizontal_plane_gets_the_global_irradiance_and_one_to_the_south_more_in_winter() -> None:
    light = light_of("DE", date(2025, 12, 1), 28)
    flat, south, north = light.on(np.radians([0.0, 40, 40]), np.radians([180.0, 180, 0]))
    high = light.up > 0.05
    np.testing.assert_allclose(flat[high], light.whole[high])
    assert south.sum() > flat.sum() > north.sum()


@pytest.mark.parametrize(("code", "low", "high"), [("DE", 800, 1_050), ("US", 1_450, 1_800), ("AU", 1_250, 1_600)])
def test_systems_yield_what_they_do_in_the_place(code: str, low: int, high: int) -> None:
    own = systems(PLACES[code], 1, np.arange(60), np.zeros(60, bool))
    kwh = generated_ws(own, light_of(code)) / 60 * 900 / 3.6e6  # the steps stand for quarter-hours here
    assert low < np.median(kwh.sum(axis=1) / (own.watts / 1000)) < high
    assert (kwh * 4 <= own.watts[:, None] / 1_200 + 1e-3).all()


net = st.lists(st.integers(-8_000, 8_000), min_size=24, max_size=24)


@given(st.lists(net, min_size=LEAD_DAYS + 1, max_size=LEAD_DAYS + 3), st.integers(1_000, 20_000))
@settings(max_examples=30, deadline=None)
def test_a_battery_takes_surplus_gives_to_use_and_loses_the_rest(hourly: list[list[int]], capacity: int) -> None:
    watts = np.repeat(np.array(hourly).reshape(1, -1), 60, axis=1)
    own = battery(capacity, 3_000)
    drawn = with_battery(own, watts * 60)
    left = watts[:, LEAD_DAYS * STEPS :] * 60
    assert drawn.shape == left.shape
    charged, given_back = drawn - left, left - drawn
    assert (drawn[left < 0] <= 0).all()
    assert (drawn[left > 0] >= 0).all()
    assert (charged[left < 0] >= 0).all()
    assert (given_back[left > 0] >= 0).all()
    assert abs(drawn - left).max() <= 3_000 * 60 * 1.01
    into, out = charged[left < 0].sum(), given_back[left > 0].sum()
    assert out <= into * 0.85 + capacity * 3600


def test_a_battery_fills_by_day_and_serves_the_evening() -> None:
    day = np.zeros(STEPS, np.int64)
    day[600:900], day[1080:1320] = -3_000 * 60, 2_000 * 60  # 15 kWh of surplus, then 8 kWh of use
    net_ws = np.tile(day, LEAD_DAYS + 1)[None, :]
    drawn = with_battery(battery(5_000, 2_500), net_ws) / 3.6e6
    assert drawn[drawn < 0].sum() == pytest.approx(-(15 - 5 / 0.85), abs=0.01)
    assert drawn[drawn > 0].sum() == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("place", ["DE", "US", "AU"])
def test_a_solar_home_does_not_depend_on_size_start_or_blocks(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    many, few = solar(40, place=place), solar(13, place=place)
    whole = both(many, days=5)
    for one, other in zip(whole, both(few, days=5), strict=True):
        np.testing.assert_array_equal(one[:13], other)
    for one, later in zip(whole, both(many, date(2025, 6, 13), 1), strict=True):
        np.testing.assert_array_equal(one[:, 3 * 96 : 4 * 96], later)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 1_000)
    monkeypatch.setattr(module, "_BLOCK_DAYS", 2)
    monkeypatch.setattr(module, "_SOLAR_ROWS", 3)
    np.testing.assert_array_equal(whole, both(many, days=5))


@pytest.mark.parametrize("interval_s", [60, 300, 900])
def test_shorter_intervals_add_up_to_longer_ones_in_each_direction(interval_s: int) -> None:
    fleet = solar(12)
    for hourly, finer in zip(
        both(fleet, days=2, interval_s=3600), both(fleet, days=2, interval_s=interval_s), strict=True
    ):
        np.testing.assert_array_equal(finer.reshape(12, 48, -1).sum(axis=2), hourly)


def test_a_fleet_without_solar_measures_one_direction_and_homes_without_it_are_the_same_in_any_fleet() -> None:
    plain, mixed = make_fleet(60, 1, "US"), make_fleet(60, 1, "US", solar=0.3, batteries=0.5)
    assert all(block.received is None for block in simulate(plain, JUNE, 1, 900))
    has = np.array([meter.solar for meter in mixed.meters])
    assert 0 < has.sum() < (np.array([meter.kind for meter in mixed.meters]) == "home").sum()
    assert {meter.kind for meter in mixed.meters if meter.solar} == {"home"}
    assert all(meter.solar for meter in mixed.meters if meter.battery)
    wh, received = both(mixed)
    np.testing.assert_array_equal(wh[~has], both(plain)[0][~has])
    assert (received[~has] == 0).all()


def test_delivered_less_received_is_use_less_generation() -> None:
    plain, with_solar = (make_fleet(30, 1, "US", solar=share) for share in (0.0, 1.0))
    has = np.array([meter.solar for meter in with_solar.meters])
    used, _ = both(plain, days=2)
    wh, received = both(with_solar, days=2)
    generated = (used - wh + received)[has].reshape(has.sum(), 2, 96)
    assert (abs(generated[:, :, 28:48]).max(axis=2) <= 1).all()  # 7 to 12 UTC is night in California; the rest rounds
    assert (generated.sum(axis=(1, 2)) / 2 > 5_000).all()


@pytest.mark.parametrize("place", ["DE", "US"])
def test_a_solar_home_has_a_duck_curve_and_a_battery_flattens_it(place: str) -> None:
    bare, stored = (solar(60, share, place) for share in (0.0, 1.0))
    has = np.array([meter.solar for meter in bare.meters])
    (wh, received), (wh_stored, received_stored) = (both(one, days=7, interval_s=3600) for one in (bare, stored))
    day = (wh - received)[has].mean(axis=0).reshape(7, 24).mean(axis=0)
    noon = 12 if place == "DE" else 20  # UTC
    evening, night = (np.arange(start, start + 3) % 24 for start in (noon + 7, noon + 13))
    assert day[noon] < 0 < day[night].mean() < day[evening].max()
    assert wh_stored[has].sum() < 0.6 * wh[has].sum()
    assert received_stored[has].sum() < received[has].sum()
    assert received[has].max() < MAX_POWER_W
