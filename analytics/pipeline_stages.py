"""The stages of the path of a reading, from the API to the lake, and the metrics that say how each does."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from analytics import metric_points
from analytics.metric_points import Metric, Points, own
from electrocloud.aws.stack import Stack

API_NAME = "ElectroCloud"


class Stage(msgspec.Struct, frozen=True):
    """A stage of the path of a reading: how many `unit` per second it handled, `over` which time.

    `waiting_s` is the age of what waits there, as `waits` says it, and `backlog` its number where it is counted.
    `errors` counts the last day's, of the kind that `error` names, and `last_error` is their newest, to five minutes.
    None where the last day has no measurement.
    """

    name: str
    unit: str
    per_s: float | None
    waits: str
    waiting_s: float | None
    error: str
    errors: int | None
    last_error: datetime | None
    over: str = "last full minute"
    backlog: int | None = None


class StageMetrics(NamedTuple):
    """A stage's metrics: of its rate, in `unit`, and of its errors, with the word for them; None if it has none."""

    name: str
    unit: str
    rate: Metric | None
    error: str
    errors: Metric | None


def stage_of(plan: StageMetrics, points: dict[Metric, Points], waits: str, waiting_s: float | None) -> Stage:
    """A stage as the points of its metrics say it."""
    rate = points[plan.rate].minute if plan.rate else None
    per_s = None if rate is None else rate / 60
    errors = points[plan.errors] if plan.errors else metric_points.NONE
    count = None if errors.day is None else round(errors.day)
    return Stage(plan.name, plan.unit, per_s, waits, waiting_s, plan.error, count, errors.last)


def metrics_of(stack: Stack) -> list[StageMetrics]:
    """The stages in order, each with its metrics."""
    api = (("ApiName", API_NAME), ("Stage", stack.api.rpartition("/")[2]))
    calls, refused = (Metric("AWS/ApiGateway", name, api) for name in ("Count", "5XXError"))
    stream = (("StreamName", stack.stream),)
    records = Metric("AWS/Kinesis", "IncomingRecords", stream)
    throttled = Metric("AWS/Kinesis", "WriteProvisionedThroughputExceeded", stream)
    return [
        StageMetrics("API", "calls", calls, "5xx responses", refused),
        StageMetrics("Stream", "records", records, "refused writes", throttled),
        StageMetrics(
            "Windows", "readings", own("metering", "ReadingsStored"), "failed batches", of_metering(stack, "Errors")
        ),
        StageMetrics(
            "Bills", "bills", own("metering", "BillsRated"), "retried meters", own("metering", "MetersReturned")
        ),
        StageMetrics("Parquet", "bytes", None, "error files", None),
        StageMetrics("Lake", "issued bills", own("publishing", "BillsPublished"), "", None),
    ]


def of_metering(stack: Stack, name: str, statistic: str = "Sum") -> Metric:
    """Lambda's own metric of the metering function."""
    return Metric("AWS/Lambda", name, (("FunctionName", stack.metering_function),), statistic)
