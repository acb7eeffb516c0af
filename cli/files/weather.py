"""Temperatures from CSV files: columns with a unit in their name, times with an offset or on the clock of a zone."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import HOUR_S, zone_of
from electrocloud.domain.weather import COLDEST_C, HOTTEST_C, OBSERVED, Temperature
from forecasting.load import Load
from forecasting.weather import Weather
from forecasting.weather_at import weather_at

_TIMES = ("timestamp", "time", "time_utc", "valid_time", "start", "start_utc")
_UNIT = re.compile(r"^(.*?)(?:_| ?\(°?| ?\[°?)([cf])[)\]]?$")
_TEMPERATURE = re.compile(r"^(temp|temperature|t2m|air_temperature)$")
_GAPS = frozenset({"", "na", "nan", "null", "m", "-999", "-9999", "-999.0", "-9999.0"})


def read_weather(path: Path, zone: str | None) -> list[Temperature]:
    """The hourly temperatures in a CSV file, in order; those of one station, hour and time of issue are averaged.

    Every column named NAME_c or NAME_f (or `NAME (°C)`, `NAME (°F)`) is a temperature; several are several stations, as
    is a column `station_id`. A column `issued` says when a temperature was forecast; where it is empty or absent, the
    temperature was observed. `UsageError` names the fault and its row, counting the header as row 1.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            rows = csv.DictReader(text)
            names = {name.strip().lower(): name for name in rows.fieldnames or ()}
            values = _temperature_columns(names)
            time = next((names[name] for name in _TIMES if name in names), None)
            if time is None:
                raise UsageError(f"there is no column of times; name one of {', '.join(_TIMES[:3])}")
            return _hourly(_parsed(rows, names, values, time, zone))
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this is not a text file; weather is read from CSV") from None
    except OSError as fault:
        raise UsageError(f"{path}: {fault.strerror}") from None
    except UsageError as fault:
        raise UsageError(f"{path}: {fault}") from None


def at_load(path: Path, load: Load, horizon: int, zone: str | None) -> Weather:
    """The weather of a load and of the hours that are to be forecast after it; `UsageError` if the file lacks them."""
    temperatures = read_weather(path, zone)
    try:
        return weather_at(load, temperatures, horizon)
    except UsageError as fault:
        raise UsageError(f"{path}: {fault}") from None


def _temperature_columns(names: dict[str, str]) -> dict[str, tuple[str, bool]]:
    """The columns of temperatures: the station and whether the unit is °F."""
    found = {column: (unit[1], unit[2] == "f") for name, column in names.items() if (unit := _UNIT.match(name))}
    if not found:
        if bare := next((column for name, column in names.items() if _TEMPERATURE.match(name)), None):
            raise UsageError(f"the column {bare!r} does not say its unit; name it {bare}_c or {bare}_f")
        raise UsageError("there is no column of temperatures; name it temperature_c or temperature_f")
    return found


def _parsed(
    rows: Iterable[dict[str, str]],
    names: dict[str, str],
    columns: dict[str, tuple[str, bool]],
    time: str,
    zone: str | None,
) -> Iterator[Temperature]:
    station, issued = names.get("station_id"), names.get("issued")
    for number, row in enumerate(rows, start=2):
        start = _instant(row[time], zone, number)
        made = _instant(row[issued], zone, number) if issued and (row[issued] or "").strip() else OBSERVED
        if made > start + HOUR_S:
            raise UsageError(f"row {number}: issued after the hour that it forecasts; leave `issued` empty if observed")
        for column, (name, fahrenheit) in columns.items():
            text = (row[column] or "").strip()
            if text.lower() not in _GAPS:
                own = (row[station] or "").strip() if station else name
                yield Temperature(own, start // HOUR_S * HOUR_S, _celsius(text, fahrenheit, number, column), made)


def _instant(text: str | None, zone: str | None, number: int) -> int:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise UsageError(f"row {number}: {text!r} is not a time such as 2026-07-01T13:00Z") from None
    if moment.tzinfo is None:
        if zone is None:
            raise UsageError(f"row {number}: {text!r} has no offset; give --zone, such as --zone Europe/Berlin")
        moment = moment.replace(tzinfo=zone_of(zone))
    return int(moment.timestamp())


def _celsius(text: str, fahrenheit: bool, number: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"row {number}: {text!r} in {column!r} is not a number") from None
    celsius = (value - 32) / 1.8 if fahrenheit else value
    if not COLDEST_C <= celsius <= HOTTEST_C:
        raise UsageError(f"row {number}: {text} in {column!r} is no outdoor temperature; check the column's unit")
    return celsius


def _hourly(temperatures: Iterator[Temperature]) -> list[Temperature]:
    groups: dict[tuple[int, int, str], list[float]] = {}
    for one in temperatures:
        groups.setdefault((one.issued, one.time, one.station_id), []).append(one.celsius)
    if not groups:
        raise UsageError("there are no temperatures in it")
    keys: Sequence[tuple[int, int, str]] = sorted(groups)
    return [
        Temperature(station, time, sum(groups[issued, time, station]) / len(groups[issued, time, station]), issued)
        for issued, time, station in keys
    ]
