"""Compares simulated meters with measured ones: prints a table and draws a picture.

Run with `python -m benchmarks.realism [picture.png]`. 500 homes and 500 shops in DE are simulated for a year; their
hourly loads are compared with the bands of measured homes and the standard profiles H0 and G0.
"""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import load_statistics as statistics
from benchmarks.load_statistics import BANDS, DAY_TYPES, SEASONS, Floats, Hours
from electrocloud.domain.local_time import instant_of
from producers.fleet.days import day_kind
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate

mpl.use("Agg")
from matplotlib import pyplot as plt

METERS, SEED, YEAR = 500, 1, 2023


class Load(NamedTuple):
    """A fleet's year: kWh by meter and hour, and the hours' local calendar."""

    kwh: Floats
    hours: Hours


def main(picture: Path) -> None:
    """Compare the simulated fleet with measured load: print a table, and draw the picture."""
    console = Console()
    homes, shops = year_of(shops=0.0), year_of(shops=1.0)
    console.print(_homes_table(homes))
    console.print(_fleet_table(homes))
    for name, profile, load in (("homes", "h0", homes), ("shops", "g0", shops)):
        console.print(_fit_table(name, profile, load))
    picture.parent.mkdir(parents=True, exist_ok=True)
    _draw(homes, shops, picture)
    console.print(f"The picture is {picture}.")


def year_of(shops: float, meters: int = METERS, seed: int = SEED, year: int = YEAR, place: str = "DE") -> Load:
    """The hourly load of a fleet over a year; `shops` is the share of shops."""
    fleet = make_fleet(meters, seed, place, shops=shops)
    first, count = date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days
    kwh = np.zeros((meters, count * 24))
    for block in simulate(fleet, first, count, 3600):
        begin = (block.start - instant_of(first)) // 3600
        kwh[block.meters, begin : begin + block.wh.shape[1]] = block.wh / 1000
    days = (first + timedelta(days=i) for i in range(-1, count + 1))
    kinds = {day.toordinal(): day_kind(fleet.place, day) for day in days}
    return Load(kwh, Hours(instant_of(first), count * 24, fleet.place.zone, kinds))


def _homes_table(load: Load) -> Table:
    table = Table(title="Hourly load of a home, of 500 simulated and 68 measured homes", title_justify="left")
    for name in ("", "measured\np10  p50  p90", "simulated\np10  p50  p90", "median\nin band"):
        table.add_column(name)
    for name, values in statistics.of_homes(*load).items():
        low, _, high = BANDS[name]
        found = np.percentile(values, (10, 50, 90))
        inside = low <= found[1] <= high
        bands = ("  ".join(f"{value:.2f}" for value in three) for three in (BANDS[name], found))
        table.add_row(name, *bands, "[green]in" if inside else "[red]OUT")
    return table


def _fleet_table(load: Load) -> Table:
    annual = load.kwh.sum(axis=1)
    rows = (
        ("annual kWh, median", f"{np.median(annual):,.0f}", "about 2,500 to 3,500"),
        ("annual kWh, sigma of its logarithm", f"{np.log(annual).std():.2f}", "0.55 to 0.70"),
        ("hourly coincidence of 50 homes", f"{statistics.coincidence(load.kwh):.2f}", "near 0.4"),
        ("homes whose mean day peaks 17 to 22 h", f"{statistics.evening_peaks(*load):.0%}", "50 to 95%"),
        ("weekend over workday", f"{statistics.weekday_ratio(*load):.2f}", "near 1.08"),
        ("winter over summer", f"{statistics.season_ratio(*load):.2f}", "near 1.4"),
    )
    table = Table("Over homes and the fleet", "simulated", "goal")
    for row in rows:
        table.add_row(*row)
    return table


def _fit_table(name: str, profile: str, load: Load) -> Table:
    found = statistics.fits(statistics.mean_days(*load), statistics.bdew_days(profile))
    counts = statistics.day_counts(load.hours)
    whole = float((found * counts).sum() / counts.sum())
    mark = "[green]" if whole >= 0.95 and found.min() >= 0.9 else "[red]"
    table = Table(title=f"{name} against BDEW {profile.upper()}: {mark}{whole:.1%}", title_justify="left")
    for column in ("", *DAY_TYPES):
        table.add_column(column, justify="right")
    for season, row in zip(SEASONS, found, strict=True):
        table.add_row(season, *(f"{value:.1%}" for value in row))
    return table


def _draw(homes: Load, shops: Load, picture: Path) -> None:
    figure, axes = plt.subplots(5, 3, figsize=(13, 15), layout="constrained")
    _draw_mean_days(axes[:3], homes, "h0")
    _draw_year(axes[3], shops)
    _draw_homes(axes[4])
    figure.savefig(picture, dpi=75)
    plt.close(figure)


def _draw_mean_days(axes: np.ndarray, load: Load, profile: str) -> None:
    for days, style, label in (
        (statistics.bdew_days(profile), "k--", f"BDEW {profile.upper()}"),
        (statistics.mean_days(*load), "C0-", "500 simulated homes"),
    ):
        for axis, day in zip(axes.flat, days.reshape(9, 24), strict=True):
            axis.plot(np.arange(24) + 0.5, day / day.mean(), style, label=label)
    for axis, (season, kind) in zip(axes.flat, ((s, d) for s in SEASONS for d in DAY_TYPES), strict=True):
        axis.set(title=f"{season}, {kind}", xlim=(0, 24), ylim=(0, 2.2), xticks=range(0, 25, 6))
    axes.flat[0].legend(loc="upper left")


def _draw_year(axes: np.ndarray, shops: Load) -> None:
    for axis, kind, reference, day in zip(
        axes,
        DAY_TYPES,
        statistics.bdew_days("g0").mean(axis=0),
        statistics.mean_days(*shops).mean(axis=0),
        strict=True,
    ):
        axis.plot(np.arange(24) + 0.5, reference / reference.mean(), "k--", label="BDEW G0")
        axis.plot(np.arange(24) + 0.5, day / day.mean(), "C1-", label="500 simulated shops")
        axis.set(title=f"shops, {kind}", xlim=(0, 24), ylim=(0, 2.2), xticks=range(0, 25, 6))
    axes[0].legend(loc="upper left")


def _draw_homes(axes: np.ndarray) -> None:
    fleet = make_fleet(3, SEED, shops=0.0)
    (block,) = simulate(fleet, date(YEAR, 1, 16), 7, 900)
    for axis, meter, wh in zip(axes, fleet.meters, block.wh, strict=True):
        axis.plot(np.arange(len(wh)) / 96, wh * 4 / 1000, lw=0.8)
        axis.set(title=f"{meter.meter_id}, a week in January", xlabel="days", ylabel="kW, 15 min", xlim=(0, 7))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/realism.png"))
