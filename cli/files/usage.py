"""Loads from meter data files: the readings of one or many meters, in time order and without duplicates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.meter_day import Interval
from meter_files.channel import ReadOptions
from meter_files.energy import Readings
from meter_files.load import Load, MeterLoad, read_load, summary
from meter_files.reader import at_path

_Numbers = NDArray[np.int64]


class Usage(NamedTuple):
    """The readings of `meters`, meter by meter, each in time order.

    Those of meter i are `start` (s since 1970 UTC), `seconds` and `wh` from index `edges[i]` up to `edges[i + 1]`, each
    with its row number `row` in the file (a header is row 1). A file that names no meter has one, named "".
    `found` says what the file holds, line by line, and what was left out. `received` has the energy received from the
    same meters, in their order, and `reactive` the reactive energy in varh; None where no meter has any.
    """

    meters: list[str]
    edges: _Numbers
    start: _Numbers
    seconds: _Numbers
    wh: _Numbers
    row: _Numbers
    found: list[str]
    received: "Usage | None" = None
    reactive: "Usage | None" = None

    def row_of(self, index: int, start: int) -> int:
        """The file's row of a meter's reading that starts at an instant (s since 1970 UTC), of either direction."""
        part = slice(self.edges[index], self.edges[index + 1])
        rows = self.row[part][self.start[part] == start]
        return int(rows[0]) if len(rows) or self.received is None else self.received.row_of(index, start)

    def intervals(self, index: int) -> list[Interval]:
        """The readings of one meter."""
        part = slice(self.edges[index], self.edges[index + 1])
        return list(map(Interval, *(column[part].tolist() for column in (self.start, self.seconds, self.wh))))

    def received_intervals(self, index: int) -> list[Interval]:
        """The energy received from one meter; none where it has no such readings."""
        return self.received.intervals(index) if self.received else []

    def reactive_intervals(self, index: int) -> list[Interval]:
        """The reactive energy (varh) of one meter; none where it has no such readings."""
        return self.reactive.intervals(index) if self.reactive else []

    def part(self, first: int, end: int) -> "Usage":
        """The meters with index `first` up to `end`, or up to the last."""
        edges = self.edges[first : end + 1]
        rows = slice(edges[0], edges[-1])
        start, seconds, wh, row = (column[rows] for column in (self.start, self.seconds, self.wh, self.row))
        received = self.received and self.received.part(first, end)
        reactive = self.reactive and self.reactive.part(first, end)
        return Usage(self.meters[first:end], edges - edges[0], start, seconds, wh, row, self.found, received, reactive)


def read_usage(path: Path, options: ReadOptions | None = None) -> Usage:
    """The energy delivered to the meters of a file of any kind that `meter_files` reads, or of a folder of Parquet, and
    the energy received from them.

    `UsageError` names the fault and its row, counting the header as row 1.
    """
    load = read_load(path, options or ReadOptions())
    try:
        used = {one.meter: one.readings for one in delivered(load)[0]}
    except UsageError as fault:
        raise at_path(path, fault) from None
    received, reactive = (
        {one.meter: one.readings for one in load.meters if one.direction == direction}
        for direction in ("received", "reactive")
    )
    meters = list(used)
    usage = _usage(meters, [used[meter] for meter in meters], [*summary(load), *_gaps(used, received)])
    return usage._replace(received=_of_meters(meters, received), reactive=_of_meters(meters, reactive))


def delivered(load: Load) -> tuple[list[MeterLoad], list[str]]:
    """The meters with delivered energy, and what is left out because it was received from the customer."""
    meters = [one for one in load.meters if one.direction == "delivered"]
    if not meters:
        raise UsageError("the file has no delivered energy, only received; what was delivered is billed and forecast")
    wh = sum(int(one.readings.wh.sum()) for one in load.meters if one.direction == "received")
    return meters, [f"{wh / 1000:,.1f} kWh received from the customer left out"] if wh else []


_NOTHING = np.zeros(0, np.int64)
_NONE = Readings(_NOTHING, _NOTHING, _NOTHING, _NOTHING, np.zeros(0, np.bool_), [])


def _of_meters(meters: list[str], readings: Mapping[str, Readings]) -> Usage | None:
    """The readings of some of the meters, in the order of all; None where none has any."""
    return (
        None if readings.keys().isdisjoint(meters) else _usage(meters, [readings.get(one, _NONE) for one in meters], [])
    )


def _usage(meters: list[str], readings: Sequence[Readings], found: list[str]) -> Usage:
    counts = [len(one.start) for one in readings]
    start, seconds, wh, row = (
        np.concatenate([getattr(one, name) for one in readings]) for name in ("start", "seconds", "wh", "row")
    )
    return Usage(meters, np.concatenate(([0], np.cumsum(counts))), start, seconds, wh, row, found)


def _gaps(delivered: Mapping[str, Readings], received: Mapping[str, Readings]) -> list[str]:
    """What to say of meters without energy delivered, and of energy received that is not there all the time."""
    alone = sorted(received.keys() - delivered.keys())
    found = [f"{meter}: left out, since it has no delivered energy, only received" for meter in alone]
    for meter, readings in received.items():
        if meter not in delivered:
            continue
        lacks = int(delivered[meter].seconds.sum() - readings.seconds.sum()) / 3600
        if lacks > 0:
            whose = f"{meter}: " if meter else ""
            found.append(
                f"{whose}{lacks:,.1f} hours have no reading of energy received; none counts as received in them"
            )
    return found
