"""The Parquet of the `readings` table: bytes per reading, rows per file, and how much a month's question reads.

The files are written by the laptop's delivery with the template's buffering, columns and compression, as by Firehose.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, islice
from typing import Any, NamedTuple, cast

import msgspec
import pyarrow.parquet as pq
from sqlglot import exp, parse_one
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify

from analytics.questions import questions, views
from analytics.template import load
from benchmarks.workload import INTERVAL_S, SEED
from electrocloud.aws.stack import Stack
from laptop.delivery import Delivery, Plan
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate
from producers.sending.uploads import uploads

START = date(2026, 9, 1)
READINGS = 100_000  # a lake, at most
QUESTION, MONTH = "monthly_consumption", "2026-10"


class Lake(NamedTuple):
    """Files of the table: their number, rows and bytes, and the bytes of each column by day (dt)."""

    files: int
    rows: int
    bytes: int
    column_bytes: dict[str, dict[str, int]]

    @property
    def bytes_a_reading(self) -> float:
        """Compressed bytes of a reading."""
        return self.bytes / max(1, self.rows)

    @property
    def rows_a_file(self) -> float:
        """Readings in a file, on average."""
        return self.rows / max(1, self.files)

    def of_columns(self) -> dict[str, float]:
        """Bytes per reading, by column."""
        sums: dict[str, float] = {}
        for columns in self.column_bytes.values():
            for name, size in columns.items():
                sums[name] = sums.get(name, 0.0) + size / self.rows
        return sums


class Read(NamedTuple):
    """What a question reads of a table, in bytes."""

    read: int
    table: int
    columns: list[str]
    days: int


def lake_of(files: Iterable[tuple[str, bytes]]) -> Lake:
    """A lake from its files by key."""
    count = rows = size = 0
    columns: dict[str, dict[str, int]] = {}
    for key, body in files:
        metadata = pq.read_metadata(io.BytesIO(body))
        count, rows, size = count + 1, rows + metadata.num_rows, size + len(body)
        day = columns.setdefault(key.split("dt=")[1].split("/")[0], {})
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                day[column.path_in_schema] = day.get(column.path_in_schema, 0) + column.total_compressed_size
    return Lake(count, rows, size, columns)


def stored(stack: Stack) -> Lake:
    """The lake of a stack."""
    s3 = stack.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix="readings/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return lake_of((key, s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()) for key in keys)


def delivered(per_upload: int, meters: int, days: int) -> Lake:
    """The delivery's output for a fleet's first READINGS at 15 minutes, with `per_upload` readings per upload."""
    fleet = make_fleet(meters, SEED)
    found: list[tuple[str, bytes]] = []
    now = 0.0
    delivery = Delivery(Plan.of(load(), {}), lambda key, body: found.append((key, body)), lambda: now)
    sent = uploads(fleet, simulate(fleet, START, days, INTERVAL_S), every_s=per_upload * INTERVAL_S)
    for minute, together in groupby(islice(sent, READINGS // per_upload), lambda upload: upload.at // 60):
        now = minute * 60.0
        delivery.take([_record(upload.at, msgspec.json.encode(upload.upload)) for upload in together])
        delivery.flush()
    delivery.flush(force=True)
    return lake_of(found)


def measure() -> dict[int, Lake]:
    """By readings per upload: two months of few meters, and some hours of many."""
    return {96: delivered(96, 17, 62), 4: delivered(4, 10_000, 1), 1: delivered(1, 10_000, 1)}


def month_read(table: Lake) -> Read:
    """What a month's question reads of the table: the columns it needs, of the days it asks for."""
    sql = questions()[QUESTION].render({"month": MONTH})
    names = sorted(_columns(sql))
    month = date.fromisoformat(f"{MONTH}-01")
    following = (month + timedelta(days=31)).replace(day=1)
    wanted = [day for day in table.column_bytes if str(month - timedelta(days=1)) <= day <= str(following)]
    read = sum(table.column_bytes[day][name] for day in wanted for name in names)
    return Read(read, table.bytes, names, len(wanted))


def _columns(sql: str) -> set[str]:
    """The columns of `readings` that a question needs, through the views."""
    parsed = {name: cast("exp.Query", parse_one(text, read="athena")) for name, text in views().items()}
    tree = exp.expand(parse_one(sql, read="athena"), {**parsed})
    schema: dict[str, object] = {"readings": dict.fromkeys((*Plan.of(load(), {}).schema.names, "dt"), "varchar")}
    tree = pushdown_projections(qualify(tree, schema=schema, dialect="athena", validate_qualify_columns=False))
    found = {
        column.name
        for select in tree.find_all(exp.Select)
        for table in _tables(select)
        for column in select.find_all(exp.Column)
        if column.table == table
    }
    return found - {"dt"}


def _tables(select: exp.Select) -> Iterator[str]:
    """The names under which a SELECT reads `readings` itself."""
    for source in (select.args.get("from_") or select.args.get("from"), *select.args.get("joins", [])):
        if source and isinstance(source.this, exp.Table) and source.this.name == "readings":
            yield source.this.alias_or_name


def _record(at: int, data: bytes) -> dict[str, Any]:
    return {"SequenceNumber": "1", "Data": data, "ApproximateArrivalTimestamp": datetime.fromtimestamp(at, UTC)}
