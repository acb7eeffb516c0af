"""How the stack does: what the fleet sent, what became of it, and whether uploads wait."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from electrocloud.aws.stack import STATE, Stack
from electrocloud.aws.store.reader import Reader

CAUGHT_UP_S = 60  # a fleet's clock that is not farther behind runs with ours


class Status(NamedTuple):
    """The fleet's own counts, and what is at the other end. Ages in s, None where nothing is measured.

    `waiting_s` is the age of the oldest record that the metering function has not processed: 0 if none waits.
    """

    fleet: dict[str, Any]
    bills: int
    windows: int
    files: int
    bytes: int
    quarantined: int
    lag_s: float | None
    waiting_s: float | None

    @property
    def caught_up(self) -> bool:
        """Whether the fleet's clock has reached the present: it sends a reading when its interval ends."""
        if self.fleet.get("phase") != "live":
            return False
        behind = datetime.now(UTC) - datetime.fromisoformat(self.fleet["clock"])
        return behind.total_seconds() < CAUGHT_UP_S


class StatusReader:
    """Reads a stack's status through the AWS interfaces."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._dynamodb = stack.client("dynamodb")
        self._s3 = stack.client("s3")
        self._cloudwatch = stack.client("cloudwatch")
        self._reader = Reader(stack)

    def read(self) -> Status:
        """The status now."""
        parquet = self._objects("readings/")
        return Status(
            fleet=_fleet() if self._stack.local else {},
            bills=self._items(self._stack.bills_table),
            windows=self._items(self._stack.windows_table),
            files=len(parquet),
            bytes=sum(parquet),
            quarantined=self._reader.quarantined_in_all(),
            lag_s=self._lag(),
            waiting_s=self._waiting(),
        )

    def _items(self, table: str) -> int:
        return int(self._dynamodb.describe_table(TableName=table)["Table"]["ItemCount"])

    def _objects(self, prefix: str) -> list[int]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket, Prefix=prefix)
        return [found["Size"] for page in pages for found in page.get("Contents", [])]

    def _lag(self) -> float | None:
        now = datetime.now(UTC)
        ages = self._reader.metrics({"UploadAge": "p95"}, now - timedelta(minutes=2), now, period_s=60)["UploadAge"]
        return ages.values[-1] if ages.values else None

    def _waiting(self) -> float | None:
        """Lambda's IteratorAge, which is in ms."""
        now = datetime.now(UTC)
        metric = {
            "Namespace": "AWS/Lambda",
            "MetricName": "IteratorAge",
            "Dimensions": [{"Name": "FunctionName", "Value": self._stack.metering_function}],
        }
        query: Any = {"Id": "age", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[query], StartTime=now - timedelta(minutes=3), EndTime=now, ScanBy="TimestampAscending"
        )
        ages = [age for page in pages for result in page["MetricDataResults"] for age in result["Values"]]
        return ages[-1] / 1000 if ages else None


def _fleet() -> dict[str, Any]:
    with suppress(FileNotFoundError):
        return dict(json.loads((STATE / "fleet.json").read_text()))
    return {}
