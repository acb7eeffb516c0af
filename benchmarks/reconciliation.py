"""Forecasts of feeders and the fleet that add up, against those of each alone: python -m benchmarks.reconciliation

Simulated fleets over 14 months, of energy delivered and of net load (delivered minus received, with a large share of
solar, so that feeders are negative at noon). 28 days are judged, each a week ahead: the model, the residuals and the
shares come from the 28 days before. MinT with shrinkage (Wickramasuriya et al., 2019) is for a single sum: each series
takes a share of the difference between the fleet and the sum of its feeders, by the covariance of its errors with the
differences.
"""

from datetime import date
from typing import NamedTuple

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.backtest import DAYS, next_start
from forecasting.backtest import actual, choose, origins_of, run_candidates, with_blends
from forecasting.intervals import bounds
from forecasting.load import Floats, Load, load_of, wall_clock
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate

FIRST, SPAN = date(2025, 1, 1), 425
DAY = 24
HORIZON = 7 * DAY


class Base(NamedTuple):
    """The forecasts of series from DAYS origins, shape (series, origins, horizon), what came, and errors before.

    before: residuals of the chosen model at the origins before, shape (series, origins, origins before, horizon).
    """

    made: Floats
    truth: Floats
    before: Floats


def loads_of(meters: int, seed: int, solar: float) -> list[Load]:
    """The fleet's load and then its feeders'; net of what customers feed in if `solar` of them have panels."""
    fleet = make_fleet(meters, seed, solar=solar) if solar else make_fleet(meters, seed)
    wh = np.zeros((meters, SPAN * DAY), np.int64)
    for block in simulate(fleet, FIRST, SPAN, 3600):
        hour = (block.start - next_start(FIRST)) // 3600
        net = block.wh - block.received if solar and block.received is not None else block.wh
        wh[block.meters, hour : hour + block.wh.shape[1]] = net
    clock = wall_clock(next_start(FIRST) + np.arange(SPAN * DAY) * 3600, fleet.place.zone)
    whole = slice(int(np.argmax(clock % 86400 == 0)), int(np.flatnonzero(clock % 86400 == 0)[-1]))
    feeders = np.array([meter.feeder for meter in fleet.meters])
    rows = [wh, *(wh[feeders == feeder] for feeder in np.unique(feeders))]
    return [load_of(clock[whole], row.sum(axis=0)[whole].astype(float), fleet.place.zone) for row in rows]


def base_of(loads: list[Load]) -> Base:
    """Forecast each load alone, by the best model or mean of models of the 28 days before."""
    wait = HORIZON // DAY - 1
    made, truths, errors = [], [], []
    for load in loads:
        origins = origins_of(load, HORIZON, DAYS + wait + DAYS)
        trials = run_candidates(load, origins, HORIZON)
        truth = actual(load, origins, HORIZON)
        own, before = [], []
        for now in range(len(origins) - DAYS, len(origins)):
            past = slice(now - DAYS - wait, now - wait)
            cut = [trial._replace(forecasts=trial.forecasts[past]) for trial in trials]
            best = choose(with_blends(cut, truth[past]), truth[past])
            parts = [trial.forecasts[now] for trial in trials if trial.name in best.name.split(" + ")]
            own.append(np.mean(parts, axis=0))
            before.append(truth[past] - best.forecasts)
        made.append(own)
        truths.append(truth[-DAYS:])
        errors.append(before)
    return Base(np.array(made), np.array(truths), np.array(errors))


