"""Deletes one meter's data wherever it is stored.

Firehose writes each object once and nothing changes it later, so it is safe to replace an object with one that lacks
the meter's rows. After an interrupted run, the next run finds and deletes whatever is left.
"""

import base64
import binascii
import gzip
import io
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analytics.studies.study_store import PREFIX as STUDIES
from electrocloud.aws.clients import DynamoDBClient, S3Client
from electrocloud.aws.ingest.dead_letters import PREFIX as DEAD_LETTERS
from electrocloud.aws.ingest.dead_letters import records_of, with_records
from electrocloud.aws.ingest.kpl import user_records
from electrocloud.aws.ingest.quarantine import key_of, pack, unpack
from electrocloud.aws.ingest.stream import Entry
from electrocloud.aws.quarantine_keys import SUFFIX
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.dynamodb_items import Item, bill_key, bill_of, determinants_of, key_of_bill
from electrocloud.aws.store.event_outbox import silence_series
from electrocloud.aws.store.forecasts import Forecasts, month_end_series
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import UploadError

READINGS = "readings/"
PARQUET = (READINGS, "bills/", "bill_lines/", "meters/", "registry/installations/")
REJECTED = ("quarantine/", "errors/", DEAD_LETTERS)


class StoredData(NamedTuple):
    """How much is stored about a meter: registry entries, window items, bill items, month-end forecasts, Parquet files
    with rows of it (readings, issued bills, the registry) and these rows, objects with rejected uploads, old object
    versions, and tariff studies with a result of a customer there."""

    registered: int
    days: int
    bills: int
    month_ends: int
    files: int
    rows: int
    rejected: int
    versions: int
    studies: int = 0


class _Erased(NamedTuple):
    """A meter, and the bills that have readings of it."""

    meter_id: str
    bills: frozenset[BillKey]


class _FoundObject(NamedTuple):
    prefix: str
    latest: bool
    rows: int  # Parquet rows, or lines


def erase_meter(stack: Stack, meter_id: str, *, confirm: bool, agreements: Collection[str] = ()) -> StoredData:
    """Find everything stored about a meter and, with `confirm`, delete it.

    Of these `agreements`, the bills go that have readings of the meter. Suspect readings and a silence go too,
    uncounted. Athena's results expire within days.

    The meter's registry item is deleted first, so that no bill is rated during the deletion. The item of an installed
    meter leads to its agreements, so it is deleted last: an interrupted run can be repeated.
    """
    dynamodb = stack.client("dynamodb")
    own_item = stack.meters_table, "meter_id", meter_id, None
    registered = 0 if agreements else _erase_items(dynamodb, *own_item, confirm)
    days, bills, month_ends = (
        _erase_items(dynamodb, table, hash_key, value, range_key, confirm)
        for table, hash_key, value, range_key in (
            (stack.windows_table, "meter_id", meter_id, "day"),
            (stack.bills_table, "meter_id", meter_id, "bill"),
            (stack.forecasts_table, "series", month_end_series(meter_id), "made"),
        )
    )
    _erase_items(dynamodb, stack.forecasts_table, "series", silence_series(meter_id), "made", confirm)
    own_bills, count = _erase_bills(dynamodb, stack.bills_table, agreements, meter_id, confirm)
    if confirm:
        Forecasts(dynamodb, stack.forecasts_table).replace_suspects([meter_id], [], datetime.now(UTC))
    found = [*_erase_objects(stack.client("s3"), stack.bucket, _Erased(meter_id, own_bills), confirm)]
    files = [one for one in found if one.latest and one.prefix in PARQUET]
    rejected = [one for one in found if one.latest and one.prefix in REJECTED]
    studies = sum(one.latest and one.prefix == STUDIES for one in found)
    bills += count
    registered += _erase_items(dynamodb, *own_item, confirm) if agreements else 0
    return StoredData(
        registered=registered,
        days=days,
        bills=bills,
        month_ends=month_ends,
        files=len(files),
        rows=sum(one.rows for one in files),
        rejected=len(rejected),
        versions=len(found) - len(files) - len(rejected) - studies,
        studies=studies,
    )


def _erase_bills(
    dynamodb: DynamoDBClient, table: str, agreements: Collection[str], meter_id: str, confirm: bool
) -> tuple[frozenset[BillKey], int]:
    """The agreements' bills with readings of the meter, all versions of them, and the number of their items; with
    `confirm` they are deleted.
    """
    items: list[Item] = []
    for agreement_id in agreements:
        pages = dynamodb.get_paginator("query").paginate(
            TableName=table,
            ConsistentRead=True,
            KeyConditionExpression="meter_id = :agreement",
            ExpressionAttributeValues={":agreement": {"S": agreement_id}},
        )
        items += [item for page in pages for item in page["Items"]]
    bills = frozenset(_bill_of(item) for item in items if meter_id in _meters_in(item))
    own = [item for item in items if _bill_of(item) in bills]
    for item in own if confirm else ():
        dynamodb.delete_item(TableName=table, Key=bill_key(key_of_bill(item)))
    return bills, len(own)


def _bill_of(item: Item) -> BillKey:
    """The bill that an item, current or replaced, is a version of."""
    key = key_of_bill(item)
    return BillKey(key.agreement_id, key.cycle.partition("#")[0])


