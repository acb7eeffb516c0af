"""Temperatures from CSV and Parquet: columns with a unit in their name, times with an offset or on a zone's clock."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import HOUR_S, zone_of
from electrocloud.domain.weather import COLDEST_C, HOTTEST_C, OBSERVED, Temperature
from forecasting.load import Load
from forecasting.weather import Weather
from forecasting.weather_at import weather_at

_TIMES = ("timestamp", "time", "time_utc", "valid_time", "start", "start_utc")
_UNIT = re.compile(r"^(.*?)(?:_| ?\(°?| ?\[°?)([cf])[)\]]?$", re.IGNORECASE)
_TEMPERATURE = re.compile(r"^(temp|temperature|t2m|air_temperature)$", re.IGNORECASE)
_GAPS = frozenset({"", "na", "nan", "none", "null", "m", "-999", "-9999", "-999.0", "-9999.0"})

Row = dict[str, Any]


class RefusedRow(NamedTuple):
    """A row that could not be read, counting the header as row 1, and why."""

    row: int
    reason: str


class WeatherFile(NamedTuple):
    """A file's hourly temperatures, in the order of issue, hour and station, and the rows that were refused."""

    temperatures: list[Temperature]
    refused: list[RefusedRow]


class _Layout(NamedTuple):
    """A file's columns of times, of temperatures (each with the station's name and whether in °F), and of others.

    zone: of times without an offset. until: nothing was observed or issued later (s since 1970 UTC).
    """

    time: str
    temperatures: dict[str, tuple[str, bool]]
    station: str | None
    issued: str | None
    zone: str | None
    until: float


def read_weather_file(
    path: Path, zone: str | None, station: str | None = None, until: float = float("inf")
) -> WeatherFile:
    """The hourly temperatures in a file; those of one station, hour and time of issue are averaged.

    Every column named NAME_c or NAME_f (or `NAME (°C)`, `NAME (°F)`) is a temperature; several are several stations, as
    is a column `station_id`. `station` names the one of a file with a single column. A column `issued` says when a
    temperature was forecast; where it is empty or absent, the temperature was observed. `UsageError` for a file without
    such columns. `until` is when it is read (s since 1970 UTC): what was observed or issued is not later.
    """
    if zone:
        zone_of(zone)  # refuses a name that is no zone
    try:
        names, rows = _rows(path)
        layout = _Layout(*_columns(names, station), zone, until)
        refused: list[RefusedRow] = []
        return WeatherFile(_hourly(_parsed(rows, layout, refused)), refused)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this is not a text file; weather is read from CSV and Parquet") from None
    except OSError as fault:
        raise UsageError(f"{path}: {fault.strerror or fault}") from None
    except (csv.Error, UsageError) as fault:
        raise UsageError(f"{path}: {fault}") from None


def read_weather(path: Path, zone: str | None) -> list[Temperature]:
    """The same, but `UsageError` for the first row that cannot be read, and where there is no temperature."""
    found = read_weather_file(path, zone)
    if found.refused:
        first = found.refused[0]
        raise UsageError(f"{path}: row {first.row}: {first.reason}")
    if not found.temperatures:
        raise UsageError(f"{path}: there are no temperatures in it")
    return found.temperatures


def at_load(path: Path, load: Load, horizon: int, zone: str | None) -> Weather:
    """The weather of a load and of the hours that are to be forecast after it; `UsageError` if the file lacks them."""
    temperatures = read_weather(path, zone)
    try:
        return weather_at(load, temperatures, horizon)
    except UsageError as fault:
        raise UsageError(f"{path}: {fault}") from None


def names_no_station(temperatures: Iterable[Temperature]) -> bool:
    """Whether a file's columns are called after what is measured, and not after the station."""
    return any(not one.station_id or _TEMPERATURE.match(one.station_id) for one in temperatures)


