"""`make backtest`: day-ahead forecasts of 28 days, each by the model and the interval that the days before it give.

So neither the choice of the model nor the width of an interval has seen the day that it is judged by.

    python -m benchmarks.backtest                          simulated homes, shops, feeders and a fleet
    python -m benchmarks.backtest --series F.csv --zone Z  a series of your own: timestamp,value
    python -m benchmarks.backtest --days 112               judged by more days, as the coverage of days' energies needs
"""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cli.files.series import read_series
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Errors, IntervalQuality, coverage_of, errors_of
from forecasting.backtest import actual, choose, origins_of, run_candidates, scale_of, with_blends
from forecasting.intervals import LEVELS, PINBALL, bounds, quality_of, quantile_of, quantiles
from forecasting.load import Floats, Load, load_of, wall_clock
from meter_files.channel import ReadOptions
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate

DAYS = 28
HORIZON = DAY = 24


class Outcome(NamedTuple):
    """The result of some days: the errors of the forecasts made, those of each model run throughout, and s per origin.

    days: the shares of last days of the horizon whose energy and whose peak were within their 80% intervals.
    """

    made: Errors
    quality: IntervalQuality | None
    days: tuple[float, float]
    alone: dict[str, float]
    chosen: dict[str, int]
    seconds: float


