"""Rebuilds uploads from delivered Parquet files, for a replay."""

import io
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from electrocloud.aws.ingest.parquet_replay import Part
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import MAX_READINGS, ReadingDocument, UploadDocument, decode

READINGS = "readings/"
ROWS_PER_PART = 50_000
COLUMNS = ["meter_id", "interval_s", "start", "wh", "revision", "voltage_v"]


def from_parquet(s3: Any, bucket: str, first: date) -> Iterator[Part]:
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
    """Rebuild the uploads in a batch of rows; a file holds the rows of an upload consecutively."""
    columns = {name: batch[name] for name in COLUMNS}
    columns["start"] = pc.strftime(columns["start"].cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%SZ")
    rows = zip(*(columns[name].to_pylist() for name in COLUMNS), strict=True)
    part = Part([], 0, done)
    for (meter_id, interval_s, _), group in groupby(rows, key=lambda row: (*row[:2], row[2][:10])):
        readings = [ReadingDocument(*row[2:]) for row in group]
        for start in range(0, len(readings), MAX_READINGS):
            document = UploadDocument(meter_id, interval_s, readings[start : start + MAX_READINGS])
            try:
                part.uploads.append(decode(msgspec.json.encode(document)))
            except UploadError:
                part = part._replace(refused=part.refused + 1)
    return part
