from datetime import date

import numpy as np
import pytest

from electrocloud.domain.local_time import instant_of
from producers.fleet.days import SATURDAY, SUNDAY, WORKDAY, day_kind, local_days, sun
from producers.fleet.places import PLACES
from producers.fleet.weather import weather


@pytest.mark.parametrize(
    ("place", "day", "kind"),
    [
        ("DE", date(2023, 10, 2), WORKDAY),
        ("DE", date(2023, 10, 3), SUNDAY),  # Unity Day
        ("DE", date(2023, 4, 7), SUNDAY),  # Good Friday
        ("DE", date(2024, 12, 24), SATURDAY),
        ("AU", date(2023, 1, 26), SUNDAY),  # Australia Day
        ("US", date(2023, 7, 4), SUNDAY),
        ("DE", date(2023, 7, 4), WORKDAY),
        ("GB", date(2023, 7, 8), SATURDAY),
    ],
)
def test_public_holidays_count_as_sundays(place, day, kind):
    assert day_kind(PLACES[place], day) == kind


@pytest.mark.parametrize("place", PLACES)
def test_local_days_cover_the_utc_days_and_the_night_before(place):
    start = instant_of(date(2023, 3, 20))
    days = local_days(PLACES[place], start, 10)
    assert days.midnight[1] <= start
    assert days.midnight[-1] + 86_400 >= start + 10 * 86_400 - 3600
    assert (np.diff(days.number) == 1).all()


def test_local_midnight_moves_with_the_clocks():
    days = local_days(PLACES["DE"], instant_of(date(2023, 3, 25)), 3)
    assert np.diff(days.midnight).tolist() == [86_400, 82_800, 86_400, 86_400]


@pytest.mark.parametrize(
    ("place", "day", "rise", "set_"),
    [  # hours of the local clock, from almanacs
        ("DE", date(2023, 6, 21), 5.05, 21.70),
        ("DE", date(2023, 12, 21), 8.40, 16.18),
        ("AU", date(2023, 12, 21), 5.95, 20.63),
        ("GB", date(2023, 3, 20), 6.15, 18.27),
    ],
)
def test_sunrise_and_sunset_match_almanacs(place, day, rise, set_):
    days = local_days(PLACES[place], instant_of(day), 1)
    index = days.number.tolist().index((day - date(1970, 1, 1)).days)
    risen, gone = sun(PLACES[place], days)
    assert risen[index] == pytest.approx(rise, abs=0.25)
    assert gone[index] == pytest.approx(set_, abs=0.25)


def test_the_weather_is_the_same_from_whatever_day():
    place, day = PLACES["DE"], date(2023, 1, 10)
    early = local_days(place, instant_of(date(2023, 1, 1)), 20)
    late = local_days(place, instant_of(day), 3)
    first = early.number.tolist().index(late.number[0])
    both = weather(place, 1, early).mean_c[first : first + len(late.number)], weather(place, 1, late).mean_c
    np.testing.assert_allclose(*both, atol=1e-9)


def test_the_weather_is_seasonal_and_persistent():
    place = PLACES["DE"]
    days = local_days(place, instant_of(date(2020, 1, 1)), 4 * 365)
    found = weather(place, 3, days)
    july, january = (found.mean_c[abs(days.of_year - middle) < 15].mean() for middle in (200, 15))
    assert 14 < july - january < 22
    season = place.mean_c + place.swing_c * np.cos(2 * np.pi * (days.of_year - place.warmest) / 365.25)
    departure = found.mean_c - season
    assert 0.7 < np.corrcoef(departure[1:], departure[:-1])[0, 1] < 0.9
    assert ((found.cloud > 0) & (found.cloud < 1)).all()
