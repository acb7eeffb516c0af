"""Registers meters and tariffs: in the tables used for billing, and in their Parquet copy for analysts."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from analytics.registry_tables import publish
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.tariffs.urdb import tariff_from_urdb

WRITE_AT_ONCE = 25


def read_tariffs(folder: Path) -> dict[str, dict[str, Any]]:
    """The URDB documents in a folder by tariff ID, which is the file name without `.json`."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def register(stack: Stack, meters: Iterable[RegisteredMeter], tariffs: Mapping[str, Mapping[str, Any]]) -> None:
    """Write meters and tariffs, replacing those with the same IDs. Raises `TariffError` for an invalid tariff."""
    for document in tariffs.values():
        tariff_from_urdb(document)  # reject an invalid tariff before anyone is billed by it
    dynamodb = stack.client("dynamodb")
    for tariff_id, document in tariffs.items():
        item = {"tariff_id": {"S": tariff_id}, "document": {"S": json.dumps(document)}}
        dynamodb.put_item(TableName=stack.tariffs_table, Item=item)
    rows = (meter.row() for meter in meters)
    while part := list(islice(rows, WRITE_AT_ONCE)):
        requests = [{"PutRequest": {"Item": _item(row)}} for row in part]
        while requests:
            answer = dynamodb.batch_write_item(RequestItems={stack.meters_table: requests})
            requests = answer.get("UnprocessedItems", {}).get(stack.meters_table, [])
    reader = Reader(stack)
    publish(stack.client("s3"), stack.bucket, [one.row() for one in reader.meters()], reader.tariffs())


def _item(row: Mapping[str, str | float]) -> dict[str, Any]:
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in row.items()}
