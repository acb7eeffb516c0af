"""What a kind of CSV file looks like, as data: which columns hold the times, the values and what they mean."""

from collections.abc import Mapping
from typing import NamedTuple

from meter_files.channel import Direction, Kind, Stamp, Unit


class Value(NamedTuple):
    """A column of values. `register` tells columns of one direction apart."""

    column: str
    unit: Unit = "kWh"
    direction: Direction = "delivered"
    kind: Kind = "interval energy"
    register: str = ""


class ReadType(NamedTuple):
    """What a row's text in the column of read types says of its value."""

    direction: Direction
    kind: Kind = "interval energy"
    unit: Unit = "kWh"
    register: str = ""


class Layout(NamedTuple):
    """A kind of file, recognized by the names in `header`, which are in lower case.

    `time` and `end` are columns that make up a time when joined by a space; `formats` are tried in turn ("iso" or as
    strptime takes them; "hour of day" counts 1 to 23, 24 or 25). `zone` is that of the clock where times have no
    offset (empty: the person must say), `inclusive_end` whether an end of 00:14 means up to 00:15. `read_types` say
    what a row's value is; rows of a type that maps to None are left out by name. `estimated` are the texts of `quality`
    that mark a value which was not measured; `missing` those that mark no value. A reading's length in s is in column
    `length` or is `length_s`; if neither is there it lasts until the next. `keep` is how lines with data begin, in a
    file with other lines between. `unread` are columns that say nothing of the values read.
    """

    name: str
    header: frozenset[str]
    time: tuple[str, ...]
    formats: tuple[str, ...]
    values: tuple[Value, ...]
    meter: str = ""
    end: tuple[str, ...] = ()
    inclusive_end: bool = False
    stamped: Stamp = "start"
    zone: str = ""
    read_type: str = ""
    read_types: Mapping[str, ReadType | None] = {}
    quality: str = ""
    estimated: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    version: str = ""
    length_s: int = 0
    length: str = ""
    keep: str = ""
    unit_column: str = ""
    unread: frozenset[str] = frozenset()
