"""`electrocloud forecast`: forecast the next hours of any series, with the backtest results of each model."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analytics.ask import ask
from cli.choices import Output
from cli.files.series import read_series
from cli.files.weather import at_load
from cli.rows import Rows, print_rows, shown_value
from cli.suspects import suspect_rows
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.forecast import Bounds, Forecast
from forecasting.ahead import forecast_of
from forecasting.load import HOUR_S, Days, shown
from forecasting.on_demand import forecast_group, forecast_meter
from forecasting.work import Deployment, open_deployment
from meter_files.channel import ReadOptions
from presentation.export_text import forecast_notes
from presentation.money_text import money

WH = "; in Wh, peaks in Wh per hour"  # the unit of the deployment's loads; a file has its own


def of_file(path: Path, weather: Path | None, options: ReadOptions, horizon: int | Days, output: Output | None) -> None:
    """Forecast the load or the series in a file, with the weather in another; what was found in it goes to stderr."""
    series = read_series(path, options)
    load, times = series.load, series.ahead(horizon)
    if weather:
        load = load._replace(weather=at_load(weather, load, shown(times[-1]) // HOUR_S - load.end + 1, options.zone))
    for line in series.found:
        Console(stderr=True, soft_wrap=True).print(line, style="dim", highlight=False, markup=False)
    _print(forecast_of(path.name, load, times, datetime.now(UTC)), output)


def of_group(series: str, horizon: int | Days, output: Output | None) -> None:
    """Forecast `fleet` or `feeder/F` of the deployment at hand."""
    _print(forecast_group(_deployment(find_stack()), series, horizon, datetime.now(UTC)), output, WH)


def of_meter(meter_id: str, horizon: int | Days, output: Output | None) -> None:
    """Forecast a meter of the deployment at hand, its month-end too, and list its suspect readings."""
    stack = find_stack()
    made = forecast_meter(_deployment(stack), Reader(stack), meter_id, horizon, datetime.now(UTC))
    if output is Output.json:
        _print_json(
            msgspec.to_builtins(made.forecast)
            | {"month_end": msgspec.to_builtins(made.month_end), "suspects": msgspec.to_builtins(made.suspects)}
        )
        return
    _print(made.forecast, output, WH)
    if output in (Output.csv, Output.tsv):
        return
    if end := made.month_end:
        kwh = end.energy_kwh
        due, low, high = (money(amount, end.currency) for amount in (end.total.value, end.total.low, end.total.high))
        print(f"{end.month} comes to {kwh.value:,.0f} kWh ({kwh.low:,.0f} to {kwh.high:,.0f}) ", end="")
        print(f"and {due} ({low} to {high}).{forecast_notes(end)}")
    if made.suspects:
        print_rows(suspect_rows(made.suspects), Output.table)


def _deployment(stack: Stack) -> Deployment:
    athena = stack.client("athena")
    return open_deployment(
        stack.client("dynamodb"), stack.client("s3"), stack, lambda sql: ask(stack, athena, sql).rows
    )


def _print(made: Forecast, output: Output | None, unit: str = "") -> None:
    if output is Output.json:
        _print_json(msgspec.to_builtins(made))
    elif output in (Output.csv, Output.tsv):
        rows = [(row.timestamp.isoformat(), *map(_short, (row.value, row.low, row.high))) for row in made.rows]
        print_rows(Rows(("timestamp", "value", "low", "high"), rows), output)
    else:
        _print_tables(made, unit)


def _days(made: Forecast, unit: str) -> Rows:
    made_at, until = (f"{moment:%Y-%m-%d %H:%M %Z}" for moment in (made.made_at, made.readings_until or made.made_at))
    rows = [
        (
            f"{day.day:%a %b} {day.day.day}",
            day.hours,
            _number(day.energy),
            _interval(day.energy_interval),
            _number(day.peak.value),
            _interval(day.peak_interval),
            f"{day.peak.timestamp:%H:%M}",
            "-" if day.wape is None else f"{day.wape:.1%}",
        )
        for day in made.days
    ]
    columns = ("day", "hours", "energy", "80%_interval", "peak", "80%_interval", "peak_hour", "backtest_WAPE")
    return Rows(columns, rows, f"Made {made_at} from readings until {until}{unit}")


def _short(value: float) -> float:
    """A forecast in six digits, which is more than it knows."""
    return float(f"{value:.6g}")


def _interval(bounds: Bounds | None) -> str:
    return f"{shown_value(_number(bounds.low))} to {shown_value(_number(bounds.high))}" if bounds else "-"


def _number(value: float) -> Decimal:
    """A forecast in four digits, or as an integer where it has more."""
    return Decimal(f"{value:.0f}" if abs(value) >= 1_000 else f"{value:.4g}")


def _print_json(document: dict[str, Any]) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _print_tables(made: Forecast, unit: str) -> None:
    console = Console()
    scores = Table("model", box=SIMPLE_HEAD, title=f"{made.series}: backtest", title_justify="left")
    for heading in ("origins", "WAPE", "MASE", "s per origin"):
        scores.add_column(heading, justify="right")
    for score in made.candidates:
        wape, mase = score.wape, score.mase
        scores.add_row(
            f"[bold]{score.model}[/]" if score.model == made.model else score.model,
            str(score.origins),
            "-" if wape is None else f"{wape:.1%}",
            "-" if mase is None else f"{mase:.2f}",
            f"{score.seconds:.2f}",
        )
    if made.candidates:
        console.print(scores)
    print_rows(_days(made, unit), Output.table)
    rows = Table(
        "timestamp", box=SIMPLE_HEAD, title=f"Next {len(made.rows)} hours, model {made.model}", title_justify="left"
    )
    for heading in ("value", "low", "high"):
        rows.add_column(heading, justify="right")
    for row in made.rows:
        rows.add_row(
            row.timestamp.isoformat(sep=" "), *(shown_value(_number(one)) for one in (row.value, row.low, row.high))
        )
    console.print(rows)
    _print_remarks(made, console)


def _print_remarks(made: Forecast, console: Console) -> None:
    if made.coverage is not None:
        losses = made.quality and f"; pinball loss {made.quality.pinball:.2%}, CRPS {made.quality.crps:.2%} of the mean"
        console.print(f"Backtest coverage of the 80% intervals: {made.coverage:.0%}{losses or ''}.")
    if made.weather:
        issued = f", forecast issued {made.weather.issued:%Y-%m-%d %H:%M} UTC" if made.weather.issued else ""
        console.print(f"Weather: {', '.join(made.weather.stations)}{issued}.")
    if made.note:
        console.print(made.note, style="yellow")
