"""Deleting one meter's data wherever it is kept.

Firehose writes an object once and nobody changes it after, so an object without the meter's rows may take its place. A
run that is interrupted leaves nothing half done that the next run would not find.
"""

import base64
import binascii
import io
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq

from electrocloud.aws.ingest.quarantine import key_of, pack, unpack
from electrocloud.aws.quarantine_keys import SUFFIX
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.forecasts import month_end_series

READINGS = "readings/"
REFUSED = ("quarantine/", "errors/")


class StoredData(NamedTuple):
    """What was found of a meter: registry entries, window items, bill items, month-ends, Parquet files and its rows in
    them, refused uploads' objects, and old versions of files and objects."""

    registered: int
    days: int
    bills: int
    month_ends: int
    files: int
    rows: int
    refused: int
    versions: int


class _Found(NamedTuple):
    prefix: str
    latest: bool
    parts: int


def erase_meter(stack: Stack, meter_id: str, *, really: bool) -> StoredData:
    """Find what is kept of a meter and, if `really`, delete it.

    The registry comes first, so that no bill is rated anew meanwhile. Athena's answers go by themselves within days,
    and its suspect readings when forecasts are made next.
    """
    dynamodb = stack.client("dynamodb")
    counts = [
        _forget_items(dynamodb, table, {hash_key: value}, range_key, really)
        for table, hash_key, value, range_key in (
            (stack.meters_table, "meter_id", meter_id, None),
            (stack.windows_table, "meter_id", meter_id, "day"),
            (stack.bills_table, "meter_id", meter_id, "bill"),
            (stack.forecasts_table, "series", month_end_series(meter_id), "made"),
        )
    ]
    found = [*_forget_objects(stack.client("s3"), stack.bucket, meter_id, really)]
    files = [one for one in found if one.latest and one.prefix == READINGS]
    refused = [one for one in found if one.latest and one.prefix != READINGS]
    return StoredData(
        *counts,
        files=len(files),
        rows=sum(one.parts for one in files),
        refused=len(refused),
        versions=len(found) - len(files) - len(refused),
    )


def _forget_items(dynamodb: Any, table: str, of: Mapping[str, str], range_key: str | None, really: bool) -> int:
    ((hash_key, value),) = of.items()
    names = {"#hash": hash_key} | ({"#range": range_key} if range_key else {})
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="#hash = :hash",
        ProjectionExpression=", ".join(names),
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={":hash": {"S": value}},
    )
    keys = [item for page in pages for item in page["Items"]]
    for key in keys if really else []:
        dynamodb.delete_item(TableName=table, Key=key)
    return len(keys)


def _forget_objects(s3: Any, bucket: str, meter_id: str, really: bool) -> Iterator[_Found]:
    """Each version of an object that has something of the meter; a current one is put anew with what is not its."""
    for prefix in (READINGS, *REFUSED):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for version in [version for page in pages for version in page.get("Versions", [])]:
            place = {"Bucket": bucket, "Key": version["Key"]}
            body = s3.get_object(**place, VersionId=version["VersionId"])["Body"].read()
            parts, rest, key = _without(version["Key"], body, meter_id)
            if not parts:
                continue
            if really:
                keep = version["IsLatest"] and rest
                put = s3.put_object(Bucket=bucket, Key=key, Body=rest) if keep else {"VersionId": "none"}
                if (
                    "VersionId" in put or key != version["Key"]
                ):  # or else the bucket keeps no versions, and the old one is gone
                    s3.delete_object(**place, VersionId=version["VersionId"])
            yield _Found(prefix, version["IsLatest"], parts)


def _without(key: str, body: bytes, meter_id: str) -> tuple[int, bytes, str]:
    """How many parts of an object are the meter's, and the object without them: its bytes, none if no part is left,
    and its key, since an object of the quarantine has the number of its uploads in its name."""
    if key.startswith(READINGS):
        return *_rows_without(body, meter_id), key
    if not key.endswith(SUFFIX):
        return *_lines_without(body, meter_id), key
    rows = unpack(key, body)
    others = [row for row in rows if not _tells_of(msgspec.json.encode(row), meter_id)]
    if not others:
        return len(rows), b"", key
    prefix = key.partition("dt=")[0]
    return len(rows) - len(others), pack(others), key_of(others, prefix)


def _rows_without(body: bytes, meter_id: str) -> tuple[int, bytes]:
    """How many rows of a Parquet file are the meter's, and the file without them, empty where no row is left."""
    file = pq.ParquetFile(io.BytesIO(body))
    own = pc.equal(file.read(columns=["meter_id"])["meter_id"], meter_id)
    count = int(pc.sum(own).as_py() or 0)
    if count in (0, file.metadata.num_rows):
        return count, b""
    compression = file.metadata.row_group(0).column(0).compression
    sink = io.BytesIO()
    pq.write_table(file.read().filter(pc.invert(own)), sink, compression=compression.lower())
    return count, sink.getvalue()


def _lines_without(body: bytes, meter_id: str) -> tuple[int, bytes]:
    """How many lines tell of the meter, and the others. A line is what was written of one upload."""
    lines = body.splitlines(keepends=True)
    others = [line for line in lines if not _tells_of(line, meter_id)]
    return len(lines) - len(others), b"".join(others)


def _tells_of(line: bytes, meter_id: str) -> bool:
    """Whether the id stands in the line, as JSON writes it, or in the bytes that the line has in base64."""
    quoted = msgspec.json.encode(meter_id)
    if quoted in line:
        return True
    try:
        record = msgspec.json.decode(line)
        payload = base64.b64decode(record.get("payload") or record.get("rawData") or "")
    except (msgspec.DecodeError, AttributeError, TypeError, binascii.Error):
        return False
    return quoted in payload
