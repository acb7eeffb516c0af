"""The commands that query, forecast, and estimate costs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.choices import Gap, Output, Sign
from cli.commands.file_options import (
    Format,
    Register,
    RegisterGap,
    StampedEnd,
    TimeColumn,
    ValueColumn,
    ValueKind,
    ValueSign,
    ValueUnit,
    read_options,
)
from cli.commands.output_option import JsonOption, OutputOption, TextOutputOption, chosen
from electrocloud.domain.errors import UsageError

SOURCE = "give exactly one of --input FILE, --fleet, --feeder F and --meter M"


def _questions(start: str) -> list[str]:
    from analytics.questions import questions

    return [name for name in questions() if name.startswith(start)]


def query(
    name_or_file: Annotated[
        str | None,
        typer.Argument(
            help="A question in sql/, or a file of that format. Omit to list them.", autocompletion=_questions
        ),
    ] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="Set a parameter: name=value. Repeatable.")] = None,
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write CSV to this file; - for stdout.")] = None,
    to_parquet: Annotated[Path | None, typer.Option("--parquet", help="Write Parquet to this file.")] = None,
    show_sql: Annotated[bool, typer.Option("--sql", help="Only print the SQL, ready for the Athena console.")] = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a question of sql/ on Athena, or list the questions."""
    from cli.query import list_questions, query

    form = chosen(output, as_json=as_json)
    if name_or_file is None:
        list_questions(form)
    else:
        query(name_or_file, param or [], to_csv, to_parquet, form, show_sql=show_sql)


def forecast(
    file: Annotated[
        Path | None, typer.Option("--input", help="A meter data file, or CSV with timestamp,value by the hour.")
    ] = None,
    weather: Annotated[
        Path | None,
        typer.Option(
            help="With --input: CSV with timestamp and temperature_c or temperature_f, observed and forecast."
        ),
    ] = None,
    fleet: Annotated[bool, typer.Option("--fleet", help="Forecast the load of all meters.")] = False,
    feeder: Annotated[str | None, typer.Option(help="Forecast the load of a feeder, such as DE-F000.")] = None,
    meter: Annotated[str | None, typer.Option(help="Forecast the load of a meter, such as US-000001.")] = None,
    horizon: Annotated[int, typer.Option(help="Hours to forecast, 1 to 168.", min=1, max=168)] = 24,
    days: Annotated[
        int | None,
        typer.Option(
            help="Whole days to forecast, 1 to 7, and the rest of today, in place of --horizon.", min=1, max=7
        ),
    ] = None,
    output: TextOutputOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The same as --output csv.")] = False,
    zone: Annotated[str | None, typer.Option(help="Whose clocks: Area/City, such as Europe/Berlin.")] = None,
    file_format: Format = None,
    time_column: TimeColumn = None,
    value_column: ValueColumn = None,
    unit: ValueUnit = None,
    kind: ValueKind = None,
    stamp: StampedEnd = None,
    sign: ValueSign = Sign.plus,
    register: Register = None,
    gap: RegisterGap = Gap.leave_out,
) -> None:
    """Forecast a load hour by hour, with 80% intervals."""
    if sum((file is not None, fleet, feeder is not None, meter is not None)) != 1:
        raise UsageError(SOURCE)
    if weather and file is None:
        raise UsageError("--weather goes with --input FILE")
    # Before NumPy is loaded: on small matrices, threads wait for each other three times longer than they work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from cli import forecast
    from forecasting.load import Days

    ahead = Days(days) if days else horizon
    output = chosen(output or (Output.csv if as_csv else None), as_json=as_json)
    if file is not None:
        reading = read_options(
            zone=zone,
            form=file_format,
            time=time_column,
            value=value_column,
            unit=unit,
            kind=kind,
            stamp=stamp,
            sign=sign,
            register=register,
            gap=gap,
        )
        forecast.of_file(file, weather, reading, ahead, output)
    elif meter is not None:
        forecast.of_meter(meter, ahead, output)
    else:
        forecast.of_group("fleet" if fleet else f"feeder/{feeder}", ahead, output)


def suspects(output: OutputOption = None, as_json: JsonOption = False) -> None:
    """List the suspect readings of the last week. None is dropped from a bill."""
    from cli.suspects import suspects

    suspects(chosen(output, as_json=as_json))


def cost(
    meters: Annotated[int, typer.Option(min=1)] = 100_000,
    interval: Annotated[int, typer.Option(help="Interval length in seconds: 60, 300, 600, 900, 1800 or 3600.")] = 900,
    upload_every: Annotated[int, typer.Option(help="Seconds between a meter's uploads; must divide a day.")] = 86_400,
    kpl: Annotated[bool, typer.Option("--kpl", help="Head-ends send KPL frames instead of API calls.")] = False,
    shards: Annotated[int, typer.Option(min=0, help="Shards of a PROVISIONED stream; 0 for ON_DEMAND.")] = 0,
    advantage: Annotated[
        bool, typer.Option("--advantage", help="The account has Kinesis on-demand Advantage, for this stream alone.")
    ] = False,
    mail: Annotated[bool, typer.Option("--mail", help="With every bill mailed each month.")] = False,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With the dashboard for a team, as `make deploy-dashboard` deploys it.")
    ] = False,
    output: TextOutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate a fleet's monthly AWS cost.

    The estimate multiplies measured resource use by dated list prices.
    """
    from cli.cost import cost
    from cost.estimate import fleet_plan

    fleet = fleet_plan(
        meters, interval, upload_every, kpl=kpl, shards=shards, advantage=advantage, dashboard=dashboard, mail=mail
    )
    cost(fleet, chosen(output, as_json=as_json))
