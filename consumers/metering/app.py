"""The metering function: a batch of the stream becomes windows and bills, or is returned for retry."""

import gc
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from electrocloud.aws.backoff import pause
from electrocloud.aws.ingest.batch_metrics import record_batch_metrics
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.quarantine import put
from electrocloud.aws.settings import MeteringSettings
from electrocloud.aws.store.meter_lookup import admission_of
from electrocloud.aws.store.store import open_store
from electrocloud.services.ingest import ingest_uploads

RESERVE_MS = 25_000  # of the function's timeout: what is not in the quarantine by then is returned for retry

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = MeteringSettings.from_environment()
dynamodb = boto3.client("dynamodb")
# One put fits into the reserve, its retry too; without limits of its own boto3 waits for minutes.
s3 = boto3.client(
    "s3", config=Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
)
tables, registry = open_store(dynamodb, settings)
admission = admission_of(settings, registry.meters)

# A batch is tens of thousands of readings, with no cycle among them: a tenth of the time went to looking for one.
gc.set_threshold(50_000)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Store a batch of the stream; name the records that are to come again."""
    accepted, rejected = read_event(event["Records"], admission)
    outcome = ingest_uploads((got.upload for got in accepted), tables, registry, pause)
    # The good ones come first: however many are rejected, their neighbors do not wait.
    unwritten = put(s3, settings.bucket, rejected, lambda: context.get_remaining_time_in_millis() < RESERVE_MS)
    record_batch_metrics(metrics, logger, accepted, rejected, unwritten, outcome, datetime.now(UTC))
    unregistered = registry.meters.unregistered({got.upload.meter_id for got in accepted})
    metrics.add_metric("UnregisteredMeters", MetricUnit.Count, unregistered)
    metrics.add_metric("InvalidTariffs", MetricUnit.Count, len(registry.invalid))
    for tariff_id, fault in registry.invalid.items():
        logger.error("invalid tariff: its meters are not billed", tariff_id=tariff_id, fault=fault)
    again = {got.sequence for got in accepted if got.upload.meter_id in outcome.failed} | unwritten.keys()
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in sorted(again, key=int)]}
