"""MSCONS, the EDIFACT message in which German-speaking market partners send meter values."""

import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pydifact.exceptions import EDISyntaxError, ValidationError
from pydifact.segmentcollection import RawSegmentCollection

from electrocloud.domain.errors import UsageError
from meter_files.channel import SCALE, Channel, Contents, Direction

_OBIS = re.compile(r"^\d-\d+:(\d+)\.(\d+)\.(\d+)")
_MEASURED = {"220"}  # QTY 220 is a true value, 67 a substituted one, 187 a forecast


def read(text: str) -> Contents:
    """The channels of energy, by location and OBIS code; a last message that was cut off is read as far as it goes."""
    rows: dict[tuple[str, str], list[tuple[int, int, float, bool, int]]] = {}
    location, code, quantity = "", "", None
    moments: dict[str, int] = {}
    for number, segment in enumerate(_segments(text), start=1):
        first = segment.elements[0] if segment.elements else ""
        match segment.tag:
            case "LOC" if first == "172":
                location = str(segment.elements[1])
            case "PIA":
                code = _part(segment.elements[1], 0) if len(segment.elements) > 1 else ""
            case "QTY":
                quantity, moments = (_part(first, 0), _part(first, 1)), {}
            case "DTM" if quantity:
                moments[_part(first, 0)] = _instant(_part(first, 1), number)
                if moments.keys() >= {"163", "164"}:
                    value = _number(quantity[1], number)
                    start, end = moments["163"], moments["164"]
                    rows.setdefault((location, code), []).append(
                        (start, end - start, value, quantity[0] not in _MEASURED, number)
                    )
                    quantity = None
    remarks: list[str] = []
    return Contents(
        "MSCONS", [one for key, found in rows.items() if (one := _channel(*key, found, remarks))], "", remarks
    )


def _segments(text: str) -> Iterator[Any]:
    try:
        with warnings.catch_warnings():  # of validations that pydifact has no tables for
            warnings.simplefilter("ignore")
            found = RawSegmentCollection.from_str(text[: text.rfind("'") + 1]).segments
        yield from found
    except (EDISyntaxError, ValidationError, ValueError, IndexError, TypeError, AttributeError) as fault:
        raise UsageError(f"the EDIFACT message is broken: {fault}") from None


def _part(element: Any, at: int) -> str:
    if isinstance(element, str):
        return element if at == 0 else ""
    return str(element[at]) if len(element) > at else ""


def _instant(text: str, number: int) -> int:
    """An instant of a text such as 201512010015+01 (format 303) or 201512010015."""
    found = re.fullmatch(r"(\d{12})([+-]\d\d)?", text.replace("?", ""))
    try:
        if found is None:
            raise ValueError
        moment = datetime.strptime(found[1], "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"segment {number}: {text!r} is not a time such as 202607010015+01") from None
    return int((moment - timedelta(hours=int(found[2] or 0))).timestamp())


def _number(text: str, number: int) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not abs(value) * SCALE["kWh"] < 2**62:
        raise UsageError(f"segment {number}: {text!r} is not a number")
    return value


def _channel(
    location: str, code: str, found: list[tuple[int, int, float, bool, int]], remarks: list[str]
) -> Channel | None:
    obis = _OBIS.match(code)
    direction: Direction | None = None
    if obis:
        direction = {"1": "delivered", "2": "received", "3": "reactive"}.get(obis[1])  # type: ignore[assignment]
    if direction is None:
        remarks.append(f"{len(found):,} values of {location} {code} left out: its OBIS code is not one of energy")
        return None
    start, seconds, value, estimated, row = (np.array(column) for column in zip(*found, strict=True))
    return Channel(
        meter=location,
        register=code,
        direction=direction,
        kind="interval energy",
        unit="kvarh" if direction == "reactive" else "kWh",
        stamped="start",
        stamp=start.astype(np.int64),
        seconds=seconds.astype(np.int64),
        value=np.rint(value * SCALE["kWh"]).astype(np.int64),
        row=row.astype(np.int64),
        version=np.zeros(len(found), np.int64),
        estimated=estimated.astype(bool),
    )
