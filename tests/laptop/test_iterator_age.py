"""Lambda's metric IteratorAge on the laptop: it grows while a function fails, and is zero when nothing waits."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.configloader import raw_config_parse

from analytics.template import ROOT
from laptop import cloud
from laptop.processes import ProcessGroup
from tests.kits.waiting import until

pytestmark = pytest.mark.deploy

ROLE = "arn:aws:iam::000000000000:role/reader"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "lambda.amazonaws.com"}}]}'
)
READS = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}'
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def code(body: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("reader.py", f"def handler(event, context):\n    {body}\n")
    return packed.getvalue()


@pytest.fixture
def client(tmp_path) -> Iterator[Any]:
    children = ProcessGroup(tmp_path / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), tmp_path)
        cloud.wait_until_up(local, children)
        keys = raw_config_parse(str(local.credentials))["default"]
        yield partial(boto3.Session(region_name=cloud.REGION, **keys).client, endpoint_url=local.endpoint)
    finally:
        children.stop()


def age_s(cloudwatch: Any) -> float | None:
    now = datetime.now(UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="IteratorAge", Dimensions=[{"Name": "FunctionName", "Value": "reader"}],
        StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=1), Period=3600, Statistics=["Maximum"],
    )["Datapoints"]  # fmt: skip
    return max((point["Maximum"] for point in found), default=0) / 1000 if found else None


def test_the_age_of_the_oldest_waiting_record_is_measured_while_the_function_fails(client: Any) -> None:
    iam, kinesis, functions, cloudwatch = (client(name) for name in ("iam", "kinesis", "lambda", "cloudwatch"))
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="reader", PolicyName="reads", PolicyDocument=READS)
    kinesis.create_stream(StreamName="readings", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="readings")["StreamDescriptionSummary"]["StreamARN"]
    functions.create_function(
        FunctionName="reader", Role=ROLE, Runtime=VERSION, Handler="reader.handler",
        Code={"ZipFile": code("raise ValueError('stuck')")},
    )  # fmt: skip
    functions.create_event_source_mapping(EventSourceArn=stream, FunctionName="reader", StartingPosition="TRIM_HORIZON")
    until(lambda: age_s(cloudwatch) == 0, "nothing waits")
    kinesis.put_record(StreamName="readings", PartitionKey="m", Data=b"x")
    until(lambda: (age_s(cloudwatch) or 0) > 5, "the age of the record")


def test_records_that_expire_do_not_move_a_function_past_records_that_it_has_not_seen() -> None:
    script = """
from ministack.services import lambda_svc as functions
from laptop.guarded_cloud.event_sources import with_positions
stream = {"StreamARN": "arn", "shards": {"s": {"records": list("abcdef")}}}
functions._esms._data["000000000000", "r", "id"] = {"EventSourceArn": "arn", "FunctionName": "reader"}
functions._kinesis_positions._data["000000000000", "r", "id"] = {"s": 4}
def expire(stream):
    stream["shards"]["s"]["records"] = stream["shards"]["s"]["records"][3:]
with_positions(expire)(stream)
(position,) = functions._kinesis_positions._data["000000000000", "r", "id"].values()
print(stream["shards"]["s"]["records"][position])
"""
    python = ROOT / ".venv-cloud" / "bin" / "python"
    done = subprocess.run([python, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "e", done.stderr
