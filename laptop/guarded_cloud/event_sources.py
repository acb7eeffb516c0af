"""What MiniStack lacks of a function on a stream: its place when old records expire, and its metric IteratorAge."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ministack.services import kinesis, lambda_svc

AGE_EVERY_S = 5.0


def with_positions(expire: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """MiniStack's removal of a stream's old records, which counts each function's place from the oldest record."""

    def expire_and_move(stream: dict[str, Any]) -> None:
        before = {shard_id: len(shard["records"]) for shard_id, shard in stream["shards"].items()}
        expire(stream)
        gone = {shard_id: count - len(stream["shards"][shard_id]["records"]) for shard_id, count in before.items()}
        if any(gone.values()):
            for _, _, positions in _mappings_of(stream["StreamARN"]):
                for shard_id in positions.keys() & gone.keys():
                    positions[shard_id] = max(0, positions[shard_id] - gone[shard_id])

    return expire_and_move


def _mappings_of(stream_arn: str) -> Iterator[tuple[tuple[str, str], dict[str, Any], dict[str, int]]]:
    """(account and region, event source mapping, records processed by shard) of a stream's functions."""
    for key, mapping in list(lambda_svc._esms._data.items()):
        if mapping.get("EventSourceArn") == stream_arn and key in lambda_svc._kinesis_positions._data:
            yield key[:2], mapping, lambda_svc._kinesis_positions._data[key]


def iterator_ages(now: float) -> dict[str, float]:
    """For each function on a stream the age (ms) of its oldest record that waits, 0 if none does; `now` in s."""
    ages: dict[str, float] = {}
    for stream in list(kinesis._streams._data.values()):
        for _, mapping, positions in _mappings_of(stream["StreamARN"]):
            waiting = [
                stream["shards"][shard_id]["records"][position]["ApproximateArrivalTimestamp"]
                for shard_id, position in positions.items()
                if position < len(stream["shards"].get(shard_id, {"records": ()})["records"])
            ]
            age = max(0.0, now - min(waiting, default=now)) * 1000
            ages[mapping["FunctionName"]] = max(age, ages.get(mapping["FunctionName"], 0.0))
    return ages


def report_iterator_ages(key: str, secret: str) -> None:
    """Lambda's metric IteratorAge, which MiniStack lacks. Measured here also while no batch succeeds."""
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret)
    cloudwatch = session.client("cloudwatch", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    while True:
        time.sleep(AGE_EVERY_S)
        metrics: Any = [
            {
                "MetricName": "IteratorAge",
                "Dimensions": [{"Name": "FunctionName", "Value": name}],
                "Value": age,
                "Unit": "Milliseconds",
            }
            for name, age in iterator_ages(time.time()).items()
        ]
        try:
            if metrics:
                cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=metrics)
        except (BotoCoreError, ClientError) as error:
            print(f"IteratorAge was not reported: {error}", file=sys.stderr)
