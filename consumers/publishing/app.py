"""The publishing function: its schedule publishes the bills that were issued since the last time: lake and events."""

from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.settings import PublishingSettings
from electrocloud.aws.store.bill_outbox import BillOutbox
from lake.publishing import Lake, publish_bills

RESERVE_MS = 90_000  # for the bills of one file

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = PublishingSettings.from_environment()
outbox = BillOutbox(boto3.client("dynamodb"), settings.bills_table)
lake = Lake(boto3.client("s3"), settings.bucket)
bus = EventBus(boto3.client("events"), settings.event_bus, pause)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Publish what waits; returns the count, which is a metric too."""
    count = publish_bills(
        outbox, lake, datetime.now(UTC), lambda: context.get_remaining_time_in_millis() < RESERVE_MS, bus
    )
    metrics.add_metric("BillsPublished", MetricUnit.Count, count)
    return {"BillsPublished": count}
