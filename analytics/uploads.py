"""Rebuilds uploads from delivered Parquet files, for a replay."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from electrocloud.aws.clients import S3Client
from electrocloud.aws.ingest.parquet_replay import Part
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import (
    MAX_READINGS,
    Direction,
    Operator,
    Quality,
    ReadingDocument,
    UploadDocument,
    decode,
)

READINGS = "readings/"
ROWS_PER_PART = 50_000
COLUMNS = [
    "meter_id", "interval_s", "start", "wh", "revision", "voltage_v",
    "request_id", "adjusted_by", "adjusted_at", "adjustment_reason", "direction", "quality", "varh",
]  # fmt: skip


def from_parquet(s3: S3Client, bucket: str, first: date) -> Iterator[Part]:
    """The readings since the UTC day `first`, as uploads, duplicates and revisions included: a merge handles both."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=READINGS, StartAfter=f"{READINGS}dt={first}"
    )
    files = [(found["Key"], found["Size"]) for page in pages for found in page.get("Contents", [])]
    total = sum(size for _, size in files)
    done = 0
    for key, size in files:
        file = pq.ParquetFile(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        for batch in file.iter_batches(ROWS_PER_PART, columns=COLUMNS):
            yield _part(batch, done / total)
        done += size


def _part(batch: pa.RecordBatch, done: float) -> Part:
    """A file has an upload's rows one after the other, so they come together again."""
    columns = [
        batch[name] if name in batch.schema.names else pa.nulls(len(batch))  # a file of an earlier version
        for name in COLUMNS
    ]
    columns[2] = pc.strftime(columns[2].cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%SZ")
    rows = [_TableRow(*row) for row in zip(*(column.to_pylist() for column in columns), strict=True)]
    part = Part([], 0, done)
    for _, group in groupby(rows, key=_upload_of):
        readings = list(group)
        for start in range(0, len(readings), MAX_READINGS):
            try:
                part.uploads.append(decode(msgspec.json.encode(_document(readings[start : start + MAX_READINGS]))))
            except UploadError:
                part = part._replace(refused=part.refused + 1)
    return part


class _TableRow(NamedTuple):
    """A row of `readings`, its columns as in COLUMNS; `start` is text and `adjusted_at` naive UTC."""

    meter_id: str
    interval_s: int
    start: str
    wh: int | None
    revision: int
    voltage_v: float | None
    request_id: str | None
    adjusted_by: str | None
    adjusted_at: datetime | None
    adjustment_reason: str | None
    direction: Direction | None
    quality: Quality | None
    varh: int | None


def _upload_of(row: _TableRow) -> tuple[Any, ...]:
    """What the rows of one upload have in common. An operator voids or corrects by an upload of its own."""
    adjusted = row.adjusted_by, row.adjusted_at, row.adjustment_reason
    return row.meter_id, row.interval_s, row.start[:10], *adjusted, row.wh is None


def _document(rows: Sequence[_TableRow]) -> UploadDocument:
    first = rows[0]
    if not first.adjusted_at:
        readings = [_reading(row, row.revision, row.voltage_v) for row in rows]
        return UploadDocument(first.meter_id, first.interval_s, readings)
    operator = Operator(
        "void" if first.wh is None else "correct",
        first.adjusted_by or "",
        first.adjusted_at.replace(tzinfo=UTC),
        first.adjustment_reason or "",
    )
    return UploadDocument(first.meter_id, first.interval_s, [_reading(row) for row in rows], operator=operator)


def _reading(row: _TableRow, revision: int = 0, voltage_v: float | None = None) -> ReadingDocument:
    return ReadingDocument(
        row.start, row.wh or 0, revision, voltage_v, row.direction or "delivered", row.quality or "measured", row.varh
    )
