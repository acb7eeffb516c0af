"""The laptop's reading of embedded metrics, from log groups with many streams."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from laptop.metrics import OVERLAP_MS, Follower, forward

GROUP = "/electrocloud/electrocloud/metering"
STREAMS = 130  # describe_log_streams answers with 50 at most
NOW_MS = 1_795_651_200_000


def emf(rejected: int) -> str:
    metric = {"Namespace": "ElectroCloud", "Dimensions": [["service"]], "Metrics": [{"Name": "UploadsRejected"}]}
    aws = {"Timestamp": NOW_MS, "CloudWatchMetrics": [metric]}
    return json.dumps({"_aws": aws, "service": "metering", "UploadsRejected": rejected})


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        client = boto3.client("logs", region_name="eu-central-1")
        client.create_log_group(logGroupName=GROUP)
        yield client


def write(logs: Any, stream: str, *lines: str, at_ms: int = NOW_MS) -> None:
    import time

    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    now = int(time.time() * 1000) + at_ms - NOW_MS
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=stream, logEvents=[{"timestamp": now, "message": line} for line in lines]
    )


class CloudWatch:
    def __init__(self) -> None:
        self.sum = 0

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        self.sum += sum(MetricData[0]["Values"])


def test_the_metrics_of_all_log_streams_are_put_and_each_of_them_once(logs: Any) -> None:
    for number in range(STREAMS):
        write(logs, f"stream-{number}", emf(1))
    follower, cloudwatch = Follower(logs, "/electrocloud/"), CloudWatch()
    assert forward(follower, cloudwatch) == STREAMS
    assert cloudwatch.sum == STREAMS
    assert forward(follower, cloudwatch) == 0
    write(logs, "a-late-one", emf(5), at_ms=NOW_MS - OVERLAP_MS // 2)
    assert forward(follower, cloudwatch) == 1
    assert cloudwatch.sum == STREAMS + 5


def test_a_later_start_goes_on_where_the_earlier_one_stopped(logs: Any) -> None:
    write(logs, "stream", emf(1), emf(2))
    first = Follower(logs, "/electrocloud/")
    assert len([*first.lines()]) == 2
    second = Follower(logs, "/electrocloud/", first.read_to)
    assert [*second.lines()] == []
    write(logs, "another", emf(3), at_ms=NOW_MS + 1000)
    assert [json.loads(line)["UploadsRejected"] for line in second.lines()] == [3]
