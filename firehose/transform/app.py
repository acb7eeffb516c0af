"""Firehose's transform: each upload becomes rows with their partition key, or is returned as failed."""

import base64
from collections import Counter
from datetime import UTC, datetime
from typing import Any

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

from electrocloud.aws.ingest.firehose_rows import to_rows
from electrocloud.domain.errors import UploadError

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@event_source(data_class=KinesisFirehoseEvent)
def handler(event: KinesisFirehoseEvent, context: LambdaContext) -> dict[str, Any]:
    response = KinesisFirehoseDataTransformationResponse()
    rejected: Counter[str] = Counter()
    for record in event.records:
        response.add_record(transform(record, rejected))
    metrics.add_metric("RowsRefused", MetricUnit.Count, rejected.total())
    for reason, count in rejected.items():
        logger.warning("rejected", reason=reason, records=count)
    return response.asdict()


def transform(record: KinesisFirehoseRecord, rejected: Counter[str]) -> KinesisFirehoseDataTransformationRecord:
    """A failed record is counted by its reason and goes to the bucket's errors/ with its bytes; the metering function
    quarantines it as well."""
    arrived = datetime.fromtimestamp(record.approximate_arrival_timestamp / 1000, UTC)
    try:
        dt, rows = to_rows(record.data_as_bytes, arrived)
    except UploadError as fault:
        rejected[fault.reason] += 1
        return KinesisFirehoseDataTransformationRecord(record.record_id, "ProcessingFailed", record.data)
    return KinesisFirehoseDataTransformationRecord(
        record.record_id,
        data=base64.b64encode(rows).decode(),
        metadata=KinesisFirehoseDataTransformationRecordMetadata({"dt": dt}),
    )
