"""Loads from meter data files: the readings of one or many meters, in time order and without duplicates."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.meter_day import Interval
from meter_files.channel import ReadOptions
from meter_files.load import Load, MeterLoad, read_load, summary
from meter_files.reader import at_path

_Numbers = NDArray[np.int64]


class Usage(NamedTuple):
    """The readings of `meters`, meter by meter, each in time order.

    Those of meter i are `start` (s since 1970 UTC), `seconds` and `wh` from index `edges[i]` up to `edges[i + 1]`, each
    with its row number `row` in the file (a header is row 1). A file that names no meter has one, named "".
    `found` says what the file holds, line by line, and what was left out.
    """

    meters: list[str]
    edges: _Numbers
    start: _Numbers
    seconds: _Numbers
    wh: _Numbers
    row: _Numbers
    found: list[str]

    def row_of(self, index: int, start: int) -> int:
        """The file's row of a meter's reading that starts at an instant (s since 1970 UTC)."""
        first, end = self.edges[index], self.edges[index + 1]
        return int(self.row[first + np.searchsorted(self.start[first:end], start)])

    def intervals(self, index: int) -> list[Interval]:
        """The readings of one meter."""
        part = slice(self.edges[index], self.edges[index + 1])
        return list(map(Interval, *(column[part].tolist() for column in (self.start, self.seconds, self.wh))))

    def part(self, first: int, end: int) -> "Usage":
        """The meters with index `first` up to `end`, or up to the last."""
        edges = self.edges[first : end + 1]
        rows = slice(edges[0], edges[-1])
        start, seconds, wh, row = (column[rows] for column in (self.start, self.seconds, self.wh, self.row))
        return Usage(self.meters[first:end], edges - edges[0], start, seconds, wh, row, self.found)


def read_usage(path: Path, options: ReadOptions | None = None) -> Usage:
    """The energy delivered to the meters of a file of any kind that `meter_files` reads, or of a folder of Parquet.

    What was received from them is left out, and `found` says so. `UsageError` names the fault and its row, counting the
    header as row 1.
    """
    load = read_load(path, options or ReadOptions())
    try:
        meters, remarks = delivered(load)
    except UsageError as fault:
        raise at_path(path, fault) from None
    counts = [len(one.readings.start) for one in meters]
    start, seconds, wh, row = (
        np.concatenate([getattr(one.readings, name) for one in meters]) for name in ("start", "seconds", "wh", "row")
    )
    edges = np.concatenate(([0], np.cumsum(counts)))
    return Usage([one.meter for one in meters], edges, start, seconds, wh, row, [*summary(load), *remarks])


def delivered(load: Load) -> tuple[list[MeterLoad], list[str]]:
    """The meters with delivered energy, and what is left out because it was received from the customer."""
    meters = [one for one in load.meters if one.direction == "delivered"]
    if not meters:
        raise UsageError("the file has no delivered energy, only received; what was delivered is billed and forecast")
    wh = sum(int(one.readings.wh.sum()) for one in load.meters if one.direction == "received")
    return meters, [f"{wh / 1000:,.1f} kWh received from the customer left out"] if wh else []
