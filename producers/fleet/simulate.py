"""The fleet's readings: every meter's energy and voltage, streamed in blocks of bounded size."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.upload import INTERVALS_S
from producers.fleet.appliances import HOME_USES, base_runs, fridge_runs, thermostat_runs
from producers.fleet.days import Days, local_days
from producers.fleet.electric import air_conditioner_runs, car_runs, heat_pump_runs
from producers.fleet.fleet import FEEDER_METERS, Fleet
from producers.fleet.habits import use_runs
from producers.fleet.homes import home_plan, households
from producers.fleet.meter_register import DAY_S, Ints, Register, Runs
from producers.fleet.random_numbers import fold_in, key, normal, uniform
from producers.fleet.shops import SHOP_USES, cooling_runs, shop_base_runs, shop_plan, shops
from producers.fleet.weather import Weather, weather

_BLOCK_DAYS = 28
_BLOCK_CELLS = 700_000


class Block(NamedTuple):
    """Readings of some of the fleet's meters over some days.

    meters: the rows' slice of the fleet's meters. start: of the first interval (s since 1970, a UTC midnight). wh:
    whole Wh, shape (meters, intervals). decivolts: tenths of a volt, same shape.
    """

    meters: slice
    start: int
    interval_s: int
    wh: Ints
    decivolts: Ints


def simulate(fleet: Fleet, start: date, days: int, interval_s: int) -> Iterator[Block]:
    """Readings of `days` UTC days from `start`, in blocks: spans of days, and groups of meters within each.

    The same fleet gives the same bytes. A meter's readings depend only on the fleet's seed and the meter's index, not
    on the start, the number of days or the other meters. Shorter intervals add up exactly to longer ones. Memory is
    bounded for any fleet and period. Raises `UsageError` for an invalid interval or number of days.
    """
    if interval_s not in INTERVALS_S:
        raise UsageError(f"interval_s is {interval_s}; it must be one of {INTERVALS_S} (s)")
    if days < 1:
        raise UsageError(f"days is {days}; it must be at least 1")
    return _blocks(fleet, instant_of(start), days, interval_s)


def _blocks(fleet: Fleet, start: int, days: int, interval_s: int) -> Iterator[Block]:
    for first in range(0, days, _BLOCK_DAYS):
        stretch = min(_BLOCK_DAYS, days - first)
        rows = max(1, _BLOCK_CELLS * interval_s // (stretch * DAY_S))
        for row in range(0, len(fleet), rows):
            meters = slice(row, min(row + rows, len(fleet)))
            yield _block(fleet, meters, start + first * DAY_S, stretch, interval_s)


def _block(fleet: Fleet, meters: slice, start: int, days: int, interval_s: int) -> Block:
    part = fleet.part(meters)
    register = Register(len(part), start, days, interval_s)
    calendar = local_days(fleet.place, start, days)
    outside = weather(fleet.place, fleet.seed, calendar)
    kinds = np.array([meter.kind for meter in part.meters])
    for rows, runs in (
        (np.flatnonzero(kinds != "shop"), _home_runs),
        (np.flatnonzero(kinds == "shop"), _shop_runs),
    ):
        if len(rows):
            for some in runs(part, rows, calendar, outside):
                register.add(_of(rows, some))
    wh = register.wh()
    return Block(meters, start, interval_s, wh, _decivolts(part, start, wh, interval_s))


def _home_runs(part: Fleet, rows: Ints, days: Days, outside: Weather) -> Iterator[Runs]:
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


def _shop_runs(part: Fleet, rows: Ints, days: Days, outside: Weather) -> Iterator[Runs]:
    customers = shops(part.seed, rows + part.first)
    plan = shop_plan(customers, part.place, days, outside)
    yield shop_base_runs(customers, days)
    yield cooling_runs(customers, days)
    for use in SHOP_USES:
        yield use_runs(use, customers, plan, days)


def _decivolts(part: Fleet, start: int, wh: Ints, interval_s: int) -> Ints:
    """The voltage at each meter: nominal, plus its feeder's swing and ripple, minus its own load's drop (0.6 V
    per kW).
    """
    index = np.arange(len(part)) + part.first
    level = part.place.volts * 10 + 15 * normal(fold_in(key(part.seed, "cable"), index), "level")
    feeders, row = np.unique(index // FEEDER_METERS, return_inverse=True)
    feeder = fold_in(key(part.seed, "feeder"), feeders)[:, None]
    moments = start + np.arange(wh.shape[1]) * interval_s
    swing = 12 * normal(fold_in(feeder, moments // 3600), "swing") + 5 * normal(fold_in(feeder, moments), "ripple")
    drop = wh * (6 * 3600 / interval_s / 1000)
    return np.rint(level[:, None] + swing[row] - drop).astype(np.int64)
