"""The logs of a batch: the calls that brought it, and nothing about whose readings they are."""

import io
import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from aws_lambda_powertools import Logger, Metrics

from electrocloud.aws.ingest.batch_metrics import AGES_AT_MOST, record_batch_metrics
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.services.ingest import Outcome
from tests.kits.examples import ARRIVED, kinesis_event, upload_json

NOW = datetime.fromtimestamp(ARRIVED, UTC) + timedelta(seconds=7)


@pytest.fixture(autouse=True)
def namespace(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ElectroCloud")


def observed(payloads, capsys, unwritten=MappingProxyType({}), **outcome):
    """The log lines and the metrics of a batch."""
    accepted, refused = read_event(kinesis_event(payloads)["Records"])
    log, metrics = io.StringIO(), Metrics(namespace="ElectroCloud", service="metering")
    counts = {"readings": 0, "changed": 0, "repeated": 0, "bills": 0, "failed": frozenset()} | outcome
    logger = Logger(service=f"observed-{id(log)}-{len(payloads)}", stream=log)
    record_batch_metrics(metrics, logger, accepted, refused, unwritten, Outcome(**counts), NOW)
    metrics.flush_metrics()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    emf = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return lines, {name: value for line in emf for name, value in line.items()}


def from_call(request_id, **parts):
    return json.dumps({"request_id": request_id} | json.loads(upload_json(**parts))).encode()


def test_a_line_names_the_calls_and_the_records_that_a_batch_came_from(capsys):
    batch = [from_call("b-2"), from_call("a-1", meter_id="m-2"), from_call("a-1", meter_id="m-3"), upload_json()]
    lines, _ = observed(batch, capsys, bills=3, changed=16)
    (line,) = lines
    assert line["request_ids"] == ["a-1", "b-2"]
    assert (line["first_sequence"], line["last_sequence"]) == ("1", "4")
    assert (line["uploads"], line["readings_stored"], line["bills_rated"]) == (4, 16, 3)


def test_no_log_line_contains_a_meter_or_a_reading(capsys):
    secret = "SECRET-METER"
    batch = [upload_json(meter_id=secret), upload_json(meter_id=secret, interval_s=7), b'{"meter_id": "SECRET-METER"']
    lines, _ = observed(batch, capsys, failed=frozenset({secret}))
    assert len(lines) == 4
    assert secret not in json.dumps(lines)


def test_the_age_of_uploads_is_kept_as_a_distribution(capsys):
    _, metrics = observed([upload_json(meter_id=f"m-{n}") for n in range(250)], capsys)
    ages = metrics["UploadAge"]
    assert 1 < len(ages) <= AGES_AT_MOST
    assert {*ages} == {7.0}


def test_twenty_thousand_rejected_uploads_are_one_line_a_reason(capsys):
    lines, metrics = observed([b"x"] * 20_000 + [upload_json(interval_s=7)], capsys, unwritten={"20001": "S3 is slow"})
    assert [(line["reason"], line["uploads"]) for line in lines[:2]] == [("not-json", 20_000), ("interval", 1)]
    assert (lines[0]["first_sequence"], lines[0]["last_sequence"]) == ("1", "20000")
    assert lines[2]["fault"] == "S3 is slow"
    assert (metrics["UploadsRejected"], metrics["RecordsNotQuarantined"]) == ([20_000.0], [1.0])
