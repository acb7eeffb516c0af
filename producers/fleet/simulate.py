"""The fleet's readings: every meter's energy and voltage, streamed in blocks of bounded size."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import HOUR_S, instant_of
from electrocloud.domain.readings.upload import INTERVALS_S
from producers.fleet.days import local_days
from producers.fleet.fleet import FEEDER_METERS, Fleet
from producers.fleet.loads import home_runs, shop_runs
from producers.fleet.meter_register import DAY_S, Ints, Register, counted_wh
from producers.fleet.random_numbers import fold_in, key, normal
from producers.fleet.solar import LEAD_DAYS, STEP_S, generated_ws, systems, with_battery
from producers.fleet.sunlight import sunlight
from producers.fleet.weather import weather

SIMULATED_S = tuple(seconds for seconds in INTERVALS_S if seconds <= HOUR_S)  # interval lengths
_BLOCK_DAYS = 28
_BLOCK_CELLS = 700_000
_SOLAR_ROWS = 16  # houses with solar that are simulated together, by the minute


class Block(NamedTuple):
    """Readings of some of the fleet's meters over some days.

    meters: the rows' slice of the fleet's meters. start: of the first interval (s since 1970, a UTC midnight). wh:
    whole Wh delivered, shape (meters, intervals). decivolts: tenths of a volt, same shape. received: whole Wh received
    from the customer, same shape, 0 for meters of one direction; None where none of them measures both.
    """

    meters: slice
    start: int
    interval_s: int
    wh: Ints
    decivolts: Ints
    received: Ints | None = None


def simulate(fleet: Fleet, start: date, days: int, interval_s: int) -> Iterator[Block]:
    """Readings of `days` UTC days from `start`, in blocks: spans of days, and groups of meters within each.

    The same fleet gives the same bytes. A meter's readings depend only on the fleet's seed and the meter's index, not
    on the start, the number of days or the other meters. Shorter intervals add up exactly to longer ones. Memory is
    bounded for any fleet and period. Raises `UsageError` for an invalid interval or number of days.
    """
    if interval_s not in SIMULATED_S:
        raise UsageError(f"interval_s is {interval_s}; it must be one of {SIMULATED_S} (s)")
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
    kinds, solar, batteries = (
        np.array([getattr(meter, name) for meter in part.meters]) for name in ("kind", "solar", "battery")
    )
    calendar = local_days(part.place, start, days)
    outside = weather(part.place, part.seed, calendar)
    register = Register(len(part), start, days, interval_s)
    for rows, runs in (
        (np.flatnonzero((kinds != "shop") & ~solar), home_runs),
        (np.flatnonzero(kinds == "shop"), shop_runs),
    ):
        for load in runs(part, rows, calendar, outside) if len(rows) else ():
            register.add(load._replace(row=rows[load.row]))
    wh = register.wh()
    if not solar.any():
        return Block(meters, start, interval_s, wh, _decivolts(part, start, wh, interval_s))
    received = np.zeros_like(wh)
    for lead, chosen in ((0, solar & ~batteries), (LEAD_DAYS, solar & batteries)):
        rows = np.flatnonzero(chosen)
        for some in (rows[first : first + _SOLAR_ROWS] for first in range(0, len(rows), _SOLAR_ROWS)):
            net_ws = _net_ws(part, some, start - lead * DAY_S, days + lead)
            wh[some], received[some] = (
                counted_wh(energy.reshape(len(some), wh.shape[1], -1).sum(axis=2), days)
                for energy in (np.maximum(net_ws, 0), np.maximum(-net_ws, 0))
            )
    return Block(meters, start, interval_s, wh, _decivolts(part, start, wh - received, interval_s), received)


def _net_ws(part: Fleet, rows: Ints, start: int, days: int) -> Ints:
    """What houses with solar draw from the grid in each step of STEP_S (Ws), below 0 what they feed into it.

    All of them have a battery or none does; with batteries, the first LEAD_DAYS are not in the answer.
    """
    calendar = local_days(part.place, start, days)
    outside = weather(part.place, part.seed, calendar)
    register = Register(len(rows), start, days, STEP_S)
    for runs in home_runs(part, rows, calendar, outside):
        register.add(runs)
    moments = start + np.arange(days * DAY_S // STEP_S) * STEP_S + STEP_S // 2
    batteries = np.array([part.meters[row].battery for row in rows])
    own = systems(part.place, part.seed, rows + part.first, batteries)
    light = sunlight(part.place, part.seed, calendar, outside, moments)
    net = register.watt_seconds() - generated_ws(own, light)
    return with_battery(own, net) if batteries.any() else net


def _decivolts(part: Fleet, start: int, wh: Ints, interval_s: int) -> Ints:
    """The voltage at each meter: nominal, plus its feeder's swing and ripple, minus its own net load's drop (0.6 V
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
