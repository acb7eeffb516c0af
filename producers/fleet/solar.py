"""Solar systems and batteries of houses, and what the meter counts behind them in each direction.

A system is modeled as PVWatts does (Dobos, 2014): cells warmer than the air by NOCT, losses of 14%, and an inverter of
96% efficiency with 1/1.2 of the panels' power. A battery charges from surplus and discharges into use: it takes nothing
from the grid and gives nothing to it.
"""

from typing import NamedTuple

import numpy as np

from producers.fleet import random_numbers
from producers.fleet.meter_register import DAY_S, Ints
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats, fold_in, normal, uniform
from producers.fleet.sunlight import Sunlight

STEP_S = 60  # net power is split into directions by the minute
LEAD_DAYS = 3  # a battery's charge on a day follows from the days before, of which these count
_STEPS = DAY_S // STEP_S
_LOSSES, _INVERTER, _DC_TO_AC = 0.14, 0.96, 1.2
_PER_DEGREE, _NOCT_C = -0.0037, 45.0
_STORED, _OF = 17, 20  # of 20 Wh that are charged, 17 come out: NREL's round-trip efficiency of 85%


class Systems(NamedTuple):
    """Solar systems, as arrays with one value each.

    watts: rated power of the panels (W). tilt, azimuth: radians, as in `Sunlight.on`. capacity_ws: what the battery can
    give (Ws); 0 where there is none. power_w: its greatest power.
    """

    watts: Floats
    tilt: Floats
    azimuth: Floats
    capacity_ws: Ints
    power_w: Ints


def systems(place: Place, seed: int, index: Ints, batteries: np.ndarray) -> Systems:
    """The systems of the houses at these indices of the fleet; `batteries` says which have a battery.

    Sizes spread about the place's median. Three in five roofs face the equator, the others east or west. Batteries are
    about NREL's representative one, 12.5 kWh and 5 kW (Annual Technology Baseline, 2024), smaller for small systems.
    """
    keys = fold_in(random_numbers.key(seed, "solar"), index)
    watts = 1_000 * place.equipment.solar_kw * np.exp(0.35 * normal(keys, "size"))
    tilt = np.clip(30 + 9 * normal(keys, "tilt"), 5, 55)
    side = np.where(uniform(keys, "side") < 0.5, -90, 90) + 20 * normal(keys, "turned")
    off_equator = np.where(uniform(keys, "roof") < 0.6, 25 * normal(keys, "turned"), side)
    azimuth = (180 if place.lat > 0 else 0) + off_equator
    hours = np.clip(1.6 + 0.4 * normal(keys, "battery"), 0.8, 3)
    capacity = np.where(batteries, np.rint(watts * hours * 3600), 0).astype(np.int64)
    return Systems(watts, np.radians(tilt), np.radians(azimuth), capacity, capacity * 2 // 5 // 3600)


def generated_ws(own: Systems, light: Sunlight) -> Ints:
    """What the systems generate in each step (Ws), shape (systems, steps); `light` is that of the steps' middles."""
    irradiance = light.on(own.tilt, own.azimuth)
    warmer = light.air_c + irradiance * (_NOCT_C - 20) / 800 - 25
    direct = own.watts[:, None] * irradiance / 1000 * (1 + _PER_DEGREE * warmer) * (1 - _LOSSES)
    found: Ints = np.rint(np.minimum(direct * _INVERTER, own.watts[:, None] / _DC_TO_AC) * STEP_S).astype(np.int64)
    return found


def with_battery(own: Systems, net_ws: Ints) -> Ints:
    """What is drawn from the grid in each step (below 0: fed into it), after the batteries; LEAD_DAYS fewer days.

    net_ws: use without what is generated, shape (systems, steps of whole days). What a battery holds at the start of a
    day is what it would if it had been empty LEAD_DAYS before, so no day depends on the day a simulation starts with.
    """
    net = net_ws.reshape(len(net_ws), -1, _STEPS)
    most = (own.power_w * STEP_S)[:, None, None]
    change = np.where(net < 0, np.minimum(-net, most) * _STORED // _OF, -np.minimum(net, most))
    change = np.moveaxis(change, 2, 0)
    capacity = own.capacity_ws[:, None]
    held = _at_midnights(change, capacity)
    net, change = np.moveaxis(net, 2, 0)[:, :, LEAD_DAYS:], change[:, :, LEAD_DAYS:]
    drawn = np.empty_like(net)
    for step, (own_net, own_change) in enumerate(zip(net, change, strict=True)):
        after = np.clip(held + own_change, 0, capacity)
        into = after - held
        drawn[step] = own_net + np.where(into > 0, -(-into * _OF // _STORED), into)
        held = after
    return np.moveaxis(drawn, 0, 2).reshape(len(net_ws), -1)


def _at_midnights(change: Ints, capacity: Ints) -> Ints:
    """What the batteries hold at the start of each day but the first LEAD_DAYS, shape (systems, days).

    A day takes what a battery holds from x to clip(x + sum of changes, what an empty one ends with, what a full one
    ends with), since every step does.
    """
    empty = np.zeros(change.shape[1:], np.int64)
    full = empty + capacity
    for each in change:
        empty, full = np.clip(empty + each, 0, capacity), np.clip(full + each, 0, capacity)
    whole = change.sum(axis=0)
    days = change.shape[2] - LEAD_DAYS
    held = np.zeros((change.shape[1], days), np.int64)
    for number in range(LEAD_DAYS):
        one = slice(number, number + days)
        held = np.clip(held + whole[:, one], empty[:, one], full[:, one])
    return held
