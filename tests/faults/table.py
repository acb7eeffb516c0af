"""The Parquet side: the stream's delivery to files, and the files read through the analyst's view."""

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
from tests.faults.mishaps import Mishaps
from tests.faults.stream import MemoryStream

ParquetRow = tuple[Any, ...]

SQL = """
SELECT meter_id, start, interval_s, wh, revision, voltage_v, direction, quality
FROM readings_by_direction
ORDER BY meter_id, start, direction
"""


class ParquetTable:
    """Delivers a stream at least once. `files` are the objects in the bucket by key."""

    def __init__(self, stream: MemoryStream, mishaps: Mishaps, head_ends_of: HeadEndsOf) -> None:
        self._stream, self._mishaps = stream, mishaps
        self._admission = Admission(head_ends_of=head_ends_of)
        self.files: dict[str, bytes] = {}
        self._begin()

    def poll(self) -> int:
        """Deliver what has come; how many pages of records that was."""
        if self._mishaps.strikes("deliveries begun again from the oldest record"):
            self._begin()
        pages = list(self._tail.poll())
        for records in pages:
            self._delivery.take(records)
            if self._mishaps.strikes("Parquet records delivered again"):
                self._delivery.take(records)
        if self._mishaps.chance.random() < 0.3:
            self._delivery.flush(force=True)
        return len(pages)

    def finish(self) -> None:
        while self.poll():
            pass
        self._delivery.flush(force=True)

    def rows(self) -> list[ParquetRow]:
        """The readings that count, of both directions, as the view `readings_by_direction` gives them."""
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
            files = [_part(key, body) for key, body in self.files.items() if key.startswith("readings/")]
            connection.register("readings", pa.concat_tables(files))
            return connection.execute(_duckdb(SQL)).fetchall()

    def _begin(self) -> None:
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
