"""Counts how many of a fleet's readings have arrived in windows, bills and Parquet."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from electrocloud.aws.stack import Stack
from electrocloud.aws.store.dynamodb_items import determinants_of

_KEY = ("meter_id", "start", "direction")


class DeliveryCheck:
    """Counts the readings of meters whose ID starts with `prefix`, for `days` UTC days from `first`."""

    def __init__(self, stack: Stack, prefix: str, first: date, days: int) -> None:
        self._stack = stack
        self._prefix = prefix
        self._days = [first + timedelta(days=number) for number in range(days)]
        self._dynamodb = stack.client("dynamodb")
        self._s3 = stack.client("s3")
        self._counted: dict[date, tuple[list[str], int]] = {}

    def windows(self) -> int:
        """Readings in windows. Scans the whole table, which is expensive while the system is busy."""
        wanted = {day.isoformat() for day in self._days}
        counts = ("count", "received_count")
        items = [item for item in self._scan(self._stack.windows_table, "day", *counts) if item["day"]["S"] in wanted]
        return sum(int(item[name]["N"]) for item in items for name in counts if name in item)

    def bills(self) -> int:
        """Readings of energy delivered in bills."""
        wanted = {*self._days}
        bills = self._scan(self._stack.bills_table, "meter_id", "meter", "determinants")
        days = (day for item in bills if "determinants" in item for day in determinants_of(item).items())
        return sum(own.count for name, own in days if name.day in wanted and name.meter_id.startswith(self._prefix))

    def parquet(self) -> int:
        """Distinct readings in Parquet. A day is recounted when it has a new file."""
        for day in self._days:
            files = self._files(day)
            if files != self._counted.get(day, ([], 0))[0]:
                readings = pa.concat_tables(map(self._readings, files)).group_by(list(_KEY)).aggregate([])
                self._counted[day] = (files, readings.num_rows)
        return sum(count for _, count in self._counted.values())

    def _scan(self, table: str, *attributes: str) -> Iterator[dict[str, Any]]:
        """These attributes of the fleet's items."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression="begins_with(meter_id, :prefix) OR begins_with(meter, :prefix)",
            ProjectionExpression=", ".join(f"#{name}" for name in attributes),
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={":prefix": {"S": self._prefix}},
        )
        return (item for page in pages for item in page["Items"])

    def _files(self, day: date) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._stack.bucket, Prefix=f"readings/dt={day}/"
        )
        return sorted(found["Key"] for page in pages for found in page.get("Contents", []))

    def _readings(self, key: str) -> pa.Table:
        body = self._s3.get_object(Bucket=self._stack.bucket, Key=key)["Body"].read()
        table = pq.read_table(io.BytesIO(body), columns=list(_KEY))
        return table.filter(pc.starts_with(table["meter_id"], self._prefix))
