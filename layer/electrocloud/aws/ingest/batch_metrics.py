"""What the metering function tells of its work: metrics in EMF, a log line a batch and a quarantined upload.

A line names calls by the API's request id and records by their sequence numbers; neither says whose readings they are.
"""

from collections import Counter
from datetime import datetime

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from electrocloud.aws.ingest.kinesis_event import AcceptedUpload, RejectedUpload
from electrocloud.domain.local_time import HOUR_S, instant_of
from electrocloud.services.ingest import Outcome

LATE_S = 26 * HOUR_S  # a day's upload comes just after the day; two hours more are grace
AGES_AT_MOST = 100  # EMF takes 100 values a metric in one line


def record_batch_metrics(
    metrics: Metrics,
    logger: Logger,
    accepted: list[AcceptedUpload],
    refused: list[RejectedUpload],
    outcome: Outcome,
    now: datetime,
) -> None:
    """Count a batch. The age of an upload runs from its arrival in the stream to its windows and bills being stored."""
    late = corrected = 0
    for got in accepted:
        in_time = (got.arrived - LATE_S - instant_of(got.upload.day)) / 60
        late += sum(minute < in_time for minute, _ in got.upload.readings)
        corrected += sum(revision > 0 for _, (revision, _, _) in got.upload.readings)
    for name, count in (
        ("ReadingsReceived", outcome.readings),
        ("ReadingsStored", outcome.changed),
        ("ReadingsRepeated", outcome.repeated),
        ("ReadingsLate", late),
        ("ReadingsCorrected", corrected),
        ("BillsRated", outcome.bills),
        ("UploadsQuarantined", len(refused)),
        ("MetersPutBack", len(outcome.failed)),
    ):
        metrics.add_metric(name, MetricUnit.Count, count)
    step = len(accepted) // AGES_AT_MOST + 1
    for got in accepted[::step]:
        metrics.add_metric("UploadAge", MetricUnit.Seconds, max(0.0, now.timestamp() - got.arrived))
    for reason, count in Counter(bad.reason for bad in refused).items():
        with single_metric("UploadsQuarantinedByReason", MetricUnit.Count, count) as metric:
            metric.add_dimension("reason", reason)
    for bad in refused:
        logger.warning("quarantined", reason=bad.reason, sequence=bad.sequence, position=bad.position)
    if outcome.failed:
        logger.error("put back: the tables were busy", meters=len(outcome.failed))
    if accepted:
        logger.info(
            "taken in",
            request_ids=sorted({got.upload.request_id for got in accepted if got.upload.request_id}),
            first_sequence=accepted[0].sequence,
            last_sequence=accepted[-1].sequence,
            uploads=len(accepted),
            readings_stored=outcome.changed,
            bills_rated=outcome.bills,
        )
