"""Green Button: NAESB ESPI as XML, read in a stream and leniently, since real files stray from the schema.

A feed has usage points, whose meter readings have a reading type each (unit, power of ten, direction) and interval
blocks. Entries refer to each other by links. Times are seconds since 1970 UTC; the local time parameters are for
display alone. Source: NAESB REQ.21 ESPI 4.0.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from electrocloud.domain.errors import UsageError
from meter_files.channel import SCALE, Channel, Contents, Direction, Kind, Unit
from meter_files.source import reading

_UNITS: dict[str, Unit] = {"72": "Wh", "38": "W", "73": "varh"}
_DIRECTIONS: dict[str, Direction] = {"1": "delivered", "19": "received", "4": "net", "": "delivered"}
_ESTIMATED = {"7", "8", "9", "10", "12", "18"}  # edited, estimated, questionable, projected, failed
_NOT_ELECTRIC = {"1": "gas", "2": "water", "3": "time", "4": "heat", "5": "refuse", "6": "sewage"}
_CUMULATIVE = {"1", "3"}  # bulk quantity and cumulative


class _ReadingType(NamedTuple):
    unit: str = "72"
    power: int = 0
    direction: str = "1"
    behaviour: str = "4"
    length: int = 0


class _Block:
    """The readings of one meter reading, as they come."""

    def __init__(self) -> None:
        self.start, self.seconds, self.value = array("q"), array("q"), array("d")
        self.estimated = array("b")


class _Feed:
    """What the entries of a feed have said so far."""

    def __init__(self) -> None:
        self.types: dict[str, _ReadingType] = {}
        self.type_of: dict[str, str] = {}  # a meter reading's address -> its reading type's
        self.blocks: dict[str, _Block] = {}  # by the meter reading's address
        self.services: dict[str, str] = {}  # a usage point's address -> its kind of service
        self.nearest_type = ""


def read(path: Path) -> Contents:
    """Every usage point and direction apart. Services that are not electricity are left out by name."""
    feed = _Feed()
    with reading(path) as file:
        for links, content in _entries(file):
            _take(feed, links, content)
    remarks: list[str] = []
    channels = [one for place, block in feed.blocks.items() if (one := _channel(feed, place, block, remarks))]
    return Contents("Green Button", channels, "", remarks)


def _entries(file: IO[bytes]) -> Iterator[tuple[dict[str, list[str]], Element]]:
    """Each entry's links, by their relation, and the element in its content. An entry is dropped once it was read."""
    path: list[Element] = []
    try:
        for event, element in iterparse(file, ("start", "end")):
            if event == "start":
                path.append(element)
                continue
            path.pop()
            if _name(element) == "entry":
                for content in (one for one in element if _name(one) == "content"):
                    for part in content:
                        yield _links(element), part
                element.clear()
                if path:
                    path[-1].remove(element)
    except (ParseError, DefusedXmlException) as fault:
        raise UsageError(f"the XML cannot be read: {fault}") from None


def _links(entry: Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in entry:
        if _name(one) == "link":
            found.setdefault(one.get("rel", ""), []).append(one.get("href", "").rstrip("/"))
    return found


def _take(feed: _Feed, links: dict[str, list[str]], content: Element) -> None:
    here = next(iter(links.get("self", [])), "")
    match _name(content):
        case "UsagePoint":
            feed.services[here] = _text(content, "ServiceCategory", "kind")
        case "ReadingType":
            feed.types[here] = _reading_type(content)
            feed.nearest_type = here
        case "MeterReading":
            feed.type_of[here] = next((one for one in links.get("related", []) if "ReadingType" in one), "")
        case "IntervalBlock":
            up = next(iter(links.get("up", [])), here)
            place = up.removesuffix("/IntervalBlock")
            _take_block(feed.blocks.setdefault(place, _Block()), content)
            feed.type_of.setdefault(place, feed.nearest_type)


def _reading_type(content: Element) -> _ReadingType:
    return _ReadingType(
        unit=_text(content, "uom") or "72",
        power=_whole(_text(content, "powerOfTenMultiplier") or "0"),
        direction=_text(content, "flowDirection"),
        behaviour=_text(content, "accumulationBehaviour"),
        length=_whole(_text(content, "intervalLength") or "0"),
    )


def _take_block(block: _Block, content: Element) -> None:
    for one in content.iter():
        if _name(one) != "IntervalReading":
            continue
        period = next((part for part in one if _name(part) == "timePeriod"), None)
        value = _text(one, "value")
        if period is None or not value:
            continue
        try:
            block.value.append(float(value))
            block.start.append(int(float(_text(period, "start"))))
            block.seconds.append(_whole(_text(period, "duration") or "0"))
        except (ValueError, OverflowError):
            raise UsageError(
                f"a reading of {value!r} from {_text(period, 'start')!r} is not a number and a time"
            ) from None
        qualities = {_text(part, "quality") for part in one if _name(part) == "ReadingQuality"}
        block.estimated.append(bool(qualities & _ESTIMATED))


def _channel(feed: _Feed, place: str, block: _Block, remarks: list[str]) -> Channel | None:
    kind_of = feed.types.get(feed.type_of.get(place, ""), feed.types.get(feed.nearest_type, _ReadingType()))
    point = place.partition("/MeterReading")[0]
    service = _NOT_ELECTRIC.get(feed.services.get(point, "0"))
    name = point.rpartition("/")[2]
    taken = _DIRECTIONS.get(kind_of.direction)
    if service or kind_of.unit not in _UNITS or taken is None or (kind_of.unit == "73" and taken != "delivered"):
        what = service or f"unit {kind_of.unit}, direction {kind_of.direction}"
        remarks.append(f"{len(block.value):,} readings of usage point {name} ({what}) left out")
        return None
    unit = _UNITS[kind_of.unit]
    direction: Direction = "reactive" if unit == "varh" else taken
    energy: Kind = "register" if kind_of.behaviour in _CUMULATIVE else "interval energy"
    value = np.array(block.value) * 10.0**kind_of.power
    seconds = np.array(block.seconds, np.int64)
    if not np.isfinite(value).all() or (np.abs(value) * SCALE[unit] >= 2**62).any():
        raise UsageError(f"usage point {name} has a value that is not a finite energy")
    return Channel(
        meter=name,
        register=place.rpartition("/")[2],
        direction=direction,
        kind="average power" if unit == "W" else energy,
        unit=unit,
        stamped="start",
        stamp=np.array(block.start, np.int64),
        seconds=np.where(seconds > 0, seconds, kind_of.length) if energy != "register" else seconds * 0,
        value=np.rint(value * SCALE[unit]).astype(np.int64),
        row=np.arange(1, len(value) + 1),
        version=np.zeros(len(value), np.int64),
        estimated=np.array(block.estimated, bool),
    )


def _text(element: Element, *path: str) -> str:
    """The text of the first child of that name, or of its child."""
    for name in path:
        found = next((one for one in element if _name(one) == name), None)
        if found is None:
            return ""
        element = found
    return (element.text or "").strip()


def _whole(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a whole number") from None


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
