"""AWS in memory, with the tables and the bucket that the metering function works on."""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from tests.kits.examples import TIME_OF_USE
from tests.kits.function_kit import ENVIRONMENT

REGION = "eu-central-1"


class Aws(NamedTuple):
    dynamodb: Any
    s3: Any
    bucket: str


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with aws_in_memory(monkeypatch) as aws:
        yield aws


@contextmanager
def aws_in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        make_tables(dynamodb)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield Aws(dynamodb, s3, "bucket")


def make_tables(dynamodb: Any) -> None:
    """The tables of a stack, as far as tests use them."""
    for table, hash_key, range_key in (
        ("windows", "meter_id", "day"),
        ("bills", "meter_id", "bill"),
        ("meters", "meter_id", None),
        ("tariffs", "tariff_id", None),
        ("forecasts", "series", "made"),
        ("accounts", "account_id", None),
        ("service_points", "service_point_id", None),
    ):
        keys = [(hash_key, "HASH")] + ([(range_key, "RANGE")] if range_key else [])
        indexes = {"by-month": "month_part", "to-lake": "to_lake"} if table == "bills" else {}
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in sorted({*(name for name, _ in keys), *indexes.values()})
            ],
            **_indexes(indexes),
        )


@pytest.fixture
def app(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The metering function at its cold start, with two registered meters and their tariff."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    aws.dynamodb.put_item(
        TableName="tariffs", Item={"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TIME_OF_USE)}}
    )
    for meter in ("m-1", "m-2"):
        aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": meter}, "tariff_id": {"S": "tou"}})
    from consumers.metering import app

    return importlib.reload(app)


def _indexes(keys: dict[str, str]) -> dict[str, Any]:
    """Global secondary indexes by the hash key of each; the range key is the meter."""
    found = [
        {
            "IndexName": name,
            "KeySchema": [
                {"AttributeName": key, "KeyType": "HASH"},
                {"AttributeName": "meter_id", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
        for name, key in keys.items()
    ]
    return {"GlobalSecondaryIndexes": found} if found else {}
