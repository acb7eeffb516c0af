"""The publishing function: its schedule publishes what is new since the last time: to the lake, and as events."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.event_publishing import publish_events
from electrocloud.aws.ingest.rejections import Rejections
from electrocloud.aws.settings import PublishingSettings
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.aws.store.event_outbox import EventOutbox
from electrocloud.aws.store.forecasts import Forecasts
from lake.publishing import Lake, publish_bills, write_forecasts_made

RESERVE_MS = 90_000  # for the bills of one file

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = PublishingSettings.from_environment()
dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
bills = BillOutbox(dynamodb, settings.bills_table)
events = EventOutbox(dynamodb, settings.forecasts_table)
rejections = Rejections(s3, settings.bucket, dynamodb, settings.forecasts_table)
lake = Lake(s3, settings.bucket)
forecasts_to_lake = partial(write_forecasts_made, Forecasts(dynamodb, settings.forecasts_table), lake)
bus = EventBus(boto3.client("events"), settings.event_bus, pause)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Publish what waits; returns the counts, which are metrics too."""

    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < RESERVE_MS

    now = datetime.now(UTC)
    counts = {
        "EventsPublished": publish_events(events, rejections, bus, now, out_of_time, forecasts_to_lake),
        "BillsPublished": publish_bills(bills, lake, now, out_of_time, bus),
    }
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    return counts
