"""How the pipeline does: counts, stages, alarms and last runs, for the Health page and `electrocloud status` alike."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from analytics import metric_points
from analytics.audit_record import last_record
from analytics.metric_points import Metric, own
from analytics.pipeline_stages import Stage, metrics_of, of_metering, stage_of
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import FLEET
from electrocloud.aws.store.reader import Reader

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

PATIENCE = {"connect_timeout": 2, "read_timeout": 10}  # a person waits
STUCK_S = 60  # a record that waits longer is not on its way: a batch takes seconds
DELIVERY_ERRORS = ("processing-failed", "format-conversion-failed", "activePartitionExceeded")  # Firehose's, in errors/
STATES = ("ALARM", "INSUFFICIENT_DATA", "OK")  # the most important first


class Counts(msgspec.Struct, frozen=True):
    """What is stored. Ages in s, None where nothing is measured.

    `lag_s` is the 95th percentile of the time from an upload's arrival to its bill. `waiting_s` is the age of the
    oldest record that the metering function has not processed: 0 if none waits. `hour_bytes` are of the Parquet files
    of the last hour.
    """

    bills: int
    windows: int
    files: int
    bytes: int
    quarantined: int
    lag_s: float | None
    waiting_s: float | None
    newest_file: datetime | None
    hour_bytes: int = 0

    @property
    def stuck(self) -> bool:
        """Whether records wait that the metering function does not get done."""
        return (self.waiting_s or 0) > STUCK_S


class Alarm(msgspec.Struct, frozen=True):
    """An alarm: its name, as docs/runbook.md has it, its state (one of STATES) and since when, and what it means."""

    name: str
    state: str
    since: datetime
    meaning: str


class Run(msgspec.Struct, frozen=True):
    """When a job last ran, and what it did. `last` is None if it never did; of closing, if not in the last day."""

    name: str
    last: datetime | None
    done: str


class Health(msgspec.Struct, frozen=True):
    """All of it, at one moment."""

    counts: Counts
    stages: list[Stage]
    alarms: list[Alarm]
    runs: list[Run]


class HealthReader:
    """Reads the health of a deployment through the AWS interfaces; `clock` gives the time."""

    def __init__(self, stack: Stack, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._stack = stack
        self._clock = clock
        self._dynamodb = stack.client("dynamodb", **PATIENCE)
        self._s3 = stack.client("s3", **PATIENCE)
        self._cloudwatch = stack.client("cloudwatch", **PATIENCE)
        self._reader = Reader(stack)
        self._iterator_age = of_metering(stack, "IteratorAge", "Maximum")

    def read(self) -> Health:
        """All of it."""
        return self.of(self.counts())

    def of(self, counts: Counts) -> Health:
        """All of it, with counts that were read a moment ago."""
        return Health(counts, self.stages(counts), self.alarms(), self.runs())

    def counts(self) -> Counts:
        """What is stored, and whether uploads wait."""
        files = [(one["LastModified"], one["Size"]) for one in self._objects("readings/")]
        hour_ago = self._clock() - timedelta(hours=1)
        return Counts(
            bills=self._items(self._stack.bills_table),
            windows=self._items(self._stack.windows_table),
            files=len(files),
            bytes=sum(size for _, size in files),
            quarantined=self._reader.quarantined_in_all(),
            lag_s=self._newest(own("metering", "UploadAge", "p95"), 2),
            waiting_s=_seconds(self._newest(self._iterator_age, 3)),
            newest_file=max((written for written, _ in files), default=None),
            hour_bytes=sum(size for written, size in files if written > hour_ago),
        )

    def stages(self, counts: Counts) -> list[Stage]:
        """The stages from the API to the lake."""
        plans = metrics_of(self._stack)
        wanted = {metric for plan in plans for metric in (plan.rate, plan.errors) if metric}
        points = metric_points.read(self._cloudwatch, wanted, self._clock())
        file_age = (self._clock() - counts.newest_file).total_seconds() if counts.newest_file else None
        waiting = {
            "Stream": ("oldest waiting upload", counts.waiting_s),
            "Windows": ("arrival to bill, 95th percentile", counts.lag_s),
            "Parquet": ("newest file", file_age),
        }
        found = {plan.name: stage_of(plan, points, *waiting.get(plan.name, ("", None))) for plan in plans}
        found["Parquet"] = self._parquet(found["Parquet"], counts)
        outbox = BillOutbox(self._dynamodb, self._stack.bills_table)
        found["Lake"] = msgspec.structs.replace(found["Lake"], backlog=outbox.count())
        return [*found.values()]

    def _parquet(self, stage: Stage, counts: Counts) -> Stage:
        """The stage of the Parquet files, whose rate and errors are counted in the bucket."""
        since = self._clock() - metric_points.DAY
        days = {f"{moment:%Y-%m-%d}" for moment in (since, self._clock())}
        folders = [f"errors/{kind}/dt={day}/" for kind in DELIVERY_ERRORS for day in sorted(days)]
        errors = [one["LastModified"] for folder in folders for one in self._objects(folder)]
        recent = [written for written in errors if written > since]
        return msgspec.structs.replace(
            stage,
            per_s=counts.hour_bytes / 3600,
            over="last hour",
            errors=len(recent),
            last_error=max(recent, default=None),
        )

    def alarms(self) -> list[Alarm]:
        """The stack's alarms, those that are on first."""
        prefix = self._stack.metering_function.partition("MeteringFunction")[0]
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        found = []
        for alarm in (alarm for page in pages for alarm in page["MetricAlarms"]):
            meaning, _, name = alarm.get("AlarmDescription", "").partition(" Runbook - docs/runbook.md, ")
            name = name or alarm["AlarmName"].removeprefix(prefix)
            found.append(Alarm(name, alarm["StateValue"], alarm["StateUpdatedTimestamp"], meaning))
        return sorted(found, key=lambda alarm: (STATES.index(alarm.state), alarm.name))

    def runs(self) -> list[Run]:
        """The last round of closing, the last forecast of the fleet, and the last audit of all meters."""
        began = own("closing", "ClosingLeftOver", "SampleCount")
        closed, estimated = own("closing", "BillsClosed"), own("closing", "ReadingsEstimated")
        points = metric_points.read(self._cloudwatch, (began, closed, estimated), self._clock())
        done = (
            f"{points[closed].day or 0:,.0f} bills closed, {points[estimated].day or 0:,.0f} readings estimated in 24 h"
        )
        forecasts = Forecasts(self._dynamodb, self._stack.forecasts_table).newest(FLEET)
        made = forecasts[0].made_at if forecasts else None
        audit = last_record(self._s3, self._stack.bucket)
        return [
            Run("Closing", points[began].last, done),
            Run("Forecasting", made, "forecast of the fleet"),
            Run(
                "Audit", audit.at if audit else None, str(audit) if audit else "no audit yet: run `electrocloud audit`"
            ),
        ]

    def _objects(self, prefix: str) -> "Iterator[ObjectTypeDef]":
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket, Prefix=prefix)
        return (found for page in pages for found in page.get("Contents", []))

    def _items(self, table: str) -> int:
        return int(self._dynamodb.describe_table(TableName=table)["Table"]["ItemCount"])

    def _newest(self, metric: Metric, minutes: int) -> float | None:
        now = self._clock()
        points = metric_points.series(self._cloudwatch, (metric,), now - timedelta(minutes=minutes), now, 60)[metric]
        return points[max(points)] if points else None


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
