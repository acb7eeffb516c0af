"""Reads loads from files: the readings of one or many meters, in time order and without duplicates."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cli.files.usage_file import read_table
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.meter_day import Interval

_Numbers = NDArray[np.int64]


class Usage(NamedTuple):
    """The readings of `meters`, meter by meter, each in time order.

    Those of meter i are `start` (s since 1970 UTC), `seconds` and `wh` from index `edges[i]` up to `edges[i + 1]`, each
    with its row number `row` in the file (a header is row 1). A file without meter_id has one meter, named "".
    """

    meters: list[str]
    edges: _Numbers
    start: _Numbers
    seconds: _Numbers
    wh: _Numbers
    row: _Numbers

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
        columns = (column[rows] for column in (self.start, self.seconds, self.wh, self.row))
        return Usage(self.meters[first:end], edges - edges[0], *columns)


class _Rows(NamedTuple):
    """Columns as integers: `row` is the row number in the file, `meter` an index; absent columns are 0."""

    row: _Numbers
    meter: _Numbers
    start: _Numbers
    seconds: _Numbers
    wh: _Numbers
    revision: _Numbers

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> "_Rows":
        return _Rows(*(column[which] for column in self))

    def same_meter(self) -> NDArray[np.bool_]:
        """For each row after the first, whether it has the same meter as the row before."""
        found: NDArray[np.bool_] = self.meter[1:] == self.meter[:-1]
        return found


def read_usage(path: Path) -> Usage:
    """Read a CSV or Parquet file, or a folder of Parquet files, with the columns start and wh.

    `start` is ISO 8601 with an offset and `wh` an integer of at least 0. Optional columns: `meter_id`; `interval_s`,
    the length of the reading; `revision`, of which the highest wins. Without `interval_s` a reading lasts until the
    next one, but no longer than the meter's most common spacing. Other columns are ignored. `UsageError` names the
    fault and its row, counting the header as row 1.
    """
    table = read_table(path)
    meters, rows = _columns(table)
    if (rows.wh < 0).any():
        at = int(np.argmax(rows.wh < 0))
        raise UsageError(f"{path}, row {rows.row[at]}: wh is {rows.wh[at]}; delivered energy is 0 or more")
    rows = _once_each(path, rows.take(np.lexsort((rows.revision, rows.start, rows.meter))))
    edges = np.flatnonzero(np.concatenate(([True], ~rows.same_meter(), [True])))
    if "interval_s" in table.column_names:
        _refuse_overlap(path, rows)
        seconds = rows.seconds
    else:
        seconds = np.concatenate([_spacing(rows.start[first:end]) for first, end in pairwise(edges)])
    return Usage([meters[number] for number in rows.meter[edges[:-1]]], edges, rows.start, seconds, rows.wh, rows.row)


def _columns(table: pa.Table) -> tuple[list[str], _Rows]:
    """The meters' names, and the columns."""
    absent = np.zeros(table.num_rows, np.int64)
    names, meter = [""], absent
    if "meter_id" in table.column_names:
        coded = table["meter_id"].combine_chunks().dictionary_encode()
        names, meter = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    start = table["start"].to_numpy().astype("datetime64[s]").astype(np.int64)
    seconds, wh, revision = (
        table[name].to_numpy() if name in table.column_names else absent for name in ("interval_s", "wh", "revision")
    )
    return names, _Rows(np.arange(2, table.num_rows + 2), meter, start, seconds, wh, revision)


def _once_each(path: Path, rows: _Rows) -> _Rows:
    """Keep one row per meter and start: the one with the highest revision. `rows` are sorted by these three."""
    again = rows.same_meter() & (rows.start[1:] == rows.start[:-1])
    differs = (rows.wh[1:] != rows.wh[:-1]) | (rows.seconds[1:] != rows.seconds[:-1])
    clash = again & differs & (rows.revision[1:] == rows.revision[:-1])
    if clash.any():
        at = int(np.argmax(clash))
        (one, other), (wh, other_wh) = rows.row[at : at + 2], rows.wh[at : at + 2]
        raise UsageError(
            f"{path}, row {other}: {other_wh} Wh from {_written(rows.start[at])}, where row {one} has {wh} Wh; "
            "one start has one reading, so take one of the two out"
        )
    return rows.take(np.append(~again, True))


def _refuse_overlap(path: Path, rows: _Rows) -> None:
    late = rows.same_meter() & (rows.start[:-1] + rows.seconds[:-1] > rows.start[1:])
    if late.any() or (rows.seconds <= 0).any():
        at = int(np.argmax(late)) if late.any() else int(np.argmax(rows.seconds <= 0))
        raise UsageError(
            f"{path}, row {rows.row[at]}: interval_s is {rows.seconds[at]}, from {_written(rows.start[at])}; "
            "it must be above 0 and end before the next reading"
        )


def _spacing(start: _Numbers) -> _Numbers:
    """The length of each reading: until the next one, at most the most common spacing; an hour for a single reading.

    A reading of a local day, or part of it, is up to an hour longer when clocks go back.
    """
    gaps = np.diff(start)
    lengths, counts = np.unique(gaps, return_counts=True)
    usual = lengths[np.argmax(counts)] if lengths.size else 3600
    longest = usual + 3600 if usual > 3600 and 86_400 % usual == 0 else usual
    gaps = np.append(gaps, usual)
    found: _Numbers = np.where(gaps > longest, usual, gaps)
    return found


def _written(instant: np.int64) -> str:
    return datetime.fromtimestamp(int(instant), UTC).isoformat()
