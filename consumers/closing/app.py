"""The closing function: on a schedule, months that ended a grace time ago get their gaps estimated, and are final."""

from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.settings import ClosingSettings
from electrocloud.aws.store.bills_to_finalize import bills_to_finalize
from electrocloud.aws.store.store import open_store
from electrocloud.services.closing import close_bill

RESERVE_MS = 30_000

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = ClosingSettings.from_environment()
dynamodb = boto3.client("dynamodb")
tables, registry = open_store(dynamodb, settings)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """What the time does not suffice for is left to the next run, which finds it as this one did."""
    closed = estimated = 0
    now = int(datetime.now(UTC).timestamp())
    registry.refresh()
    for planned in bills_to_finalize(dynamodb, settings.bills_table, registry, now, settings.grace_s):
        if context.get_remaining_time_in_millis() < RESERVE_MS:
            break
        if bill := close_bill(planned, tables, pause):
            closed += 1
            estimated += bill.intervals.estimated
    metrics.add_metric("BillsClosed", MetricUnit.Count, closed)
    metrics.add_metric("ReadingsEstimated", MetricUnit.Count, estimated)
    return {"closed": closed, "estimated": estimated}
