"""The commands that ask questions, forecast, and estimate costs."""

from pathlib import Path
from typing import Annotated

import typer

from electrocloud.domain.errors import UsageError

AS_JSON = typer.Option("--json", help="Print JSON, and nothing else.")
SOURCE = "a forecast needs one of --input FILE, --fleet, --feeder F and --meter M"


def query(
    name_or_file: Annotated[
        str | None, typer.Argument(help="A question of sql/, or a file like those; without it they are listed.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", help="A parameter's value, as name=value; again for each.")
    ] = None,
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write CSV there; - for the screen.")] = None,
    to_parquet: Annotated[Path | None, typer.Option("--parquet", help="Write Parquet there.")] = None,
    show_sql: Annotated[bool, typer.Option("--sql", help="Only print the SQL, ready for the Athena console.")] = False,
) -> None:
    """Ask Athena a question of sql/ (or list the questions)."""
    from cli.query import list_questions, query

    if name_or_file is None:
        list_questions()
    else:
        query(name_or_file, param or [], to_csv, to_parquet, show_sql=show_sql)


def forecast(
    file: Annotated[Path | None, typer.Option("--input", help="CSV with timestamp,value, a row an hour.")] = None,
    fleet: Annotated[bool, typer.Option("--fleet", help="The load of all meters.")] = False,
    feeder: Annotated[str | None, typer.Option(help="The load of a feeder, such as DE-F000.")] = None,
    meter: Annotated[str | None, typer.Option(help="The load of a meter, such as US-000001.")] = None,
    horizon: Annotated[int, typer.Option(help="Hours ahead, 1 to 168.", min=1, max=168)] = 24,
    zone: Annotated[str, typer.Option(help="With --input: whose clock and holidays, such as Europe/Berlin.")] = "",
    as_json: Annotated[bool, AS_JSON] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, and nothing else.")] = False,
) -> None:
    """Forecast a load by the hour, with an 80% interval."""
    if sum((file is not None, fleet, feeder is not None, meter is not None)) != 1:
        raise UsageError(SOURCE)
    from cli import forecast

    form = forecast.Form.json if as_json else forecast.Form.csv if as_csv else forecast.Form.tables
    if file is not None:
        forecast.of_file(file, zone, horizon, form)
    elif meter is not None:
        forecast.of_meter(meter, horizon, form)
    else:
        forecast.of_group("fleet" if fleet else f"feeder/{feeder}", horizon, form)


def suspects() -> None:
    """List the suspect readings of the last week; none is dropped."""
    from cli.suspects import suspects

    suspects()


def cost(
    meters: Annotated[int, typer.Option(min=1)] = 100_000,
    interval: Annotated[int, typer.Option(help="Seconds a reading: 60, 300, 900, 1800 or 3600.")] = 900,
    upload_every: Annotated[int, typer.Option(help="Seconds between a meter's uploads: a divisor of a day.")] = 86_400,
    kpl: Annotated[bool, typer.Option("--kpl", help="By head-ends, in KPL frames; without it by the API.")] = False,
    shards: Annotated[int, typer.Option(min=0, help="Of a PROVISIONED stream; 0 is an ON_DEMAND one.")] = 0,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Estimate what a fleet costs a month in an account.

    Counted from what the system does, at dated list prices.
    """
    from cost.estimate import fleet_plan, print_document, show

    fleet = fleet_plan(meters, interval, upload_every, kpl=kpl, shards=shards)
    if as_json:
        print_document(fleet)
    else:
        show(fleet)
