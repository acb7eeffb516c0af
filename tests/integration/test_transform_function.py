"""Firehose's transform: rows with their callers and adjustments, by the same rules as the metering function."""

import base64
import importlib
import json
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from analytics.template import load
from electrocloud.domain.readings.upload import MAX_READINGS
from tests.kits.examples import upload_json

ARRIVED = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONTEXT = SimpleNamespace(
    function_name="transform", memory_limit_in_mb=1024, invoked_function_arn="arn", aws_request_id="r-1"
)
ANSWER_BYTES = 6_000_000


@pytest.fixture
def transform(aws, monkeypatch, request):
    names = {"METERS_TABLE": "meters", "FUTURE_TOLERANCE_MINUTES": "15", "POWERTOOLS_SERVICE_NAME": "transform"}
    names |= {"ACCEPT_UNREGISTERED_METERS": getattr(request, "param", "true")}
    names |= {"POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud", "POWERTOOLS_TRACE_DISABLED": "true"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    item = {"meter_id": {"S": "m-2"}, "tariff_id": {"S": "t"}, "head_end": {"S": "arn:aws:iam::1:user/own"}}
    aws.dynamodb.put_item(TableName="meters", Item=item)
    from firehose.transform import app

    handler = importlib.reload(app).handler

    def run(*payloads: bytes):
        records = [
            {
                "recordId": str(number),
                "data": base64.b64encode(payload).decode(),
                "approximateArrivalTimestamp": int(ARRIVED.timestamp() * 1000) + 86_400_000,  # in Firehose: a day later
                "kinesisRecordMetadata": {
                    "sequenceNumber": str(number), "subsequenceNumber": "0", "partitionKey": "k", "shardId": "s",
                    "approximateArrivalTimestamp": int(ARRIVED.timestamp() * 1000),
                },
            }
            for number, payload in enumerate(payloads)
        ]  # fmt: skip
        return handler({"records": records, "invocationId": "i", "region": "r", "deliveryStreamArn": "a"}, CONTEXT)

    return run


def document(**fields) -> bytes:
    return json.dumps(json.loads(upload_json(day=date(2026, 11, 24), wh=[1, 2])) | fields).encode()


def rows(record) -> list[dict]:
    return [json.loads(line) for line in base64.b64decode(record["data"]).splitlines()]


def test_a_row_has_the_call_that_brought_it_and_one_from_the_stream_has_none(transform):
    api, stream = transform(document(request_id="Xy+/=-1", caller="arn:aws:iam::1:user/x"), document())["records"]
    assert [row["request_id"] for row in rows(api)] == ["Xy+/=-1"] * 2
    assert "request_id" not in rows(stream)[0]
    assert {row["ingested_at"] for row in rows(stream)} == {"2026-11-24 12:00:00"}


def test_a_batch_without_records_has_an_answer_without_records(transform):
    assert transform() == {"records": []}


def test_a_voided_row_has_no_energy_and_says_who_and_why(transform):
    operator = {"action": "void", "by": "jo", "at": "2026-11-24T11:00:00Z", "reason": "bench"}
    readings = [{"start": "2026-11-24T00:00:00Z", "wh": 0}]
    (record,) = transform(document(operator=operator, readings=readings))["records"]
    (row,) = rows(record)
    assert row["wh"] is None
    assert (row["adjusted_by"], row["adjusted_at"], row["adjustment_reason"]) == ("jo", "2026-11-24 11:00:00", "bench")
    assert row["revision"] > 65_535


def test_a_row_names_its_direction_and_quality_where_they_are_not_the_usual_ones(transform):
    (record,) = transform(
        document(
            readings=[
                {"start": "2026-11-24T00:00:00Z", "wh": 5, "direction": "received", "quality": "estimated"},
                {"start": "2026-11-24T00:00:00Z", "wh": 7},
            ]
        )
    )["records"]
    found = {row["wh"]: (row.get("direction"), row.get("quality")) for row in rows(record)}
    assert found == {5: ("received", "estimated"), 7: (None, None)}


def test_a_row_has_reactive_energy_where_its_reading_has(transform):
    starts = [{"start": f"2026-11-24T0{hour}:00:00Z", "wh": 5} for hour in (0, 1)]
    (record,) = transform(document(readings=[starts[0] | {"varh": 0}, starts[1]]))["records"]
    assert [row.get("varh") for row in rows(record)] == [0, None]


def test_what_the_metering_function_rejects_fails_here_by_the_streams_own_time(transform):
    future = document(readings=[{"start": "2026-11-24T12:30:00Z", "wh": 1}])
    foreign = document(meter_id="m-2", caller="arn:aws:iam::1:user/other")
    own = document(meter_id="m-2", caller="arn:aws:iam::1:user/own")
    answer = transform(future, b"no json", foreign, own)["records"]
    assert [record["result"] for record in answer] == ["ProcessingFailed"] * 3 + ["Ok"]


@pytest.mark.parametrize("transform", ["false"], indirect=True)
def test_unregistered_meters_have_no_rows_where_only_registered_ones_are_taken(transform):
    answer = transform(document(meter_id="m-2"), document(meter_id="m-3"))["records"]
    assert [record["result"] for record in answer] == ["Ok", "ProcessingFailed"]


def test_who_and_why_are_cut_in_parquet_at_a_whole_character(transform):
    operator = {"action": "void", "by": "jo", "at": "2026-11-24T11:00:00Z", "reason": "ä" * 300}
    readings = [{"start": "2026-11-24T00:00:00Z", "wh": 0}]
    (record,) = transform(document(operator=operator, readings=readings))["records"]
    (row,) = rows(record)
    assert (row["adjusted_by"], row["adjustment_reason"]) == ("jo", "ä" * 50)


# The shortest uploads with the longest rows: what the rows repeat is as long as the contract allows.
LONGEST = {
    "a meter's": {"request_id": "r" * 128},
    "an operator's": {
        "operator": {"action": "void", "by": '"' * 300, "at": "2026-11-24T11:00:00Z", "reason": '"' * 300}
    },
}


@pytest.mark.parametrize("extra", LONGEST.values(), ids=LONGEST.keys())
def test_the_answer_to_a_full_buffer_of_minute_readings_is_below_lambdas_limit(transform, extra):
    processor = load()["Resources"]["Delivery"]["Properties"]["ExtendedS3DestinationConfiguration"]
    parameters = processor["ProcessingConfiguration"]["Processors"][0]["Parameters"]
    (buffer_mb,) = [one["ParameterValue"] for one in parameters if one["ParameterName"] == "BufferSizeInMBs"]
    readings = [
        {"start": f"2026-11-24T{minute // 60:02}:{minute % 60:02}:00Z", "wh": 0} for minute in range(MAX_READINGS // 2)
    ]
    upload = {"meter_id": "m" * 64, "interval_s": 60, "readings": readings, **extra}
    payload = json.dumps(upload, separators=(",", ":"), ensure_ascii=False).encode()
    count = int(float(buffer_mb) * 2**20) // len(payload) + 2  # the one that fills it comes along
    answer = transform(*[payload] * count)
    assert {record["result"] for record in answer["records"]} == {"Ok"}
    assert len(json.dumps(answer)) < ANSWER_BYTES
