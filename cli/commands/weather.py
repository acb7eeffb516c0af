"""The command that imports weather."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.output_option import JsonOption, OutputOption, chosen

app = typer.Typer(no_args_is_help=True, help="Import observed and forecast weather, which stored forecasts use.")


@app.callback()
def weather() -> None:
    """Import observed and forecast weather, which stored forecasts use."""


@app.command("import")
def import_weather(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV or Parquet: timestamp, temperature_c or _f, station_id, issued.", show_default=False),
    ],
    station: Annotated[
        str | None, typer.Option(help="The weather station's ID, where the file does not name it.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Area/City of times without an offset.")] = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import hourly temperatures of the registry's weather stations.

    A row with a time in `issued` is a forecast made then; the others were observed. Rows that cannot be read are
    refused, each with its reason, and the exit code is then 1. A second run changes nothing.
    """
    from cli.weather import import_weather

    import_weather(files, station, zone, chosen(output, as_json=as_json))
