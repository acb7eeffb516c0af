"""NEM12 and NEM13, AEMO's meter data file format: intervals by the day and channel, and readings of registers.

Times are Australian Eastern Standard Time, UTC+10, all year. A day's values are in 300 records, the quality of its
intervals in 400 records where the day's is V. Source: AEMO, Meter Data File Format Specification NEM12 & NEM13, 2.6.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from meter_files.channel import SCALE, Channel, Contents, Direction, Numbers, Unit

_UNITS: dict[str, Unit] = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh"}
_REACTIVE: dict[str, Unit] = {"varh": "varh", "kvarh": "kvarh"}
_DIRECTIONS: dict[str, Direction] = {"E": "delivered", "B": "received", "Q": "reactive"}
_AEST = timedelta(hours=10)
_DAY_S = 86_400
_UPDATED = re.compile(r"[0-9]{8,14}")  # a time such as 20260731120000


class _Stream(NamedTuple):
    """A 200 record: one channel of a meter."""

    nmi: str
    suffix: str
    unit: str
    seconds: int


class _Day(NamedTuple):
    """A 300 record, with the 400 records after it."""

    line: int
    midnight: int
    values: list[float]
    quality: str
    version: int
    qualities: list[tuple[int, int, str]]


def read(text: str) -> Contents:
    """The channels of energy of a NEM12 or NEM13 file; others are left out by name. `UsageError` names the row."""
    days: dict[_Stream, list[_Day]] = {}
    registers: dict[tuple[str, str, str], list[tuple[int, int, float, bool]]] = {}
    stream: _Stream | None = None
    records: list[_Day] = []
    for number, line in enumerate(text.split("\n"), start=1):
        cells = line.split(",")
        match cells[0].strip():
            case "200":
                stream = _stream(number, cells)
                records = days.setdefault(stream, [])
            case "300" if stream:
                records.append(_day(number, cells, stream))
            case "400" if records:
                records[-1].qualities.append(_quality(number, cells))
            case "300" | "400":
                raise UsageError(f"row {number}: a {cells[0]} record before the one it belongs to")
            case "250":
                _register(number, cells, registers)
            case "" | "100" | "500" | "550" | "900":
                pass
            case other:
                raise UsageError(f"row {number}: begins with {other[:20]!r}; NEM12 records are 100 to 900")
    remarks: list[str] = []
    channels = [channel for one, found in days.items() if found and (channel := _channel(one, found, remarks))]
    channels += [_register_channel(*key, rows) for key, rows in registers.items()]
    return Contents("NEM12" if days or not registers else "NEM13", channels, "", remarks)


def _stream(number: int, cells: list[str]) -> _Stream:
    try:
        minutes = int(cells[8])
        if minutes not in (5, 15, 30):
            raise ValueError
        return _Stream(cells[1].strip(), cells[4].strip(), cells[7].strip().lower(), minutes * 60)
    except (IndexError, ValueError):
        raise UsageError(
            f"row {number}: a 200 record has an NMI, a suffix, a unit and intervals of 5, 15 or 30 min"
        ) from None


def _day(number: int, cells: list[str], stream: _Stream) -> _Day:
    count = _DAY_S // stream.seconds
    try:
        midnight = _date(cells[1])
        values = [float(cell or "nan") for cell in cells[2 : 2 + count]]
    except (ValueError, IndexError):
        raise UsageError(f"row {number}: a date and {count} numbers follow the 300; {cells[1:4]} is not that") from None
    quality = cells[2 + count].strip() if len(cells) > 2 + count else ""
    if len(values) != count or quality[:1] not in ("A", "E", "F", "N", "S", "V"):
        raise UsageError(
            f"row {number}: {count} values and a quality (A, E, F, N, S or V) are needed at "
            f"{stream.seconds // 60} min; the quality is {quality!r}"
        )
    updated = cells[5 + count].strip() if len(cells) > 5 + count else ""
    return _Day(number, midnight, values, quality, int(updated) if _UPDATED.fullmatch(updated) else 0, [])


def _date(text: str) -> int:
    """The midnight (s since 1970 UTC) of a date such as 20260731 in UTC+10."""
    if not text.isascii() or not text.isdigit() or len(text) != 8:
        raise ValueError(text)
    return int((datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=UTC) - _AEST).timestamp())


def _quality(number: int, cells: list[str]) -> tuple[int, int, str]:
    try:
        first, last, quality = int(cells[1]), int(cells[2]), cells[3].strip()
        if not 1 <= first <= last <= 288 or quality[:1] not in ("A", "E", "F", "N", "S"):
            raise ValueError
        return first, last, quality
    except (IndexError, ValueError):
        raise UsageError(f"row {number}: a 400 record says the first and last interval and their quality") from None


def _unit(name: str, direction: Direction | None) -> Unit | None:
    return (_REACTIVE if direction == "reactive" else _UNITS).get(name)


def _channel(stream: _Stream, days: list[_Day], remarks: list[str]) -> Channel | None:
    direction = _DIRECTIONS.get(stream.suffix[:1].upper())
    unit = _unit(stream.unit, direction)
    if direction is None or unit is None:
        remarks.append(f"{len(days):,} days of {stream.nmi} {stream.suffix} ({stream.unit or 'no unit'}) left out")
        return None
    count = _DAY_S // stream.seconds
    value = np.array([day.values for day in days]).ravel()
    quality = np.repeat(np.array([day.quality[:1] for day in days]), count)
    for at, day in enumerate(days):
        for first, last, code in day.qualities:
            quality[at * count + first - 1 : at * count + min(last, count)] = code[:1]
    there = ~np.isnan(value) & (quality != "N")
    if not np.isfinite(value[there]).all() or (np.abs(value[there]) * SCALE[unit] >= 2**62).any():
        raise UsageError(f"{stream.nmi} {stream.suffix} has a value that is not a finite energy")
    if gone := int((~there).sum()):
        remarks.append(f"{gone:,} intervals of {stream.nmi} {stream.suffix} without a value left out")
    rows: Numbers = np.repeat(np.array([day.line for day in days]), count)
    return Channel(
        meter=stream.nmi,
        register=stream.suffix,
        direction=direction,
        kind="interval energy",
        unit=unit,
        stamped="start",
        stamp=(np.array([day.midnight for day in days])[:, None] + np.arange(count) * stream.seconds).ravel(),
        seconds=np.full(len(value), stream.seconds),
        value=np.rint(np.where(there, value, 0) * SCALE[unit]).astype(np.int64),
        row=rows,
        version=np.repeat(np.array([day.version for day in days]), count),
        estimated=np.isin(quality, ("E", "F", "S")),
    ).take(there)


def _register(
    number: int, cells: list[str], registers: dict[tuple[str, str, str], list[tuple[int, int, float, bool]]]
) -> None:
    """A 250 record: the readings of a register at the start and the end of a period."""
    try:
        key = (cells[1].strip(), cells[4].strip(), cells[18].strip().lower())
        ends = ((cells[8], cells[9], cells[10]), (cells[13], cells[14], cells[15]))
        for value, at, quality in ends:
            moment = datetime.strptime(at.strip(), "%Y%m%d%H%M%S").replace(tzinfo=UTC) - _AEST
            row = (number, int(moment.timestamp()), float(value), quality.strip()[:1] in ("E", "F", "S"))
            registers.setdefault(key, []).append(row)
    except (IndexError, ValueError):
        raise UsageError(f"row {number}: a 250 record has two readings of a register with their times") from None


def _register_channel(nmi: str, suffix: str, unit: str, rows: list[tuple[int, int, float, bool]]) -> Channel:
    direction = _DIRECTIONS.get(suffix[:1].upper())
    if direction is None and suffix[:1].isdigit():
        direction = "delivered"
    known = _unit(unit, direction)
    if direction is None or known is None:
        raise UsageError(f"row {rows[0][0]}: {nmi} {suffix} ({unit or 'no unit'}) is not a register of energy")
    line, stamp, value, estimated = (np.array(column) for column in zip(*rows, strict=True))
    return Channel(
        meter=nmi,
        register=suffix,
        direction=direction,
        kind="register",
        unit=known,
        stamped="end",
        stamp=stamp.astype(np.int64),
        seconds=np.zeros(len(rows), np.int64),
        value=np.rint(value * SCALE[known]).astype(np.int64),
        row=line.astype(np.int64),
        version=np.zeros(len(rows), np.int64),
        estimated=estimated.astype(bool),
    )
