"""test_python.py runs this on CPython 3.14: the functions start, and do their work on the layer's packages."""

import base64
import importlib.util
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from electrocloud.aws.ingest.quarantine import unpack
from tests.faults.bucket_and_queue import MemoryBucket
from tests.faults.dynamo import MemoryDynamo
from tests.kits.examples import TIME_OF_USE, kinesis_event, upload_json
from tests.kits.function_kit import CONTEXT, ENVIRONMENT

TABLES = {
    "windows": ("meter_id", "day"),
    "bills": ("meter_id", "bill"),
    "meters": ("meter_id",),
    "tariffs": ("tariff_id",),
    "service_points": ("service_point_id",),
}
CLOSING = {"ESTIMATE_AFTER_HOURS": "72", "QUEUE_URL": "queue", "DEAD_LETTERS_URL": "dead-letters"}


class Queue:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}}

    def send_message_batch(self, Entries: list[Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        self.sent += Entries
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}


class Clients:
    def __init__(self) -> None:
        self.dynamodb, self.objects, self.sqs = MemoryDynamo(TABLES), {}, Queue()
        self.s3 = MemoryBucket(self.objects)
        tariff = {"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TIME_OF_USE)}}
        self.dynamodb.put_item(TableName="tariffs", Item=tariff)
        self.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-1"}, "tariff_id": {"S": "tou"}})


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    made = Clients()
    for name, value in (ENVIRONMENT | CLOSING).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "client", lambda service, **_: getattr(made, service))
    return made


def function(path: str) -> ModuleType:
    """A function at its cold start."""
    spec = importlib.util.spec_from_file_location("function", Path(path))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_the_python_of_the_functions() -> None:
    assert sys.version_info[:2] == (3, 14)
    assert sys.implementation.name == "cpython"


def test_metering_stores_windows_bills_and_what_it_rejects(clients: Clients) -> None:
    app = function("consumers/metering/app.py")
    assert app.handler(kinesis_event([upload_json(), b"no json"]), CONTEXT) == {"batchItemFailures": []}
    assert [*clients.dynamodb.items["windows"]] == [("m-1", "2026-11-24")]
    assert {meter for meter, _ in clients.dynamodb.items["bills"]} == {"m-1"}
    (rejected,) = clients.objects.items()
    assert [row.payload for row in unpack(*rejected)] == [b"no json"]


def test_the_transform_makes_rows(clients: Clients) -> None:
    record = {
        "recordId": "1",
        "data": base64.b64encode(upload_json()).decode(),
        "approximateArrivalTimestamp": int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000),
    }
    event = {"records": [record], "invocationId": "i", "region": "r", "deliveryStreamArn": "a"}
    (answer,) = function("firehose/transform/app.py").handler(event, CONTEXT)["records"]
    rows = [json.loads(line) for line in base64.b64decode(answer["data"]).splitlines()]
    assert [row["wh"] for row in rows] == [100, 200, 300, 400]


def test_closing_plans_its_round(clients: Clients) -> None:
    counts = function("consumers/closing/app.py").handler({}, CONTEXT)
    assert counts["WorkItemsSent"] == len(clients.sqs.sent) > 0