def _meters_in(item: Item) -> set[str]:
    """The meters whose readings a bill's item has."""
    days = determinants_of(item) if "determinants" in item else {}
    return {bill_of(item).meter_id, *(day.meter_id for day in days)}


def _erase_items(
    dynamodb: DynamoDBClient, table: str, hash_key: str, value: str, range_key: str | None, confirm: bool
) -> int:
    """The number of items under a hash key; with `confirm` they are deleted."""
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
    for item_key in keys if confirm else []:
        dynamodb.delete_item(TableName=table, Key=item_key)
    return len(keys)


def _erase_objects(s3: S3Client, bucket: str, erased: _Erased, confirm: bool) -> Iterator[_FoundObject]:
    """Each object version with data of the meter; with `confirm`, current ones are rewritten without that data."""
    for prefix in (*PARQUET, *REJECTED, STUDIES):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for version in [version for page in pages for version in page.get("Versions", [])]:
            body = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
            rows, rest, key = _without(version["Key"], body, erased)
            if not rows:
                continue
            if confirm:
                keep = version["IsLatest"] and rest
                put = s3.put_object(Bucket=bucket, Key=key, Body=rest) if keep else {"VersionId": "none"}
                # In an unversioned bucket the new object has taken the place of the old one, unless its key is another.
                if "VersionId" in put or key != version["Key"]:
                    s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
            yield _FoundObject(prefix, version["IsLatest"], rows)


def _without(key: str, body: bytes, erased: _Erased) -> tuple[int, bytes, str]:
    """How many rows of an object are the meter's, and the bytes and key of the object without them.

    The bytes are empty if no row is left. A quarantine object's key holds its number of uploads, so it may change.
    """
    if key.startswith(PARQUET):
        return *_rows_without(body, erased), key
    meter_id = erased.meter_id
    if key.startswith(STUDIES):
        return *(_zipped_lines_without(body, meter_id) if key.endswith(".gz") else (0, b"")), key
    if key.startswith(DEAD_LETTERS):
        return *_batch_without(body, meter_id), key
    if not key.endswith(SUFFIX):
        return *_lines_without(body, meter_id), key
    rows = unpack(key, body)
    others = [row for row in rows if not _mentions(msgspec.json.encode(row), meter_id)]
    if not others:
        return len(rows), b"", key
    prefix = key.partition("dt=")[0]
    return len(rows) - len(others), pack(others), key_of(others, prefix)


def _rows_without(body: bytes, erased: _Erased) -> tuple[int, bytes]:
    """The number of the meter's rows in a Parquet file, and the file without them (b"" if no row is left)."""
    file = pq.ParquetFile(io.BytesIO(body))
    own = pc.equal(file.read(columns=["meter_id"])["meter_id"], erased.meter_id)
    if erased.bills and "cycle" in file.schema_arrow.names:
        keys = file.read(columns=["agreement_id", "cycle"]).to_pylist()
        own = pc.or_(own, pa.array([(row["agreement_id"], row["cycle"]) in erased.bills for row in keys]))
    count = int(pc.sum(own).as_py() or 0)
    if count in (0, file.metadata.num_rows):
        return count, b""
    compression = file.metadata.row_group(0).column(0).compression
    sink = io.BytesIO()
    pq.write_table(file.read().filter(pc.invert(own)), sink, compression=compression.lower())
    return count, sink.getvalue()


def _lines_without(body: bytes, meter_id: str) -> tuple[int, bytes]:
    """The number of lines that mention the meter, and the other lines. Each line holds one rejected upload."""
    lines = body.splitlines(keepends=True)
    others = [line for line in lines if not _mentions(line, meter_id)]
    return len(lines) - len(others), b"".join(others)


def _zipped_lines_without(body: bytes, meter_id: str) -> tuple[int, bytes]:
    """The same of gzipped lines. A file without a line is left: a study stays readable."""
    count, others = _lines_without(gzip.decompress(body), meter_id)
    return count, gzip.compress(others, mtime=0)


def _batch_without(body: bytes, meter_id: str) -> tuple[int, bytes]:
    """The number of a dead letter's uploads that mention the meter, and the batch without them.

    A frame that has one of them is taken apart: its other uploads become records of their own.
    """
    quoted = msgspec.json.encode(meter_id)
    try:
        records = records_of(body)
    except (msgspec.DecodeError, ValueError):
        return _lines_without(body, meter_id)
    count = 0
    others: list[Entry] = []
    for record in records:
        try:
            payloads = user_records(record.data)
        except UploadError:
            payloads = [record.data]
        own = sum(quoted in payload for payload in payloads)
        count += own
        others += [Entry(record.partition_key, one) for one in payloads if quoted not in one] if own else [record]
    return count, with_records(body, others) if others else b""


def _mentions(line: bytes, meter_id: str) -> bool:
    """Whether the line contains the ID as a JSON string, in plain text or in its base64 payload."""
    quoted = msgspec.json.encode(meter_id)
    if quoted in line:
        return True
    try:
        record = msgspec.json.decode(line)
        payload = base64.b64decode(record.get("payload") or record.get("rawData") or "")
    except (msgspec.DecodeError, AttributeError, TypeError, binascii.Error):
        return False
    return quoted in payload