def _rows(path: Path) -> tuple[list[str], Iterable[Row]]:
    if path.suffix.lower() in (".parquet", ".pq"):
        import pyarrow as pa  # noqa: PLC0415  most files are CSV
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid:
            raise UsageError("this is not a Parquet file") from None
        return table.column_names, table.to_pylist()
    with path.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.DictReader(text)
        return list(reader.fieldnames or ()), list(reader)


def _columns(
    columns: list[str], station: str | None
) -> tuple[str, dict[str, tuple[str, bool]], str | None, str | None]:
    """See `_Layout`."""
    names = {name.strip().lower(): name for name in columns}
    found = {one: (unit[1], unit[2].lower() == "f") for one in columns if (unit := _UNIT.match(one.strip()))}
    if not found:
        if bare := next((one for one in columns if _TEMPERATURE.match(one.strip())), None):
            raise UsageError(f"the column {bare!r} does not say its unit; name it {bare}_c or {bare}_f")
        raise UsageError("there is no column of temperatures; name it temperature_c or temperature_f")
    time = next((names[name] for name in _TIMES if name in names), None)
    if time is None:
        raise UsageError(f"there is no column of times; name one of {', '.join(_TIMES[:3])}")
    if station:
        if len(found) > 1 or "station_id" in names:
            raise UsageError("it names its stations itself; leave --station away")
        found = {column: (station, fahrenheit) for column, (_, fahrenheit) in found.items()}
    return time, found, names.get("station_id"), names.get("issued")


def _parsed(rows: Iterable[Row], layout: _Layout, refused: list[RefusedRow]) -> Iterator[Temperature]:
    for number, row in enumerate(rows, start=2):
        try:
            yield from _temperatures(row, layout)
        except UsageError as fault:
            refused.append(RefusedRow(number, str(fault)))


def _temperatures(row: Row, layout: _Layout) -> list[Temperature]:
    """A row's temperatures; `UsageError` if one of its values is none."""
    start = _instant(row[layout.time], layout.zone)
    issued = OBSERVED
    if layout.issued and _text(row[layout.issued]):
        issued = _instant(row[layout.issued], layout.zone)
        if issued > start + HOUR_S:
            raise UsageError("issued after the hour that it forecasts; leave `issued` empty if observed")
        if issued > layout.until:
            raise UsageError("`issued` is still to come; check its offset")
    elif start > layout.until:
        raise UsageError("the hour is still to come, so it was not observed; say in `issued` when it was forecast")
    if layout.station and not _text(row[layout.station]):
        raise UsageError("it names no station in `station_id`")
    found = []
    for column, (name, fahrenheit) in layout.temperatures.items():
        if _text(row[column]).lower() not in _GAPS:
            own = _text(row[layout.station]) if layout.station else name
            celsius = _celsius(_text(row[column]), fahrenheit, column)
            found.append(Temperature(own, start // HOUR_S * HOUR_S, celsius, issued))
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _instant(value: Any, zone: str | None) -> int:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    except ValueError:
        raise UsageError(f"{value!r} is not a time such as 2026-07-01T13:00Z") from None
    if moment.tzinfo is None:
        if zone is None:
            raise UsageError(f"{_text(value)!r} has no offset; give --zone, such as --zone Europe/Berlin")
        moment = moment.replace(tzinfo=zone_of(zone))
    return int(moment.timestamp())


def _celsius(text: str, fahrenheit: bool, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{text!r} in {column!r} is not a number") from None
    celsius = (value - 32) / 1.8 if fahrenheit else value
    if not COLDEST_C <= celsius <= HOTTEST_C:
        raise UsageError(f"{text} in {column!r} is no outdoor temperature; check the column's unit")
    return celsius


def _hourly(temperatures: Iterator[Temperature]) -> list[Temperature]:
    groups: dict[tuple[int, int, str], list[float]] = {}
    for one in temperatures:
        groups.setdefault((one.issued, one.time, one.station_id), []).append(one.celsius)
    return [
        Temperature(station, time, sum(found) / len(found), issued)
        for (issued, time, station), found in sorted(groups.items())
    ]
