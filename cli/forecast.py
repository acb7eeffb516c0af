"""`electrocloud forecast`: forecast the next hours of any series, with the backtest results of each model."""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analytics.ask import ask
from cli.suspects import suspects_table
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect
from forecasting.series_file import read_series

SOURCE = "give exactly one of --input FILE, --fleet, --feeder F and --meter M"


def forecast(
    file: Annotated[Path | None, typer.Option("--input", help="CSV file: timestamp,value, one row per hour.")] = None,
    fleet: Annotated[bool, typer.Option("--fleet", help="Forecast the load of all meters.")] = False,
    feeder: Annotated[str | None, typer.Option(help="Forecast the load of a feeder, such as DE-F000.")] = None,
    meter: Annotated[str | None, typer.Option(help="Forecast the load of a meter, such as US-000001.")] = None,
    horizon: Annotated[int, typer.Option(help="Hours to forecast, 1 to 168.", min=1, max=168)] = 24,
    zone: Annotated[str, typer.Option(help="Time zone of --input, such as Europe/Berlin.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV only.")] = False,
) -> None:
    """Forecast a load hour by hour, with 80% intervals."""
    if sum((file is not None, fleet, feeder is not None, meter is not None)) != 1:
        raise UsageError(SOURCE)
    end: MonthEnd | None = None
    found: list[Suspect] = []
    if file is not None:
        made = _of_file(file, zone, horizon)
    elif meter is not None:
        from forecasting.on_demand import forecast_meter

        made, end, found = forecast_meter(Reader(find_stack()), meter, horizon, datetime.now(UTC))
    else:
        made = _of_group("fleet" if fleet else f"feeder/{feeder}", horizon)
    if as_json:
        document = msgspec.to_builtins(made)
        if meter is not None:
            document |= {"month_end": msgspec.to_builtins(end), "suspects": msgspec.to_builtins(found)}
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("timestamp", "value", "low", "high"))
        writer.writerows((row.timestamp.isoformat(), row.value, row.low, row.high) for row in made.rows)
    else:
        _print(made)
        if end:
            kwh, owed = end.energy_kwh, end.total
            print(f"{end.month} comes to {kwh.value:,.0f} kWh ({kwh.low:,.0f} to {kwh.high:,.0f}) ", end="")
            print(f"and ${owed.value:,.2f} (${owed.low:,.2f} to ${owed.high:,.2f}).")
        if found:
            Console().print(suspects_table(found))


def _of_file(path: Path, zone: str, horizon: int) -> Forecast:
    series = read_series(path, zone)
    from forecasting.ahead import forecast_of  # seconds to import, for which no other command is to wait

    return forecast_of(path.name, series.load, series.ahead(horizon), datetime.now(UTC))


def _of_group(series: str, horizon: int) -> Forecast:
    from forecasting.on_demand import forecast_group

    stack = find_stack()
    athena = stack.client("athena")
    return forecast_group(Reader(stack), lambda sql: ask(stack, athena, sql).rows, series, horizon, datetime.now(UTC))


def _print(made: Forecast) -> None:
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
    rows = Table(
        "timestamp", box=SIMPLE_HEAD, title=f"Next {len(made.rows)} hours, model {made.model}", title_justify="left"
    )
    for heading in ("value", "low", "high"):
        rows.add_column(heading, justify="right")
    for row in made.rows:
        rows.add_row(row.timestamp.isoformat(sep=" "), f"{row.value:,.6g}", f"{row.low:,.6g}", f"{row.high:,.6g}")
    console.print(rows)
    if made.coverage is not None:
        console.print(f"Backtest coverage of the 80% intervals: {made.coverage:.0%}.")
    if made.note:
        console.print(made.note, style="yellow")
