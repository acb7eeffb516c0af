"""Delivery of the stream to Parquet files, and their rows as the analysts' view answers them."""

import io
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from analytics.duckdb_dialect import to_duckdb
from analytics.questions import views
from analytics.template import load
from electrocloud.domain.readings.admission import Admission, HeadEndsOf
from laptop.delivery import Delivery, Plan, Tail
from tests.faults.injected_faults import FaultInjector
from tests.faults.stream import MemoryStream

ParquetRow = tuple[Any, ...]

SQL = """
SELECT meter_id, start, interval_s, wh, revision, voltage_v, direction, quality, varh
FROM readings_by_direction
ORDER BY meter_id, start, direction
"""


class ParquetTable:
    """Delivers a stream at least once. `files` are the bucket's objects by key."""

    def __init__(self, stream: MemoryStream, injector: FaultInjector, head_ends_of: HeadEndsOf) -> None:
        self._stream, self._injector = stream, injector
        self._admission = Admission(head_ends_of=head_ends_of)
        self.files: dict[str, bytes] = {}
        self._restart()

    def poll(self) -> int:
        """Deliver the records since the last call; returns how many pages of records there were."""
        if self._injector.injects("deliveries restarted from the oldest record"):
            self._restart()
        pages = list(self._tail.poll())
        for records in pages:
            self._delivery.take(records)
            if self._injector.injects("Parquet records delivered again"):
                self._delivery.take(records)
        if self._injector.rng.random() < 0.3:
            self._delivery.flush(force=True)
        return len(pages)

    def finish(self) -> None:
        while self.poll():
            pass
        self._delivery.flush(force=True)

    def rows(self) -> list[ParquetRow]:
        """The valid readings of both directions, by the view `readings_by_direction`."""
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
            files = [_part(key, body) for key, body in self.files.items() if key.startswith("readings/")]
            connection.register("readings", pa.concat_tables(files))
            return connection.execute(_duckdb(SQL)).fetchall()

    def _restart(self) -> None:
        self._tail = Tail(self._stream, "readings")
        self._delivery = Delivery(_plan(), self.files.__setitem__, lambda: 0.0, self._admission)


@cache
def _duckdb(sql: str) -> str:
    return to_duckdb(sql, views())


@cache
def _plan() -> Plan:
    return Plan.of(load(), {})


def _part(key: str, body: bytes) -> pa.Table:
    rows = pa.parquet.ParquetFile(io.BytesIO(body)).read()  # read_table would load pandas
    return rows.append_column("dt", pa.repeat(key.split("dt=")[1].split("/")[0], len(rows)))
