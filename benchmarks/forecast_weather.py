"""Forecasts with weather: their errors with the actual temperature, with a forecast's error in it, and without any.

    python -m benchmarks.forecast_weather victoria vic_elec_hourly.csv.gz     28 days to 2014-11-30, a day ahead
    python -m benchmarks.forecast_weather gefcom gefcom2014_load.csv.gz       each month, a week and a day ahead
    python -m benchmarks.forecast_weather lightgbm gefcom2014_load.csv.gz     the same days by plain LightGBM

The files are CSV: start_utc, mwh, temp_c (tsibbledata's vic_elec by the hour), and hour_ending, load_mw and a column a
station in °F (GEFCom2014-L). Each day's model is chosen by the 28 days before it, stations by what was before those.
"""

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import lightgbm as lgb
import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.backtest import DAYS, Outcome, outcome_of
from electrocloud.domain.weather import Temperature
from forecasting.backtest import actual, origins_of
from forecasting.load import HOUR_S, Floats, Load, calendar_of, load_of, wall_clock
from forecasting.weather import NO_ERROR, STATED_ERROR, ForecastError, temperature_features
from forecasting.weather_at import LEAST, weather_at

WEEK = 168
HURRICANE = date(2011, 8, 26)  # from then on the utility's customers were without power, for days
WEATHERS: dict[str, ForecastError | None] = {"actual": NO_ERROR, "forecast": STATED_ERROR, "none": None}

app = typer.Typer(help=__doc__)
Rows = Sequence[dict[str, str]]


@app.command()
def victoria(file: Path, last: Annotated[str, typer.Option(help="The last day judged.")] = "2014-11-30") -> None:
    """Victoria's demand a day ahead, over the 28 days to the last one."""
    rows = _rows(file)
    starts = [int(datetime.fromisoformat(row["start_utc"]).timestamp()) for row in rows]
    zone = "Australia/Melbourne"
    whole = load_of(wall_clock(np.array(starts), zone), [float(row["mwh"]) for row in rows], zone)
    load = whole.until(_hours_until(whole, date.fromisoformat(last)) + 24)
    temperatures = [
        Temperature("Melbourne", time, float(row["temp_c"])) for time, row in zip(starts, rows, strict=True)
    ]
    table = _table()
    for name, error in WEATHERS.items():
        _add(table, f"28 days to {last}", 24, name, outcome_of(_with_weather(load, temperatures, 24, error, DAYS)))
    Console(width=180).print(table)


@app.command()
def gefcom(
    file: Path,
    horizon: Annotated[list[int] | None, typer.Option(help="Hours ahead.")] = None,
    weather: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(WEATHERS)}.")] = None,
) -> None:
    """GEFCom2014-L by the month: of the hours that its days' forecasts reach."""
    whole, temperatures = _gefcom(file)
    for ahead in horizon or [WEEK, 24]:
        table = _table()
        for month, load, days in _months(whole, ahead):
            for name in weather or WEATHERS:
                own = _with_weather(load, temperatures, ahead, WEATHERS[name], days)
                _add(table, month, ahead, name, outcome_of(own, ahead, days))
        Console(width=180).print(table)


@app.command()
def lightgbm(file: Path, horizon: Annotated[int, typer.Option(help="Hours ahead.")] = WEEK) -> None:
    """GEFCom2014-L by plain LightGBM on the calendar and the actual temperature of the same stations, as a reference.

    Refit weekly on all earlier hours: 500 trees, a learning rate of 0.05, and otherwise LightGBM's defaults.
    """
    whole, temperatures = _gefcom(file)
    for month, load, days in _months(whole, horizon):
        own = _with_weather(load, temperatures, horizon, NO_ERROR, days)
        origins = origins_of(own, horizon, days)
        truth = actual(own, origins, horizon)
        off = np.abs(truth - _plain_trees(own, origins, horizon))
        print(f"{month}, {horizon} h: {np.nansum(off) / np.nansum(truth):.2%}", flush=True)