def reconciled(base: Base, how: str) -> Floats:
    """The forecasts with the shares of each day of the horizon."""
    found = base.made.copy()
    for origin in range(DAYS):
        for day in range(HORIZON // DAY):
            hours = slice(day * DAY, (day + 1) * DAY)
            residuals = base.before[:, origin, :, hours].reshape(len(found), -1)
            variances = np.nanmean(residuals**2, axis=1)
            if how == "bottom-up":
                taken = np.where(np.arange(len(found)) == 0, 1.0, 0.0)
            elif how == "by variance":
                taken = shares(np.full((len(found), 1), np.nan), variances)
            else:
                taken = shares(residuals, variances)
            made = base.made[:, origin, hours]
            found[:, origin, hours] -= taken[:, None] * (made[0] - made[1:].sum(axis=0))
    return found


def shares(residuals: Floats, variances: Floats) -> Floats:
    """What each series takes of (total minus the sum of its parts), which is subtracted from it; the total is row 0.

    The total's share is positive and the parts' are negative, usually, and the total's minus all parts' is 1, so what
    comes out adds up. residuals: actual minus forecast, shape (1 + parts, samples); samples that lack a value of a
    series are left out, but for series that have none at all: these count by their `variances`, as uncorrelated.
    A series whose variance is 0 is not changed.
    """
    sign = np.where(np.arange(len(residuals)) == 0, 1.0, -1.0)
    known = np.isfinite(residuals).any(axis=1) & (variances > 0)
    own = residuals[known]
    own = own[:, np.isfinite(own).all(axis=0)]
    found = sign * variances
    if own.shape[1] > 1:
        squares = (own**2).mean(axis=1)
        shrinkage = _shrinkage(own, squares)
        together = (own * (sign[known] @ own)).mean(axis=1)
        found[known] = (1 - shrinkage) * together + shrinkage * sign[known] * squares
    total = float(sign @ found)
    return found / total if total > 0 else np.where(sign > 0, 1.0, 0.0)


def _shrinkage(errors: Floats, squares: Floats) -> float:
    """How far correlations are shrunk to 0, 0 to 1 (Schäfer and Strimmer, 2005), without a matrix of all series."""
    scaled = (errors / np.sqrt(np.maximum(squares, 1e-12))[:, None]).T  # samples in rows
    samples = len(scaled)
    square = scaled**2
    products = float((square.sum(axis=1) ** 2).sum() - (square**2).sum())  # of different series, as the next
    correlations = float(((scaled @ scaled.T) ** 2).sum() - (square.sum(axis=0) ** 2).sum()) / samples**2
    variance = (products - samples * correlations) / (samples * (samples - 1))
    return min(1.0, max(0.0, variance / correlations)) if correlations > 0 else 1.0


def wape(made: Floats, truth: Floats) -> float:
    """The sum of absolute errors over that of absolute values."""
    return float(np.nansum(np.abs(made - truth)) / np.nansum(np.abs(truth)))


def coverage(base: Base, made: Floats, hours: slice) -> float:
    """The share of hours within 80% intervals that lie about the fleet's forecasts as its earlier errors did."""
    inside = []
    for origin in range(DAYS):
        low, high = bounds(base.before[0, origin])
        off = base.truth[0, origin] - made[0, origin]
        inside.append(((low <= off) & (off <= high))[hours])
    return float(np.mean(inside))


def main(meters: int = 200, seeds: int = 2) -> None:
    """Print the WAPE of each level and method, tomorrow and a week ahead, and the coverage alone and of the sum."""
    table = Table(box=SIMPLE_HEAD)
    for head in ("fleet", "level", "ahead", "alone", "bottom-up", "by variance", "MinT", "apart", "coverage"):
        table.add_column(head, justify="left" if head in ("fleet", "level", "ahead") else "right")
    for solar in (0.0, 0.6):
        for seed in range(3, 3 + seeds):
            base = base_of(loads_of(meters, seed, solar))
            made = [base.made, *(reconciled(base, how) for how in ("bottom-up", "by variance", "MinT"))]
            apart = wape(base.made[1:].sum(axis=0), base.made[0])
            name = f"{'net load' if solar else 'delivered'} {seed}, {len(base.made) - 1} feeders"
            for level, rows in (("fleet", slice(0, 1)), ("feeders", slice(1, None))):
                for ahead, hours in (("1 day", slice(0, DAY)), ("2 to 7 days", slice(DAY, HORIZON))):
                    errors = [f"{wape(one[rows, :, hours], base.truth[rows, :, hours]):.2%}" for one in made]
                    covered = [f"{coverage(base, one, hours):.0%}" for one in made[:2]] if level == "fleet" else []
                    table.add_row(name, level, ahead, *errors, f"{apart:.2%}", ", ".join(covered))
    Console(width=160).print(table)


if __name__ == "__main__":
    typer.run(main)
