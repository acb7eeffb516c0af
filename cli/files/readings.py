"""Writes simulated readings to CSV or Parquet, block by block."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.upload import Direction
from producers.fleet.faults import Faults, InjectedFault, ReportedReadings, inject
from producers.fleet.fleet import Fleet
from producers.fleet.meter_register import DAY_S, Ints
from producers.fleet.simulate import Block
from producers.sending.uploads import Deliveries, deliveries

_COLUMNS = (
    ("meter_id", pa.string()),
    ("start", pa.timestamp("us", "UTC")),
    ("interval_s", pa.int32()),
    ("wh", pa.int64()),
    ("voltage_v", pa.float64()),
    ("revision", pa.int32()),
    ("direction", pa.string()),
)


class ReadingsFile:
    """A context manager that writes a fleet's readings; the file's suffix, `.csv` or `.parquet`, selects the format.

    In CSV, `start` is ISO 8601 in UTC; in Parquet it is timestamp[us, UTC]. `rows` counts the rows written. Raises
    `UsageError` for another suffix or a missing folder.
    """

    def __init__(self, path: Path, fleet: Fleet) -> None:
        if path.suffix not in (".csv", ".parquet"):
            raise UsageError(f"--out {path}: the file name must end in .csv or .parquet")
        if not path.parent.is_dir():
            raise UsageError(f"--out {path}: the folder {path.parent} does not exist; create it first")
        self.rows = 0
        self._fleet, self._is_csv = fleet, path.suffix == ".csv"
        self._sink = pa.OSFile(str(path), "wb")
        if self._is_csv:
            kinds = [(name, pa.string() if name == "start" else kind) for name, kind in _COLUMNS]
            self._schema = pa.schema(kinds)
            self._sink.write((",".join(self._schema.names) + "\n").encode())
            plain = pa.csv.WriteOptions(include_header=False, quoting_style="none")
            self._writer = pa.csv.CSVWriter(self._sink, self._schema, write_options=plain)
        else:
            self._schema = pa.schema(_COLUMNS)
            self._writer = pa.parquet.ParquetWriter(self._sink, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._sink.close()

    def write(self, block: Block, faults: Faults) -> list[InjectedFault]:
        """Write a block as the head-end would report it; returns the faults that were injected into it."""
        if not faults:
            row, column = (index.ravel() for index in np.indices(block.wh.shape))
            first = np.zeros(block.wh.size, np.int64)
            self._write(block, "delivered", row, column, first, block.wh.ravel(), block.decivolts.ravel())
            self._write_received(block, block.received, block.received, row, column, first)
            return []
        reported = inject(self._fleet, block, faults)
        plan, late = deliveries(self._fleet, reported, faults)
        row, column, revision = _reported_cells(reported, plan, DAY_S // block.interval_s)
        energy = _energy(reported.wh, reported.true.wh, row, column, revision)
        self._write(block, "delivered", row, column, revision, energy, reported.decivolts[row, column])
        self._write_received(block, reported.received, reported.true.received, row, column, revision)
        return reported.truth + late

    def _write_received(
        self, block: Block, first: Ints | None, true: Ints | None, row: Ints, column: Ints, revision: Ints
    ) -> None:
        if first is None or true is None:
            return
        kept = np.array([meter.solar for meter in self._fleet.meters[block.meters]])[row]
        row, column, revision = row[kept], column[kept], revision[kept]
        self._write(block, "received", row, column, revision, _energy(first, true, row, column, revision), None)

    def _write(
        self,
        block: Block,
        direction: Direction,
        row: Ints,
        column: Ints,
        revision: Ints,
        wh: Ints,
        decivolts: Ints | None,
    ) -> None:
        ids = pa.array([meter.meter_id for meter in self._fleet.meters[block.meters]])
        seconds = block.start + np.arange(block.wh.shape[1]) * block.interval_s
        starts = pa.array(seconds.astype("datetime64[s]").astype("datetime64[us]"), pa.timestamp("us", "UTC"))
        if self._is_csv:
            starts = pa.array(np.datetime_as_string(seconds.astype("datetime64[s]"), timezone="UTC"))
        columns = (
            ids.take(pa.array(row)),
            starts.take(pa.array(column)),
            pa.array(np.full(len(row), block.interval_s, np.int32)),
            pa.array(wh),
            pa.nulls(len(row), pa.float64()) if decivolts is None else pa.array(decivolts / 10),
            pa.array(revision.astype(np.int32)),
            pa.repeat(direction, len(row)),
        )
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self.rows += len(row)


def _reported_cells(reported: ReportedReadings, plan: Deliveries, per_day: int) -> tuple[Ints, Ints, Ints]:
    """The row, column and revision of each reported reading of a direction, in order of delivery."""
    row, revision = np.repeat(plan.row, per_day), np.repeat(plan.revision, per_day)
    column = (plan.column[:, None] + np.arange(per_day)).ravel()
    kept = np.where(revision > 0, reported.corrected[row, column], reported.sent[row, column])
    return row[kept], column[kept], revision[kept]


def _energy(first: Ints, true: Ints, row: Ints, column: Ints, revision: Ints) -> Ints:
    """The energy of reported readings: as first reported, or as it was where it is corrected."""
    return np.where(revision > 0, true[row, column], first[row, column])
