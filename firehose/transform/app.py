"""Firehose's transform: each upload becomes rows with their partition key, or is returned as failed.

A failed record goes to the bucket's errors/ with its bytes; the metering function quarantines it as well.
"""

import base64
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import KinesisFirehoseEvent, event_source
from aws_lambda_powertools.utilities.data_classes.kinesis_firehose_event import (
    KinesisFirehoseDataTransformationRecord,
    KinesisFirehoseDataTransformationRecordMetadata,
    KinesisFirehoseDataTransformationResponse,
    KinesisFirehoseRecord,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.ingest.firehose_rows import to_rows
from electrocloud.aws.settings import TransformSettings
from electrocloud.aws.store.meter_lookup import MeterLookup, admission_of
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.admission import admit

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = TransformSettings.from_environment()
meters = MeterLookup(boto3.client("dynamodb"), settings.meters_table, pause, time.monotonic)
admission = admission_of(settings, meters)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@event_source(data_class=KinesisFirehoseEvent)
def handler(event: KinesisFirehoseEvent, context: LambdaContext) -> dict[str, Any]:
    """Turn each record into rows, or return it as failed."""
    records = list(event.records)
    response = KinesisFirehoseDataTransformationResponse()
    rejected: Counter[str] = Counter()
    judged = admit([(record.data_as_bytes, _arrived(record)) for record in records], admission)
    for record, upload in zip(records, judged, strict=True):
        if isinstance(upload, UploadError):
            rejected[upload.reason] += 1
            response.add_record(
                KinesisFirehoseDataTransformationRecord(record.record_id, "ProcessingFailed", record.data)
            )
            continue
        dt, rows = to_rows(upload, datetime.fromtimestamp(_arrived(record), UTC))
        response.add_record(
            KinesisFirehoseDataTransformationRecord(
                record.record_id,
                data=base64.b64encode(rows).decode(),
                metadata=KinesisFirehoseDataTransformationRecordMetadata({"dt": dt}),
            )
        )
    metrics.add_metric("RowsRejected", MetricUnit.Count, rejected.total())
    for reason, count in rejected.items():
        logger.warning("rejected", reason=reason, records=count)
    return response.asdict() if records else {"records": []}  # the laptop's startup check sends no records


def _arrived(record: KinesisFirehoseRecord) -> float:
    """When the stream took the record (s since 1970): the metering function judges it by the same."""
    return (record.metadata or record).approximate_arrival_timestamp / 1000
