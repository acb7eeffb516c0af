"""Households and their days: who lives there, when they rise, leave, eat and sleep, and when they are away."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from producers import chance
from producers.calendar import SATURDAY, WORKDAY, Days, sun
from producers.chance import Floats, Keys, bell, bell_of, branch, even, uniform
from producers.places import Place
from producers.weather import Weather

Bools = NDArray[np.bool_]

_NONE, _PART, _FULL = 0, 1, 2
_PEOPLE = (0.36, 0.72, 0.86, 0.96)  # cumulative shares of homes with 1, 2, 3 and 4 people; the rest have 5
_TRAITS = ("people", "work", "thrift", "irregular", "rhythm", "wake", "lie in", "bed", "lunch", "dinner", "stay")


class Household(NamedTuple):
    """Traits of homes, arrays of one value a home.

    keys: from which all else about them follows. people: how many live there. work: nobody out by day, half days, full
    days. thrift: the factor on all that they use. rhythm: hours by which their day runs late. habits: standard normal
    deviates of their habits, by name.
    """

    keys: Keys
    people: Floats
    work: NDArray[np.int64]
    thrift: Floats
    rhythm: Floats
    habits: dict[str, Floats]


class Plan(NamedTuple):
    """What homes do on days, arrays of shape (homes, days). Times are hours of the local clock, 24 or more past midnight.

    away: nobody is there all day. out: nobody is there from `leave` to `back`. busy: the factor on the chance that
    something is used that day. cold: degrees (°C) that the day is below the year's mean.
    """

    keys: Keys
    away: Bools
    out: Bools
    times: dict[str, Floats]
    busy: Floats
    cold: Floats


def households(seed: int, index: NDArray[np.int64], flats: Bools) -> Household:
    """The homes at these indices of the fleet; `flats` says which of them are flats, where fewer people live.

    The traits that shape a fleet's load are spread evenly over the index, so that a small fleet is a fair sample too.
    """
    keys = branch(chance.key(seed, "life"), index)
    share = {trait: even(seed, index, dimension) for dimension, trait in enumerate(_TRAITS)}
    habits = {trait: bell_of(value) for trait, value in share.items()}
    draw = share["people"] * np.where(flats, 0.90, 1.0) + np.where(flats, 0.0, 0.12)
    people = 1.0 + np.searchsorted(_PEOPLE, draw, side="right")
    work = np.select([share["work"] < 0.45, share["work"] < 0.67], [_NONE, _PART], _FULL)
    irregular = share["irregular"] < np.where(people == 1, 0.55, 0.3)
    rhythm = np.where(irregular, 0.3 + 2.2 * habits["rhythm"], 0.5 * habits["rhythm"])
    return Household(keys, people, work, np.exp(0.8 * habits["thrift"]), np.clip(rhythm, -2.2, 5), habits)


def plan(home: Household, place: Place, days: Days, weather: Weather) -> Plan:
    """The days of the homes."""
    keys = branch(home.keys[:, None], days.number)
    own = home.keys[:, None]
    habit = {trait: values[:, None] for trait, values in home.habits.items()}
    rhythm = home.rhythm[:, None]
    workday, weekend = days.kind == WORKDAY, days.kind != WORKDAY
    full, part = (home.work == _FULL)[:, None], (home.work == _PART)[:, None]

    wake = np.where(full | part, 6.6, 7.4) + rhythm + 0.7 * habit["wake"] + 0.25 * bell(keys, "wake")
    wake += weekend * (1.2 + 0.5 * habit["lie in"] + 0.9 * (days.kind != SATURDAY))
    late = np.isin(days.weekday, (4, 5)) * 0.8
    bed = 22.4 + rhythm + 0.9 * habit["bed"] + 0.5 * bell(keys, "bed") + late

    leaves = uniform(branch(own, days.weekday), "leave") < np.where(full, 0.85, np.where(part, 0.75, 0.2))
    change = uniform(keys, "change") < 0.12
    errand = uniform(keys, "errand") < 0.4
    out = np.where(workday, leaves ^ change, errand)
    leave = np.where(workday & (full | part), wake + 1.1, 10.6 + 1.3 * bell(keys, "leave"))
    stay = np.where(full, 9.8 + 0.9 * habit["stay"], np.where(part, 5.6 + habit["stay"], 2.5))
    stay = np.where(workday, stay, 3.0) + 0.6 * bell(keys, "stay")
    leave = np.maximum(leave, wake + 0.4)
    back = leave + np.maximum(stay, 0.5)

    lunch = 12.2 + 0.6 * rhythm + 0.6 * habit["lunch"] + 0.3 * bell(keys, "lunch") + place.meals_h
    dinner = 19.1 - np.array([0.0, 0.5, 0.5])[days.kind] + place.meals_h
    dinner = dinner + 0.8 * rhythm + 1.1 * habit["dinner"] + 0.4 * bell(keys, "dinner")
    lunch = np.where(out & (back < 14.5), np.maximum(lunch, back + 0.4), lunch)
    dinner = np.where(out, np.maximum(dinner, back + 0.3), dinner)

    rise, set_ = sun(place, days)
    gloom = 0.1 + 0.6 * weather.cloud
    awake_in = np.where(out, np.maximum(back, set_ - gloom), set_ - gloom)
    times = {
        "wake": wake,
        "leave": leave,
        "back": back,
        "lunch": lunch,
        "dinner": dinner,
        "bed": bed,
        "dawn": np.where(out, np.minimum(rise + gloom, leave), rise + gloom) + 0 * wake,
        "dusk": np.maximum(awake_in, wake),
        "gone": np.where(out, leave, bed),
        "again": np.where(out, back, bed),
    }
    drift = 0.12 * _slow(home, days)
    busy = np.exp(0.22 * bell(keys, "busy") + drift)
    cold = np.broadcast_to(place.mean_c - weather.mean_c, busy.shape)
    return Plan(keys, _away(home, days), out, times, busy, cold)


def _away(home: Household, days: Days) -> Bools:
    """Holidays (a long one in summer, short ones around Easter, in autumn and at Christmas) and weekends elsewhere."""
    away = np.zeros((len(home.keys), len(days.number)), bool)
    seasons = (
        ("summer", 0.7, 200, 28, 14),
        ("easter", 0.25, 100, 12, 7),
        ("autumn", 0.2, 285, 15, 7),
        ("christmas", 0.2, 357, 3, 8),
    )
    first_of_year = days.number - days.of_year
    for new_year in np.unique(np.append(first_of_year, first_of_year[0] - 365)):
        keys = branch(home.keys, new_year)
        for name, share, middle, spread, length in seasons:
            start = new_year + middle + np.floor(spread * bell(keys, name)).astype(int)
            end = start + np.rint(length * (0.6 + 0.8 * uniform(keys, name + " length"))).astype(int)
            goes = uniform(keys, name + " trip") < share
            away |= (goes & True)[:, None] & (days.number >= start[:, None]) & (days.number < end[:, None])
    weekend = uniform(branch(home.keys[:, None], (days.number + 3) // 7), "weekend") < 0.05
    return away | (weekend & (days.weekday >= 5))


def _slow(home: Household, days: Days) -> Floats:
    """How a home's use drifts over months and years: smooth noise of standard deviation about 1, by home and day."""
    knots, into = np.divmod(days.number, 75)
    share = into / 75.0
    left, right = (bell(branch(home.keys[:, None], knots + i), "drift") for i in (0, 1))
    years = (days.number - 18_262) / 365.25  # since 2020
    return left * (1 - share) + right * share + 0.15 * np.clip(years, -10, 10) * bell(home.keys, "trend")[:, None]


def home_keys(seed: int, first: int, meters: int) -> Keys:
    """The key of each meter's life, by its index in the fleet."""
    return branch(chance.key(seed, "life"), np.arange(first, first + meters))
