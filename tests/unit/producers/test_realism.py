from datetime import date

import numpy as np
import pytest

from benchmarks import load_statistics as statistics
from benchmarks.load_statistics import BANDS, Hours
from benchmarks.realism import Load, year_of
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate


@pytest.fixture(scope="module")
def homes() -> Load:
    return year_of(shops=0.0, seed=101)  # held out: nothing was fitted to it


@pytest.fixture(scope="module")
def found(homes):
    return statistics.of_homes(*homes)


@pytest.mark.parametrize("name", BANDS)
def test_the_median_home_lies_within_the_measured_band(found, name):
    low, _, high = BANDS[name]
    assert low <= np.median(found[name]) <= high


@pytest.mark.parametrize(("name", "reach"), [("99th percentile over mean", 0.5), ("residual about own mean day", 0.1)])
def test_the_median_home_is_about_as_spiky_as_the_median_measured_one(found, name, reach):
    assert np.median(found[name]) == pytest.approx(BANDS[name][1], abs=reach)


def test_the_fleets_mean_days_are_those_of_h0(homes):
    fits = statistics.fits(statistics.mean_days(*homes), statistics.bdew_days("h0"))
    counts = statistics.day_counts(homes.hours)
    assert (fits * counts).sum() / counts.sum() >= 0.95
    assert fits.min() >= 0.90


def test_the_mean_days_of_shops_are_those_of_g0():
    shops = year_of(shops=1.0, meters=300, seed=4)
    fits = statistics.fits(statistics.mean_days(*shops), statistics.bdew_days("g0"))
    assert fits.min() >= 0.88  # of 300 shops; of 500 it is at least 0.9


def test_homes_differ_from_one_another_and_yet_share_their_evenings(homes):
    annual = homes.kwh.sum(axis=1)
    assert 2_500 < np.median(annual) < 3_500
    assert 0.5 < np.log(annual).std() < 0.7
    assert 0.5 <= statistics.evening_peaks(*homes) <= 0.95
    assert 0.3 < statistics.coincidence(homes.kwh) < 0.45
    assert 1.03 < statistics.weekday_ratio(*homes) < 1.13
    assert 1.2 < statistics.season_ratio(*homes) < 1.5


def test_christmas_day_takes_a_third_more_than_a_winters_day(homes):
    daily = homes.kwh.sum(axis=0).reshape(-1, 24).sum(axis=1)
    winter = np.concatenate((daily[:59], daily[334:]))
    assert 1.2 < daily[358] / np.median(winter) < 1.5


def test_a_homes_load_varies_at_night():
    fleet = make_fleet(60, 4, shops=0.0)
    (block,) = simulate(fleet, date(2023, 5, 8), 7, 900)
    nights = block.wh.reshape(60, 7, 96)[:, :, 4:12]  # 3 to 5 h on the clock
    assert np.median(nights.std(axis=(1, 2)) / nights.mean(axis=(1, 2))) > 0.3
    assert (nights.sum(axis=2) > 0).all()


def test_hours_follow_seasons_and_local_time():
    hours = Hours(1_679_785_200, 24, "Europe/Berlin", dict.fromkeys(range(738_000, 739_000), 2))  # 26 March 2023
    assert hours.hour.tolist()[:5] == [0, 1, 3, 4, 5]
    assert set(hours.season.tolist()) == {1}
