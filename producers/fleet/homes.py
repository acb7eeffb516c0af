"""Households and their days: who lives there, when they get up, leave, eat and sleep, and when they are away."""

from datetime import date

import numpy as np

from producers.fleet import random_numbers
from producers.fleet.days import EPOCH, SATURDAY, SUNDAY, WORKDAY, Days, sun
from producers.fleet.habits import Bools, Customers, Plan
from producers.fleet.meter_register import Ints
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats, fold_in, low_discrepancy, normal, normal_quantile, uniform
from producers.fleet.weather import Weather

# Ways of life: someone is home all day and cooks at noon, or gets up later and cooks in the evening; or everyone is
# out for half of the workday, or for all of it.
RETIRED, AT_HOME, HALF_DAYS, FULL_DAYS = range(4)
_WAYS = (0.18, 0.50, 0.635)  # cumulative shares of the first three
_WAKES = np.array((7.2, 8.0, 6.65, 6.75))  # wake-up time on workdays, h
_PEOPLE = (0.41, 0.75, 0.87, 0.965)  # cumulative shares of homes with 1, 2, 3 and 4 people; the rest have 5
_FEAST = 1.65  # makes Christmas Day a third above a winter day, as BDEW reports: 12 kWh against 9
_TRAITS = ("people", "work", "thrift", "irregular", "rhythm", "wake", "lie in", "bed", "lunch", "dinner", "stay")


def households(seed: int, index: Ints, apartments: Bools) -> Customers:
    """The homes at these indices of the fleet; `apartments` marks apartments, where fewer people live.

    Traits that shape the fleet's load are spread evenly over the index, so that a small fleet is also a fair sample.
    """
    share = {trait: low_discrepancy(seed, index, dimension) for dimension, trait in enumerate(_TRAITS)}
    habits = {trait: normal_quantile(value) for trait, value in share.items()}
    draw = share["people"] * np.where(apartments, 0.90, 1.0) + np.where(apartments, 0.0, 0.12)
    people = 1.0 + np.searchsorted(_PEOPLE, draw, side="right")
    way = np.searchsorted(_WAYS, share["work"], side="right")
    irregular = share["irregular"] < np.select([people == 1, people == 2], [0.7, 0.35], 0.15)
    rhythm = np.where(irregular, 0.3 + 2.2 * habits["rhythm"], 0.4 * habits["rhythm"])
    keys = fold_in(random_numbers.key(seed, "life"), index)
    return Customers(keys, people / 2, np.exp(1.15 * habits["thrift"] - 0.25), way, np.clip(rhythm, -1.5, 5), habits)


def home_plan(homes: Customers, place: Place, days: Days, weather: Weather) -> Plan:
    """The plan of the homes' days."""
    keys = fold_in(homes.keys[:, None], days.number)
    habit = {trait: values[:, None] for trait, values in homes.habits.items()}
    rhythm = homes.rhythm[:, None]
    wake = _WAKES[homes.way][:, None] + rhythm + 0.6 * habit["wake"] + 0.25 * normal(keys, "wake")
    wake += (days.kind != WORKDAY) * (1.2 + 0.5 * habit["lie in"] + 0.9 * (days.kind != SATURDAY))
    eve = np.select([days.weekday == 4, days.weekday == 5], [0.7, 1.3])
    bed = 22.6 + 0.75 * rhythm + habit["bed"] + 0.5 * normal(keys, "bed") + eve
    # On Saturday nights some go out after dinner: their lights go off as if they went to bed.
    goes_out = (days.weekday == 5) & (uniform(keys, "goes out") < 0.3)
    bed = np.where(goes_out, np.minimum(bed, 20.5 + 0.5 * normal(keys, "saturday night")), bed)
    out, leave, back = _outings(homes, days, keys, wake)

    lunch = 12.4 + 0.6 * rhythm + 0.3 * habit["lunch"] + 0.6 * normal(keys, "lunch") + place.meals_h
    lunch = np.where(out & (back < 14.5), np.maximum(lunch, back + 0.4), lunch)
    dinner = 19.0 - 0.5 * (days.kind != WORKDAY) + place.meals_h
    dinner = dinner + 0.7 * rhythm + 0.95 * habit["dinner"] + 0.1 * normal(keys, "dinner")
    dinner = np.where(out, np.maximum(dinner, back + 0.3), dinner)

    rise, set_ = sun(place, days)
    gloom = 0.1 + 0.6 * weather.cloud  # hours before sunset and after sunrise when it is too dark to read
    times = {
        "wake": wake,
        "leave": leave,
        "back": back,
        "gone": np.where(out, leave, bed),
        "again": np.where(out, back, bed),
        "lunch": lunch,
        "dinner": dinner,
        "bed": bed,
        "dawn": np.where(out, np.minimum(rise + gloom, leave), rise + gloom),
        "dusk": np.maximum(np.where(out, np.maximum(back, set_ - gloom), set_ - gloom), wake),
    }
    busy = np.exp(0.25 * normal(keys, "busy") + 0.25 * drift(homes, days)) * np.where(days.feast, _FEAST, 1)
    cold = np.broadcast_to(place.mean_c - weather.mean_c, busy.shape)
    return Plan(keys, _away(homes, place, days), out, times, busy, cold)


