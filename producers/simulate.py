"""The fleet's readings: every meter's energy and voltage, streamed in blocks of bounded size."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from electrocloud.domain.errors import UsageError
from electrocloud.domain.upload import INTERVALS_S
from producers.appliances import USES, base_runs, fridge_runs, use_runs
from producers.calendar import DAY_S, local_days, midnight_utc
from producers.chance import bell, branch, key
from producers.fleet import Fleet
from producers.homes import home_keys, households, plan
from producers.register import Register
from producers.weather import weather

_BLOCK_DAYS = 28
_BLOCK_CELLS = 700_000


class Block(NamedTuple):
    """Readings of some meters of the fleet over some days.

    meters: the slice of the fleet's meters that the rows are. start: of the first interval (s since 1970, a UTC midnight).
    wh: whole Wh, shape (meters, intervals). decivolts: tenths of a volt, of the same shape.
    """

    meters: slice
    start: int
    interval_s: int
    wh: NDArray[np.int64]
    decivolts: NDArray[np.int64]


def simulate(fleet: Fleet, start: date, days: int, interval_s: int) -> Iterator[Block]:
    """The readings of `days` UTC days from `start`, in blocks: by stretches of days, and in each by meters.

    The same fleet gives the same bytes; a meter's readings of a time depend on the fleet's seed and the meter's index alone.
    Shorter intervals add up to longer ones exactly. Memory is bounded, whatever the fleet's size and the days.
    """
    if interval_s not in INTERVALS_S:
        raise UsageError(f"interval_s is {interval_s}; it must be one of {INTERVALS_S} (s)")
    if days < 1:
        raise UsageError(f"days is {days}; it must be at least 1")
    per_day = DAY_S // interval_s
    for first in range(0, days, _BLOCK_DAYS):
        stretch = min(_BLOCK_DAYS, days - first)
        rows = max(1, _BLOCK_CELLS // (stretch * per_day))
        for row in range(0, len(fleet), rows):
            meters = slice(row, min(row + rows, len(fleet)))
            yield _block(fleet, meters, midnight_utc(start) + first * DAY_S, stretch, interval_s)


def _block(fleet: Fleet, meters: slice, start: int, days: int, interval_s: int) -> Block:
    part = fleet.part(meters)
    register = Register(len(part), start, days, interval_s)
    calendar = local_days(fleet.place, start, days)
    outside = weather(fleet.place, fleet.seed, calendar)
    index = np.arange(len(part)) + part.first
    home = households(fleet.seed, index, np.array([m.kind == "flat" for m in part.meters]))
    habits = plan(home, fleet.place, calendar, outside)
    register.add(base_runs(home, calendar))
    register.add(fridge_runs(home, calendar))
    for use in USES:
        register.add(use_runs(use, home, habits, calendar))
    wh = register.wh()
    return Block(meters, start, interval_s, wh, _decivolts(fleet, part, start, wh, interval_s))


def _decivolts(fleet: Fleet, part: Fleet, start: int, wh: NDArray[np.int64], interval_s: int) -> NDArray[np.int64]:
    """The voltage at each meter: nominal, less the drop of its own load over its cable, with the network's ripple."""
    keys = home_keys(fleet.seed, part.first, len(part))
    level = fleet.place.volts * 10 + 25 * bell(keys, "volts")
    moments = start // interval_s + np.arange(wh.shape[1])
    ripple = bell(branch(key(fleet.seed, "ripple"), moments), "volts") * 8
    drop = wh * (3600 / interval_s / 1000 * 6)
    return np.rint(level[:, None] + ripple - drop).astype(np.int64)
