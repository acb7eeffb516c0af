"""Forecasts of loads in their first three weeks: python -m benchmarks.first_weeks

Simulated homes, apartments, shops and feeders begin on random days of an autumn; each forecast is of the next 24 hours,
alone and with the load of a group: of the other meters of the fleet for feeders, of those of the class for meters.
"""

import time
from datetime import date
from typing import NamedTuple

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.backtest import next_start
from forecasting.ahead import ahead_of
from forecasting.load import Floats, Load, load_of, wall_clock
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate

FIRST, DAYS = date(2025, 9, 1), 100
GROUP_DAYS = 28  # of the fleet's load before a series begins, at least
WEEKS = ((1, 7), (8, 14), (15, 20))


class Errors(NamedTuple):
    """Absolute errors in Wh of the last day repeated, of the forecast alone and in a group; actual Wh; s each."""

    lag: float
    alone: float
    in_group: float
    actual: float
    seconds: float


def errors_of(loads: list[Load], groups: list[Load], weeks: tuple[int, int], samples: int) -> Errors:
    """The errors of so many forecasts, each made after a random number of days within bounds."""
    random = np.random.default_rng(1)
    found = np.zeros(5)
    for number in range(samples):
        row = number % len(loads)
        first = 24 * int(random.integers(GROUP_DAYS, DAYS - 24))
        end = first + 24 * int(random.integers(weeks[0], weeks[1] + 1))
        whole = loads[row]
        own = Load(whole.first + first, whole.values[first:end], whole.filled[first:end], whole.zone)
        begun = time.process_time()
        made = [ahead_of(load, 24).values for load in (own, own._replace(group=groups[row].until(end)))]
        seconds = (time.process_time() - begun) / 2
        truth = whole.values[end : end + 24]
        known = np.isfinite(truth)
        off = [float(np.abs(one - truth)[known].sum()) for one in (whole.filled[end - 24 : end], *made)]
        found += np.array([*off, float(truth[known].sum()), seconds / samples])
    return Errors(*found.tolist())


def main(meters: int = 400, seed: int = 7, samples: int = 120) -> None:
    """Print the WAPE of each kind of load by week."""
    fleet = make_fleet(meters, seed)
    wh = np.zeros((meters, DAYS * 24), np.int64)
    for block in simulate(fleet, FIRST, DAYS, 3600):
        hour = (block.start - next_start(FIRST)) // 3600
        wh[block.meters, hour : hour + block.wh.shape[1]] = block.wh
    clock = wall_clock(next_start(FIRST) + np.arange(DAYS * 24) * 3600, fleet.place.zone)
    start = int(np.argmax(clock % 86400 == 0))

    def load(rows: Floats) -> Load:
        return load_of(clock[start:], rows[start:].astype(float), fleet.place.zone)

    feeders = np.array([meter.feeder for meter in fleet.meters])
    kinds = {"feeder": [wh[feeders == feeder].sum(axis=0) for feeder in np.unique(feeders)]}
    for kind in ("home", "apartment", "shop"):
        kinds[kind] = [wh[row] for row, meter in enumerate(fleet.meters) if meter.kind == kind]
    table = Table(box=SIMPLE_HEAD)
    for head in ("load", "days", "lag-24h", "forecast", "below", "with the group's load", "below", "s"):
        table.add_column(head, justify="left" if head == "load" else "right")
    for kind, rows in kinds.items():
        whole = np.sum(rows, axis=0)  # of all feeders, the fleet
        loads, groups = [load(row) for row in rows], [load(whole - row) for row in rows]
        for weeks in WEEKS:
            found = errors_of(loads, groups, weeks, samples)
            lag, alone, group = (one / found.actual for one in (found.lag, found.alone, found.in_group))
            shown = (f"{lag:.1%}", f"{alone:.1%}", f"{1 - alone / lag:.0%}", f"{group:.1%}", f"{1 - group / lag:.0%}")
            table.add_row(kind, f"{weeks[0]} to {weeks[1]}", *shown, f"{found.seconds:.3f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    typer.run(main)