def outcome_of(load: Load, horizon: int = HORIZON, judged: int = DAYS) -> Outcome:
    """The errors over the load's last days, which start at the hour of the day at which the load ends.

    The model is chosen by the 28 days before whose horizon has passed. A load shorter than 16 weeks is judged on fewer
    days: half of those it can be tested on.
    """
    wait = -(-horizon // 24) - 1
    origins = origins_of(load, horizon, judged + wait + DAYS)
    if len(origins) < 4 + 2 * wait:
        raise UsageError(f"the series has {len(load.values)} hours; a back-test of its forecasts needs nine days")
    begun = time.process_time()
    trials = run_candidates(load, origins, horizon)
    seconds = (time.process_time() - begun) / len(origins)
    truth = actual(load, origins, horizon)
    lead = len(origins) - min(judged, (len(origins) - wait) // 2)
    values, low, high, made = [], [], [], []
    held = []
    chosen: dict[str, int] = {}
    for now in range(lead, len(origins)):
        past = slice(max(0, now - DAYS - wait), now - wait)
        before = [trial._replace(forecasts=trial.forecasts[past]) for trial in trials]
        best = choose(with_blends(before, truth[past]), truth[past])
        chosen[best.name] = chosen.get(best.name, 0) + 1
        parts = [trial.forecasts[now] for trial in trials if trial.name in best.name.split(" + ")]
        below, above = bounds(truth[past] - best.forecasts)
        values.append(np.mean(parts, axis=0))
        low.append(values[-1] + below)
        high.append(values[-1] + above)
        errors_before = truth[past] - best.forecasts
        made.append(quantiles(errors_before, np.concatenate([LEVELS, PINBALL])))
        energy_off = errors_before[:, -DAY:].sum(axis=1), (truth[now] - values[-1])[-DAY:].sum()
        peaks_before = truth[past, -DAY:].max(axis=1) - best.forecasts[:, -DAY:].max(axis=1)
        peak_off = peaks_before, truth[now, -DAY:].max() - values[-1][-DAY:].max()
        held.append([within(*energy_off), within(*peak_off)])
    known = np.isfinite(truth[lead:])
    reported = [np.array(rows)[known].tolist() for rows in (truth[lead:], values, low, high)]
    errors = errors_of(reported[0], reported[1], scale_of(load.until(origins[lead])))
    alone = {
        trial.name: errors_of(reported[0], trial.forecasts[lead:][known].tolist(), None).wape or 0.0 for trial in trials
    }
    covered = coverage_of(reported[0], reported[2], reported[3])
    hour = (load.first + origins[lead]) % 24
    quality = quality_of(truth[lead:] - np.array(values), truth[lead:], np.stack(made, 1), hour)
    energy, peak = np.nanmean(np.array(held, float), axis=0).tolist()
    return Outcome(Errors(errors.wape, errors.mase, covered), quality, (energy, peak), alone, chosen, seconds)


def within(before: Floats, error: float) -> float:
    """Whether an error is within the 80% interval of those before it: 1 or 0, NaN if it is not known."""
    low, high = min(0.0, quantile_of(before, 0.1)), max(0.0, quantile_of(before, 0.9))
    return float(low <= error <= high) if np.isfinite(error) else np.nan


def by_hour(quality: IntervalQuality | None) -> str:
    """The lowest and the highest coverage of six hours of the day in a row: a single hour has 28 values."""
    if not quality:
        return "-"
    known = [one for one in quality.coverage_by_hour if one is not None]
    runs = [np.mean((known + known)[start : start + 6]) for start in range(len(known))]
    return f"{min(runs):.0%} to {max(runs):.0%}"


def simulated(meters: int, seed: int, homes: int) -> Iterator[tuple[str, Load]]:
    """The fleet, its feeders and some of its customers over 14 months, each from local midnight to local midnight."""
    fleet = make_fleet(meters, seed)
    start, days = date(2025, 1, 1), 425
    wh = np.zeros((meters, days * 24), np.int64)
    for block in simulate(fleet, start, days, 3600):
        first = (block.start - next_start(start)) // 3600
        wh[block.meters, first : first + block.wh.shape[1]] = block.wh
    instants = next_start(start) + np.arange(days * 24) * 3600
    clock = wall_clock(instants, fleet.place.zone)
    whole = slice(int(np.argmax(clock % 86400 == 0)), int(np.flatnonzero(clock % 86400 == 0)[-1]))

    def load(rows: np.ndarray) -> Load:
        return load_of(clock[whole].tolist(), rows.sum(axis=0)[whole].tolist(), fleet.place.zone)

    yield f"fleet of {meters}", load(wh)
    feeders = np.array([meter.feeder for meter in fleet.meters])
    for feeder in np.unique(feeders)[:2].tolist():
        yield f"feeder {feeder}", load(wh[feeders == feeder])
    for kind, count in (("home", homes), ("apartment", 2), ("shop", 1)):
        for row in [i for i, meter in enumerate(fleet.meters) if meter.kind == kind][:count]:
            yield f"{kind} {fleet.meters[row].meter_id}", load(wh[row : row + 1])


def next_start(day: date) -> int:
    """The UTC midnight that a day begins with, in s since 1970."""
    return (day - date(1970, 1, 1)).days * 86400


def main(
    series: Annotated[Path | None, typer.Option(help="CSV with timestamp,value.")] = None,
    zone: Annotated[str, typer.Option(help="Whose clock and holidays.")] = "",
    meters: int = 200,
    seed: int = 3,
    homes: Annotated[int, typer.Option(help="How many single homes.")] = 3,
    days: Annotated[int, typer.Option(help="How many days are judged.")] = DAYS,
) -> None:
    """Print the errors of the forecasts made, next to those of each model alone."""
    options = ReadOptions(zone=zone or None)
    loads = [(series.name, read_series(series, options).load)] if series else simulated(meters, seed, homes)
    console = Console(width=240)
    table = Table(box=SIMPLE_HEAD)
    heads = ("series", "WAPE", "lag-24h", "lag-168h", "below the better", "MASE", "pinball", "CRPS", "coverage",
             "by hour", "of day energy", "of day peak", "s an origin", "models")  # fmt: skip
    for head in heads:
        table.add_column(head, justify="left" if head in ("series", "models") else "right")
    for name, load in loads:
        made, quality, (energy, peak), alone, chosen, seconds = outcome_of(load, judged=days)
        naive = min(alone["lag-24h"], alone["lag-168h"])
        wape = made.wape or 0.0
        table.add_row(
            name,
            f"{wape:.2%}",
            f"{alone['lag-24h']:.2%}",
            f"{alone['lag-168h']:.2%}",
            f"{1 - wape / naive:.0%}",
            f"{made.mase or 0:.2f}",
            f"{quality.pinball:.2%}" if quality else "-",
            f"{quality.crps:.2%}" if quality else "-",
            f"{made.coverage or 0:.1%}",
            by_hour(quality),
            f"{energy:.0%}",
            f"{peak:.0%}",
            f"{seconds:.2f}",
            ", ".join(f"{model} {days}" for model, days in chosen.items()),
        )
        reported = (
            f"{name}: {wape:.2%}, MASE {made.mase or 0:.2f}, coverage {made.coverage or 0:.1%}, {seconds:.2f} s; alone "
        )
        console.print(reported + ", ".join(f"{model} {error:.2%}" for model, error in alone.items()), style="dim")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
