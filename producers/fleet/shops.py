"""Shops and trades: their opening hours and appliances."""

import numpy as np

from producers.fleet import random_numbers
from producers.fleet.days import Days, sun
from producers.fleet.habits import Bools, Customers, Phases, Plan, Use, cycles, steady
from producers.fleet.homes import drift
from producers.fleet.meter_register import Ints, Runs
from producers.fleet.places import Place
from producers.fleet.random_numbers import fold_in, low_discrepancy, normal, normal_quantile, uniform
from producers.fleet.weather import Weather

OFFICE, SHOP, BAKERY, RESTAURANT, WORKSHOP = range(5)
_SHARES = (0.25, 0.64, 0.71, 0.84)  # cumulative shares of the first four trades
_CLOSED = (0.0, 0.0)
_HOURS = np.array(  # opening and closing time on workdays, Saturdays and Sundays, by trade
    (
        ((8.0, 18.0), _CLOSED, _CLOSED),
        ((8.7, 18.8), (8.0, 14.2), _CLOSED),
        ((5.5, 18.0), (5.0, 13.5), (8.0, 14.0)),
        ((10.8, 23.0), (10.8, 25.0), (10.8, 22.5)),
        ((7.3, 17.5), (7.0, 13.5), _CLOSED),
    )
)
_KITCHEN: Phases = ((0.0, 0.4, 1.0), (0.4, 0.6, 0.6))

SHOP_USES = (
    Use("lights and devices", 1.0, (2.7, 2.7, 2.7), "open", -0.3, 0.3, 0.1, 0.0, 600, until="close"),
    Use("morning work", 0.9, (1.8, 4, 0.15), "open", 1.0, 0.8, 0.8, 2.0, 900),
    Use("noon work", 0.9, (2.2, 3, 0.5), "open", 3.0, 0.8, 1.0, 1.5, 900),
    Use("afternoon work", 0.9, (2.1, 0.46, 0.071), "close", -3.0, 0.8, 0.8, 2.5, 1000),
    Use("coffee machine", 0.8, (1.5, 2.5, 0.8), "open", 0.5, 0.5, 0.5, 0.5, 1500),
    Use("oven", 1.0, (2.5, 1.2, 0.18), "open", -0.5, 0.4, 0.3, 3.0, 2200, phases=_KITCHEN, ways=(BAKERY,)),
    Use("lunch kitchen", 1.0, (0.7, 1.2, 0.7), 12.0, 0.0, 0.5, 0.3, 3.0, 2200, phases=_KITCHEN, ways=(RESTAURANT,)),
    Use("dinner kitchen", 1.0, (0.65, 0.42, 0.8), 17.7, 0.0, 0.5, 0.3, 3.0, 3000, phases=_KITCHEN, ways=(RESTAURANT,)),
    Use("machines", 0.9, (3, 2.5, 0), "open", 1.0, 0.6, 0.8, 3.0, 2500, ways=(WORKSHOP,)),
    Use("shop window", 0.6, (1.5, 1.4, 1.4), "dusk", 0.0, 0.3, 0.1, 0.0, 300, until="late", always=True),
    Use("cleaning", 0.6, (1.9, 0.7, 0.1), "close", 0.3, 0.6, 0.3, 1.0, 800),
    Use("heater", 0.3, (0.6, 1.2, 0.3), "open", -0.5, 0.3, 0.3, 5.0, 1500, cold=1.3),
)


def shops(seed: int, index: Ints) -> Customers:
    """The shops at these indices of the fleet. Their `way` is their trade."""
    habits = {
        trait: normal_quantile(low_discrepancy(seed, index, i))
        for i, trait in enumerate(("trade", "size", "thrift", "hours"), 11)
    }
    keys = fold_in(random_numbers.key(seed, "life"), index)
    trade = np.searchsorted(_SHARES, low_discrepancy(seed, index, 11), side="right")
    return Customers(
        keys, np.exp(0.5 * habits["size"]), np.exp(0.4 * habits["thrift"]), trade, 0.4 * habits["hours"], habits
    )


def shop_plan(customers: Customers, place: Place, days: Days, weather: Weather) -> Plan:
    """The plan of the shops' days: away when closed."""
    keys = fold_in(customers.keys[:, None], days.number)
    opens, closes = np.moveaxis(_HOURS[customers.way][:, days.kind], -1, 0)
    rest = (customers.way == RESTAURANT)[:, None] & (days.weekday == 0)
    saturdays = (customers.way == WORKSHOP)[:, None] & (days.weekday == 5) & (uniform(keys, "saturday") < 0.6)
    closed = (opens == closes) | rest | saturdays | _holiday(customers, place, days)
    _, set_ = sun(place, days)
    rhythm = customers.rhythm[:, None]
    times = {
        "open": opens + rhythm,
        "close": closes + rhythm,
        "dusk": np.broadcast_to(set_ - 0.5 * weather.cloud, closed.shape),
        "late": np.broadcast_to(24.0 + 3 * rhythm, closed.shape),
        "leave": np.zeros(closed.shape),
        "back": np.zeros(closed.shape),
    }
    busy = np.exp(0.15 * normal(keys, "busy") + 0.1 * drift(customers, days))
    cold = np.broadcast_to(place.mean_c - weather.mean_c, closed.shape)
    return Plan(keys, closed, np.zeros(closed.shape, bool), times, busy, cold)


def shop_base_runs(customers: Customers, days: Days) -> Runs:
    """The base load: alarms, tills, servers, emergency lights."""
    return steady(days, 260 * customers.size * customers.thrift * np.exp(0.4 * normal(customers.keys, "standby")))


def cooling_runs(customers: Customers, days: Days) -> Runs:
    """Display refrigerators and cold rooms; food trades have more of them."""
    food = np.isin(customers.way, (BAKERY, RESTAURANT))
    watts = (300 + 300 * food) * customers.size * np.exp(0.3 * normal(customers.keys, "cooling"))
    return cycles(customers, days, "cooling", 3600 * (0.8 + 0.15 * normal(customers.keys, "period")), 0.4, watts)


def _holiday(customers: Customers, place: Place, days: Days) -> Bools:
    """A third of the shops close for two weeks around the warmest time of the year."""
    start = place.warmest + 15 * normal(customers.keys, "holiday")[:, None]
    goes = uniform(customers.keys, "closes") < 0.35
    return goes[:, None] & (days.of_year >= start) & (days.of_year < start + 14)
