"""Rejected uploads as they are listed for people, and put back from a page."""

import json
from datetime import UTC, datetime, timedelta

from analytics.rejected_uploads import rejected_uploads
from electrocloud.aws.ingest import quarantine
from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from tests.integration.conftest import Aws

NOW = datetime.now(UTC).replace(microsecond=0)
OF_A_METER = json.dumps({"meter_id": "M-1", "caller": "arn:sender", "interval_s": 420}).encode()


def reject(aws: Aws, sequence: str, arrived: datetime, payload: bytes, position: int = 0) -> None:
    row = RejectedUpload("contract", "interval_s: 420", payload, sequence, position, "key", arrived)
    assert not quarantine.put(aws.s3, aws.bucket, [row], lambda: False)


def test_uploads_since_an_instant_come_newest_first_with_meter_and_sender(aws: Aws) -> None:
    reject(aws, "1", NOW - timedelta(days=3), b"old")
    reject(aws, "2", NOW - timedelta(minutes=50), b"\xff")
    reject(aws, "3", NOW - timedelta(minutes=5), OF_A_METER)

    found = rejected_uploads(aws.s3, aws.bucket, NOW - timedelta(hours=1), 10)

    assert [(one.meter_id, one.caller, one.payload) for one in found] == [
        ("M-1", "arn:sender", OF_A_METER),
        ("", "", b"\xff"),
    ]
    assert len(rejected_uploads(aws.s3, aws.bucket, NOW - timedelta(days=7), 10)) == 3
    assert len(rejected_uploads(aws.s3, aws.bucket, NOW - timedelta(days=7), 2)) == 2


def test_an_upload_that_came_twice_is_listed_once(aws: Aws) -> None:
    reject(aws, "1", NOW - timedelta(minutes=5), OF_A_METER)
    reject(aws, "1", NOW - timedelta(minutes=4), OF_A_METER)

    assert len(rejected_uploads(aws.s3, aws.bucket, NOW - timedelta(hours=1), 10)) == 1
