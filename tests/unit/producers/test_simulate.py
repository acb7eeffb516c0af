from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import producers.fleet.simulate as module
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.upload import MAX_POWER_W
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.meter_register import Register, Runs
from producers.fleet.simulate import simulate

DAY = date(2023, 3, 24)  # two days before the clocks change in Europe


def readings(fleet: Fleet, start: date = DAY, days: int = 4, interval_s: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Energy and voltage of all meters, shape (meters, intervals)."""
    per_day = 86_400 // interval_s
    wh, decivolts = (np.full((len(fleet), days * per_day), -1) for _ in range(2))
    first = next(iter(simulate(fleet, start, days, interval_s))).start
    for block in simulate(fleet, start, days, interval_s):
        columns = slice((block.start - first) // interval_s, None)
        wh[block.meters, columns][:, : block.wh.shape[1]] = block.wh
        decivolts[block.meters, columns][:, : block.wh.shape[1]] = block.decivolts
    return wh, decivolts


runs = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-7_200, 180_000), st.integers(0, 90_000), st.integers(0, 20_000)),
    max_size=12,
)


@given(runs, st.sampled_from([300, 900, 3600]))
@settings(max_examples=60)
def test_a_register_counts_the_exact_energy_of_its_runs(some, interval_s):
    start, days = 1_679_616_000, 2
    register = Register(3, start, days, interval_s)
    columns = np.array(some, np.int64).reshape(-1, 4)
    register.add(Runs(columns[:, 0], start + columns[:, 1], columns[:, 2], columns[:, 3]))
    power = np.zeros((3, days * 86_400), np.int64)
    for row, begin, seconds, watts in some:
        power[row, max(begin, 0) : max(begin + seconds, 0)] += watts
    shown = (np.cumsum(power.reshape(3, days, -1), axis=2) + 1800) // 3600
    at_ends = shown[:, :, interval_s - 1 :: interval_s]
    expected = np.diff(at_ends, axis=2, prepend=0).reshape(3, -1)
    np.testing.assert_array_equal(register.wh(), expected)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    one, again, other = (readings(make_fleet(20, seed))[0] for seed in (1, 1, 2))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()


@pytest.mark.parametrize("place", ["DE", "US", "AU"])
def test_a_meters_readings_do_not_depend_on_the_fleets_size(place):
    options = {"shops": 0.2, "ev": 0.3, "heat_pumps": 0.3}
    few, many = (readings(make_fleet(size, 1, place, **options)) for size in (13, 60))
    np.testing.assert_array_equal(few[0], many[0][:13])
    np.testing.assert_array_equal(few[1], many[1][:13])


@pytest.mark.parametrize("place", ["DE", "US", "AU"])
@pytest.mark.parametrize("around", [DAY + timedelta(2), date(2024, 1, 1), date(2024, 10, 27)])
def test_a_day_does_not_depend_on_the_start_day(place, around):
    fleet = make_fleet(60, 1, place, shops=0.2, ev=0.3, heat_pumps=0.3)
    whole, _ = readings(fleet, around - timedelta(3), 5)
    later, _ = readings(fleet, around, 1)
    np.testing.assert_array_equal(whole[:, 3 * 96 : 4 * 96], later)


def test_the_size_of_blocks_changes_nothing(monkeypatch):
    fleet = make_fleet(30, 1, ev=0.5)
    before = readings(fleet)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 1_000)
    monkeypatch.setattr(module, "_BLOCK_DAYS", 3)
    after = readings(fleet)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("interval_s", [60, 300, 600, 900, 1800])
def test_shorter_intervals_add_up_to_longer_ones(interval_s):
    fleet = make_fleet(15, 1, shops=0.2, ev=0.3)
    hourly, _ = readings(fleet, days=2, interval_s=3600)
    finer, _ = readings(fleet, days=2, interval_s=interval_s)
    np.testing.assert_array_equal(finer.reshape(15, 48, -1).sum(axis=2), hourly)


@pytest.mark.parametrize("place", ["DE", "FR", "GB", "US", "AU"])
def test_every_reading_is_plausible_for_a_meter(place):
    wh, decivolts = readings(make_fleet(60, 2, place, shops=0.1, ev=0.5, heat_pumps=0.5), date(2024, 2, 27), 4)
    assert wh.min() >= 0
    assert wh.max() < MAX_POWER_W // 4
    assert (wh.sum(axis=1) > 1_000).all()
    nominal = 2400 if place == "US" else 2300
    assert abs(decivolts / nominal - 1).max() < 0.1


def test_cars_and_heat_pumps_add_what_they_use():
    plain, cars, pumps = (make_fleet(60, 1, shops=0.0, **extra) for extra in ({}, {"ev": 1.0}, {"heat_pumps": 1.0}))
    (base, _), (driven, _), (winter, _) = (readings(fleet, date(2023, 1, 10), 14) for fleet in (plain, cars, pumps))
    per_day = (driven - base).sum(axis=1).mean() / 14 / 1000
    assert 4 < per_day < 12  # kWh
    has = np.array([meter.heat_pump for meter in pumps.meters])
    cold = (winter - base)[has].sum(axis=1).mean()
    summer = readings(pumps, date(2023, 7, 10), 14)[0] - readings(plain, date(2023, 7, 10), 14)[0]
    assert cold > 5 * summer[has].sum(axis=1).mean() > 0
    assert ((winter - base)[~has] == 0).all()


def test_cars_charge_at_home_as_often_as_long_and_as_much_as_measured_ones():
    months = []
    for start in (date(2023, 1, 10), date(2023, 7, 10)):
        (base, _), (driven, _) = (readings(make_fleet(120, 7, shops=0.0, ev=ev), start, 28) for ev in (0.0, 1.0))
        car = driven - base
        on = car > 50
        sessions = (on[:, 1:] & ~on[:, :-1]).sum()
        months.append((sessions / 120, car.sum() / 120_000, on.sum() / 4 / sessions))
    sessions, kwh, hours = np.mean(months, axis=0) * (30.4 / 28, 30.4 / 28, 1)

    # Sagewell, The Basics of EV Charging Behavior Statistics: 12 to 13 a month, 200 to 250 kWh, 2.8 h
    assert 11.5 < sessions < 13.5
    assert 190 < kwh < 250
    assert 2.5 < hours < 3.1


def test_shops_are_busy_when_they_are_open_and_homes_in_the_evening():
    wh, _ = readings(make_fleet(150, 1, shops=0.5), date(2023, 3, 6), 5, 3600)
    kinds = np.array([meter.kind for meter in make_fleet(150, 1, shops=0.5).meters])
    day = wh.reshape(150, 5, 24).mean(axis=1)
    shop, home = day[kinds == "shop"].mean(axis=0), day[kinds != "shop"].mean(axis=0)
    assert shop[9:15].mean() > 2 * shop[0:4].mean()  # UTC: 10 to 16 h on the clock
    assert shop[9:15].mean() > 1.5 * shop[18:22].mean()
    assert home[17:20].mean() > 1.2 * home[9:15].mean()


def test_a_home_is_spiky_and_a_fleet_is_smooth():
    wh, _ = readings(make_fleet(100, 1, shops=0.0), date(2023, 2, 1), 28, 3600)
    load_factors = (wh.mean(axis=1) / wh.max(axis=1)).tolist()
    assert np.median(load_factors) < 0.25
    assert wh.sum(axis=0).mean() / wh.sum(axis=0).max() > 0.4


@pytest.mark.parametrize(("days", "interval_s", "message"), [(0, 900, "days is 0"), (1, 7, "interval_s is 7")])
def test_invalid_parameters_are_rejected_before_the_first_block(days, interval_s, message):
    with pytest.raises(UsageError, match=message):
        simulate(make_fleet(1, 1), DAY, days, interval_s)
