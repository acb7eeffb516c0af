"""`electrocloud weather import`: temperatures from files to the lake."""

import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import typer

from cli.choices import Output
from cli.files.weather import RefusedRow, WeatherFile, names_no_station, read_weather_file
from cli.rows import Rows, print_rows
from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.record_parts import STATIONS, RecordParts
from electrocloud.domain.errors import UsageError
from electrocloud.domain.weather import OBSERVED, Temperature
from lake.weather import store_temperatures

REASONS_SHOWN = 20
_COLUMNS = ("file", "station_id", "registered", "observed_hours", "forecast_hours", "first", "last")


def import_weather(files: Sequence[Path], station: str | None, zone: str | None, output: Output | None) -> None:
    """Read all files first, so that one that holds no weather stores nothing; then store the rows that can be read."""
    read = [(path.name, _read(path, station, zone)) for path in files]
    stack = find_stack()
    registered = RecordParts(stack.client("dynamodb"), stack.service_points_table, pause, STATIONS).load()
    temperatures = [one for _, file in read for one in file.temperatures]
    store_temperatures(stack.client("s3"), stack.bucket, temperatures, pause)
    rows = [row for name, file in read for row in _rows(name, file.temperatures, registered)]
    refused = [(name, one) for name, file in read for one in file.refused]
    if output is Output.json:
        documents = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        rejected = [{"file": name, **one._asdict()} for name, one in refused]
        text = msgspec.json.encode({"stations": documents, "refused": rejected})
        typer.echo(msgspec.json.format(text, indent=2).decode())
    else:
        print_rows(Rows(_COLUMNS, rows, empty="No temperatures were stored."), output)
    _report(refused, {one.station_id for one in temperatures} - registered.keys())


def _read(path: Path, station: str | None, zone: str | None) -> WeatherFile:
    read = read_weather_file(path, zone, station, until=time.time())
    if names_no_station(read.temperatures):
        raise UsageError(f"{path} does not say of which station its temperatures are; give --station ID")
    return read


def _rows(name: str, temperatures: Sequence[Temperature], registered: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """A row for each station of a file."""
    stations: dict[str, list[Temperature]] = {}
    for one in temperatures:
        stations.setdefault(one.station_id, []).append(one)
    for station, own in sorted(stations.items()):
        observed = sum(one.issued == OBSERVED for one in own)
        first, last = (datetime.fromtimestamp(end(one.time for one in own), UTC) for end in (min, max))
        yield name, station, station in registered, observed, len(own) - observed, first, last


def _report(refused: Sequence[tuple[str, RefusedRow]], unregistered: Collection[str]) -> None:
    """Say on stderr what was refused, and what forecasts cannot use yet; exit with 1 if anything was refused."""
    for name, one in refused[:REASONS_SHOWN]:
        typer.echo(f"{name} row {one.row}: {one.reason}", err=True)
    if len(refused) > REASONS_SHOWN:
        typer.echo(f"{len(refused) - REASONS_SHOWN:,} more; --json lists all.", err=True)
    for station in sorted(unregistered):
        typer.echo(
            f"{station} is not among the registry's stations; forecasts use it once it is in stations.csv", err=True
        )
    if refused:
        raise typer.Exit(1)
