"""The metering function: a batch of the stream becomes windows and bills, or comes back to be tried again."""

import gc
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.ingest.batch_metrics import record_batch_metrics
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.quarantine import put
from electrocloud.aws.settings import MeteringSettings
from electrocloud.aws.store.store import open_store
from electrocloud.services.ingest import ingest_uploads

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = MeteringSettings.from_environment()
dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")
tables, registry = open_store(dynamodb, settings)

# A batch is tens of thousands of readings, with no cycle among them: a tenth of the time went to look for one.
gc.set_threshold(50_000)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    accepted, refused = read_event(event["Records"])
    put(s3, settings.bucket, refused)
    outcome = ingest_uploads((got.upload for got in accepted), tables, registry.tariffs_of, pause)
    record_batch_metrics(metrics, logger, accepted, refused, outcome, datetime.now(UTC))
    metrics.add_metric("TariffsWrong", MetricUnit.Count, len(registry.wrong))
    for tariff_id, fault in registry.wrong.items():
        logger.error("its meters get no bills", tariff_id=tariff_id, fault=fault)
    again = {got.sequence for got in accepted if got.upload.meter_id in outcome.failed}
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in sorted(again, key=int)]}
