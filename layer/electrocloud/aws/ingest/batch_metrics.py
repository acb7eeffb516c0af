"""What the metering function tells of its work: metrics in EMF, a log line a batch and a reason of rejected uploads.

A line names calls by the API's request id and records by their sequence numbers; neither says whose readings they are.
Rejected uploads have one line a reason, since a batch may hold hundreds of thousands of them.
"""

from collections import Counter
from collections.abc import Mapping
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
    rejected: list[RejectedUpload],
    unwritten: Mapping[str, str],
    outcome: Outcome,
    now: datetime,
) -> None:
    """Count a batch. The age of an upload runs from its arrival in the stream to its windows and bills being stored.

    `unwritten` says by sequence number why the rejected uploads of a record are not in the quarantine.
    """
    late = corrected = 0
    for got in accepted:
        in_time = (got.arrived - LATE_S - instant_of(got.upload.day)) / 60
        readings = got.upload.in_both_directions()
        late += sum(minute < in_time for minute, _ in readings)
        corrected += sum(revision > 0 for _, (revision, *_) in readings)
    for name, count in (
        ("ReadingsReceived", outcome.readings),
        ("ReadingsStored", outcome.changed),
        ("ReadingsRepeated", outcome.repeated),
        ("ReadingsLate", late),
        ("ReadingsCorrected", corrected),
        ("BillsRated", outcome.bills),
        ("UploadsRejected", sum(bad.sequence not in unwritten for bad in rejected)),
        ("RecordsNotQuarantined", len(unwritten)),
        ("MetersReturned", len(outcome.failed)),
    ):
        metrics.add_metric(name, MetricUnit.Count, count)
    step = len(accepted) // AGES_AT_MOST + 1
    for got in accepted[::step]:
        metrics.add_metric("UploadAge", MetricUnit.Seconds, max(0.0, now.timestamp() - got.arrived))
    _report_rejected(logger, rejected)
    for fault, count in Counter(unwritten.values()).items():
        logger.error("returned for retry: the quarantine could not be written", fault=fault, records=count)
    if outcome.failed:
        logger.error("returned for retry: the tables were busy", meters=len(outcome.failed))
    if accepted:
        logger.info(
            "batch ingested",
            request_ids=sorted({got.upload.request_id for got in accepted if got.upload.request_id}),
            first_sequence=accepted[0].sequence,
            last_sequence=accepted[-1].sequence,
            uploads=len(accepted),
            readings_stored=outcome.changed,
            bills_rated=outcome.bills,
        )


def _report_rejected(logger: Logger, rejected: list[RejectedUpload]) -> None:
    """A count and a log line for each reason."""
    by_reason: dict[str, list[RejectedUpload]] = {}
    for bad in rejected:
        by_reason.setdefault(bad.reason, []).append(bad)
    for reason, uploads in by_reason.items():
        with single_metric("UploadsRejectedByReason", MetricUnit.Count, len(uploads)) as metric:
            metric.add_dimension("reason", reason)
        logger.warning(
            "rejected",
            reason=reason,
            uploads=len(uploads),
            first_sequence=uploads[0].sequence,
            first_position=uploads[0].position,
            last_sequence=uploads[-1].sequence,
        )