def _plain_trees(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Forecasts, shape (origins, horizon)."""
    assert load.weather is not None
    start = load.weather.start
    found = []
    for number, origin in enumerate(origins):
        temperature = load.weather.known_at(origin, horizon)
        calendar = calendar_of(load.first + start, len(temperature), load.zone)
        table = np.concatenate([calendar.reshape(len(temperature), -1), temperature_features(temperature)], axis=1)
        values = load.values[start:origin]
        known = np.isfinite(values)
        if number % 7 == 0:
            data = lgb.Dataset(table[: origin - start][known], values[known])
            trees = lgb.train({"learning_rate": 0.05, "verbose": -1, "num_threads": 1, "seed": 1}, data, 500)
        found.append(trees.predict(table[origin - start :]))
    return np.array(found)


def _gefcom(file: Path) -> tuple[Load, list[Temperature]]:
    rows = _rows(file)
    starts = [int(datetime.fromisoformat(row["hour_ending"]).replace(tzinfo=UTC).timestamp()) - HOUR_S for row in rows]
    load = load_of(starts, [float(row["load_mw"]) for row in rows], "America/New_York")
    temperatures = [
        Temperature(name, time, (float(row[name]) - 32) / 1.8)
        for time, row in zip(_on_clock(starts, load.zone), rows, strict=True)
        for name in row
        if name.startswith("w")
    ]
    return load, temperatures


def _on_clock(starts: Sequence[int], zone: str) -> list[int]:
    """Instants at which the clock of a zone shows what these would in UTC: the file has the local clock's hours."""
    shown = wall_clock(np.array(starts), zone)
    return [2 * start - int(clock) for start, clock in zip(starts, shown, strict=True)]


def _months(load: Load, ahead: int) -> Iterator[tuple[str, Load, int]]:
    """Each month with the load until its end, or as far as its days' forecasts reach, and its days to judge.

    The month of the hurricane comes a second time, with the days before it alone.
    """
    begin = datetime.fromtimestamp(load.first * HOUR_S, UTC).date().replace(day=1)
    while _hours_until(load, begin) < len(load.values):
        end = date(begin.year + begin.month // 12, begin.month % 12 + 1, 1)
        yield from _part(f"{begin:%Y-%m}", load, ahead, begin, _hours_until(load, end) + ahead - 24)
        if begin <= HURRICANE < end:
            yield from _part(f"{begin:%Y-%m} to {HURRICANE:%d}", load, ahead, begin, _hours_until(load, HURRICANE))
        begin = end


def _part(name: str, load: Load, ahead: int, begin: date, reach: int) -> Iterator[tuple[str, Load, int]]:
    """The load until an hour, if its forecasts of days from `begin` on can be judged."""
    until = min(len(load.values), reach)
    days = (until - ahead - _hours_until(load, begin)) // 24 + 1
    if _hours_until(load, begin) >= LEAST + DAYS * 24 + WEEK and days > 0:
        yield name, load.until(until), days


def _hours_until(load: Load, day: date) -> int:
    return (day - date(1970, 1, 1)).days * 24 - load.first


def _with_weather(
    load: Load, temperatures: Sequence[Temperature], ahead: int, error: ForecastError | None, days: int
) -> Load:
    if error is None:
        return load
    return load._replace(weather=weather_at(load, temperatures, 0, error, (days + DAYS) * 24 + 2 * ahead))


def _rows(file: Path) -> Rows:
    open_text: Callable[..., object] = gzip.open if file.suffix == ".gz" else open
    with open_text(file, "rt", encoding="utf-8") as text:  # type: ignore[attr-defined]
        return list(csv.DictReader(text))


def _table() -> Table:
    table = Table(box=SIMPLE_HEAD)
    for head in ("days", "hours ahead", "temperature", "WAPE", "lag-168h", "coverage", "s an origin", "models"):
        table.add_column(head, justify="left" if head in ("days", "temperature", "models") else "right")
    return table


def _add(table: Table, days: str, ahead: int, name: str, outcome: Outcome) -> None:
    made = outcome.made
    models = ", ".join(f"{model} {count}" for model, count in outcome.chosen.items())
    shares = (f"{made.wape or 0:.2%}", f"{outcome.alone['lag-168h']:.2%}", f"{made.coverage or 0:.1%}")
    table.add_row(days, str(ahead), name, *shares, f"{outcome.seconds:.2f}", models)
    alone = ", ".join(f"{model} {error:.2%}" for model, error in outcome.alone.items())
    Console(width=180, stderr=True).print(
        f"{days}, {ahead} h, {name}: {made.wape or 0:.2%}; alone {alone}", style="dim"
    )


if __name__ == "__main__":
    app()
