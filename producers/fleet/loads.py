"""The loads of a fleet's customers: everything that runs in their homes and shops."""

from collections.abc import Iterator

import numpy as np

from producers.fleet.appliances import HOME_USES, base_runs, fridge_runs, thermostat_runs
from producers.fleet.days import Days
from producers.fleet.electric import air_conditioner_runs, car_runs, heat_pump_runs
from producers.fleet.fleet import Fleet
from producers.fleet.habits import use_runs
from producers.fleet.homes import home_plan, households
from producers.fleet.meter_register import Ints, Runs
from producers.fleet.random_numbers import uniform
from producers.fleet.shops import SHOP_USES, cooling_runs, shop_base_runs, shop_plan, shops
from producers.fleet.weather import Weather


def home_runs(part: Fleet, rows: Ints, days: Days, outside: Weather) -> Iterator[Runs]:
    """The loads of the homes and apartments at these rows of a part of a fleet; a run's row is its place among them."""
    meters = [part.meters[row] for row in rows]
    homes = households(part.seed, rows + part.first, np.array([meter.kind == "apartment" for meter in meters]))
    plan = home_plan(homes, part.place, days, outside)
    yield base_runs(homes, days)
    yield fridge_runs(homes, days)
    yield thermostat_runs(homes, days)
    for use in HOME_USES:
        owned = part.place.owned.get(use.name, use.owned)
        yield use_runs(use._replace(owned=owned), homes, plan, days)
    cars = np.flatnonzero([meter.ev for meter in meters])
    yield _of(cars, car_runs(homes.of(cars), plan.of(cars), days))
    pumps = np.flatnonzero([meter.heat_pump for meter in meters])
    yield _of(pumps, heat_pump_runs(homes.of(pumps), days, outside))
    share = part.place.owned.get("air_conditioner", 0.0)
    cooled = np.flatnonzero(uniform(homes.keys, "air conditioner") < share)
    yield _of(cooled, air_conditioner_runs(homes.of(cooled), plan.of(cooled), days, outside))


def _of(rows: Ints, runs: Runs) -> Runs:
    """The runs of a subset of customers, by their rows in the whole."""
    return runs._replace(row=rows[runs.row])


def shop_runs(part: Fleet, rows: Ints, days: Days, outside: Weather) -> Iterator[Runs]:
    """The loads of the shops at these rows of a part of a fleet; a run's row is its place among them."""
    customers = shops(part.seed, rows + part.first)
    plan = shop_plan(customers, part.place, days, outside)
    yield shop_base_runs(customers, days)
    yield cooling_runs(customers, days)
    for use in SHOP_USES:
        yield use_runs(use, customers, plan, days)