def drift(customers: Customers, days: Days) -> Floats:
    """A customer's slow change of use over months and years: smooth daily noise with a standard deviation of
    about 1.
    """
    knots, into = np.divmod(days.number, 75)
    share = into / 75.0
    left, right = (normal(fold_in(customers.keys[:, None], knots + i), "drift") for i in (0, 1))
    years = np.clip((days.number - (date(2020, 1, 1) - EPOCH).days) / 365.25, -10, 10)
    return left * (1 - share) + right * share + 0.15 * years * normal(customers.keys, "trend")[:, None]


def _outings(homes: Customers, days: Days, keys: random_numbers.Keys, wake: Floats) -> tuple[Bools, Floats, Floats]:
    """Whether nobody is home for part of the day, and from when to when: work on their own weekdays, or errands."""
    full, half = ((homes.way == way)[:, None] for way in (FULL_DAYS, HALF_DAYS))
    workday = days.kind == WORKDAY
    usual = uniform(fold_in(homes.keys[:, None], days.weekday), "leave")
    leaves = usual < np.select([full, half], [0.85, 0.75], 0.2)
    out = np.where(workday, leaves ^ (uniform(keys, "change") < 0.12), uniform(keys, "errand") < 0.4)
    errand = np.where(days.kind == SUNDAY, 14.7, 10.6) + 1.3 * normal(keys, "leave")  # walks and visits on Sundays
    leave = np.where(workday & (full | half), wake + 1.1, errand)
    leave = np.maximum(leave, wake + 0.4)
    habit = homes.habits["stay"][:, None]
    stay = np.where(workday, np.select([full, half], [9.8 + 0.9 * habit, 5.6 + habit], 2.5), 3.0)
    return out, leave, leave + np.maximum(stay + 0.6 * normal(keys, "stay"), 0.5)


def _away(homes: Customers, place: Place, days: Days) -> Bools:
    """Vacations (a long one in summer, short ones around Easter, in fall and at Christmas) and weekends away."""
    trips = (  # share of homes, mean departure (day of the year), its standard deviation, days away
        ("summer", 0.7, place.warmest, 28, 14),
        ("easter", 0.25, 100, 12, 7),
        ("autumn", 0.2, 285, 15, 7),
        ("christmas", 0.2, 357, 3, 8),
    )
    weekend = uniform(fold_in(homes.keys[:, None], (days.number + 3) // 7), "weekend") < 0.05
    away = weekend & (days.weekday >= 5)
    first, last = ((EPOCH.toordinal() + int(number)) for number in days.number[[0, -1]])
    for year in range(date.fromordinal(first).year - 1, date.fromordinal(last).year + 1):
        keys = fold_in(homes.keys, year)
        new_year = (date(year, 1, 1) - EPOCH).days
        for name, share, middle, spread, length in trips:
            start = new_year + middle + np.floor(spread * normal(keys, name))
            end = start + np.rint(length * (0.6 + 0.8 * uniform(keys, f"{name} length")))
            goes = uniform(keys, f"{name} trip") < share
            away |= goes[:, None] & (days.number >= start[:, None]) & (days.number < end[:, None])
    return away
