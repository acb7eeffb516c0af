"""The gateway over a socket: what aiohttp, real HTTP clients and the command line add."""

import asyncio
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
import boto3
import pytest
from aiohttp.test_utils import TestServer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto import mock_aws
from msgspec.structs import replace

from analytics.template import ROOT
from electrocloud.domain.readings.upload import decode
from laptop.gateway.server import MAX_BODY, create_app
from laptop.gateway.throttle import Throttle
from tests.kits.gateway_kit import API_KEY, HEAD_END, OPENAPI, REGION, UPLOAD, VALUES, FakeKinesis, plan

BODY = json.dumps({"uploads": [UPLOAD]}).encode()


def headers_for(url: str, body: bytes, key: str = "HEADEND", secret: str = "head-end secret") -> dict[str, str]:
    request = AWSRequest("POST", url, {"Content-Type": "application/json", "x-api-key": API_KEY}, body)
    SigV4Auth(Credentials(key, secret), "execute-api", REGION).add_auth(request)
    return dict(request.headers.items())


def posted(kinesis: Any, body: bytes, extra: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any], Any]:
    """Status, body and headers of the answer to one signed POST to /v1/uploads."""

    async def post() -> tuple[int, dict[str, Any], Any]:
        app = create_app(OPENAPI, VALUES, kinesis, HEAD_END, Throttle(1e9, 10**9), plan(), region=REGION)
        async with TestServer(app) as server, aiohttp.ClientSession() as client:
            url = str(server.make_url("/v1/uploads"))
            async with client.post(url, data=body, headers=headers_for(url, body) | dict(extra or {})) as answer:
                return answer.status, await answer.json(), answer.headers

    return asyncio.run(post())


def test_a_signed_upload_is_in_the_kinesis_stream():
    with mock_aws():
        kinesis = boto3.client("kinesis", REGION)
        kinesis.create_stream(StreamName="readings", ShardCount=1)
        status, body, headers = posted(kinesis, BODY)
        assert (status, body) == (202, {"accepted": 1})
        assert headers["Content-Type"].startswith("application/json")
        assert re.fullmatch("[0-9a-f-]{36}", headers["x-amzn-RequestId"])
        shard = kinesis.list_shards(StreamName="readings")["Shards"][0]["ShardId"]
        iterator = kinesis.get_shard_iterator(StreamName="readings", ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
        assert record["PartitionKey"] == UPLOAD["meter_id"]
        sent = decode(json.dumps(UPLOAD).encode())
        assert decode(record["Data"]) == replace(
            sent, request_id=headers["x-amzn-RequestId"], caller="arn:aws:iam::000000000000:user/laptop"
        )


def test_a_body_of_ten_megabytes_passes_and_one_byte_more_is_too_large():
    body = BODY + b" " * (MAX_BODY - len(BODY))
    assert posted(FakeKinesis(), body)[0] == 202
    status, answer, headers = posted(FakeKinesis(), body + b" ")
    assert status == 413
    assert "send fewer uploads" in answer["message"]
    assert headers["x-amzn-RequestId"]


def test_each_call_has_a_line_in_the_access_log_that_names_no_meter(capsys):
    body = json.dumps({"uploads": [UPLOAD]}).encode()
    status, _, headers = posted(FakeKinesis(), body)
    refused, _, other = posted(FakeKinesis(), body, {"Authorization": "none"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [(line["status"], line["request_id"]) for line in lines] == [
        (status, headers["x-amzn-RequestId"]), (refused, other["x-amzn-RequestId"]),
    ]  # fmt: skip
    assert lines[0]["caller"].startswith("arn:")
    assert lines[0]["route"] == "/v1/uploads"
    assert lines[1]["error"]
    assert UPLOAD["meter_id"] not in json.dumps(lines)


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """`python -m laptop.gateway.server` as a user starts it, and the address that it prints."""
    env = os.environ | {"AWS_ACCESS_KEY_ID": "laptop", "AWS_SECRET_ACCESS_KEY": "laptop secret"}
    command = [sys.executable, "-m", "laptop.gateway.server", "--stream", "readings", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip().removeprefix("Ingestion API: ")
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def fetched(url: str, headers: dict[str, str], body: bytes = BODY) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


@pytest.mark.timeout(60)
def test_the_command_serves_at_the_address_it_prints_until_it_is_stopped(tmp_path):
    meter = {
        "secret_key": "meter secret",
        "tags": {"meter_id": UPLOAD["meter_id"]},
        "policy": {
            "Statement": {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": "arn:aws:execute-api:*:*:*/*/POST/v1/meters/${aws:PrincipalTag/meter_id}/uploads",
            }
        },
    }
    principals = tmp_path / "principals.json"
    principals.write_text(json.dumps({"METER": meter}))
    with running("--endpoint", "http://127.0.0.1:1", "--principals", str(principals)) as address:
        url = f"{address}/v1/uploads"
        assert fetched(url, {"Content-Type": "application/json"})[0] == 403
        assert fetched(url, headers_for(url, BODY, "METER", "meter secret"))[0] == 403
        own = f"{address}/v1/meters/{UPLOAD['meter_id']}/uploads"
        for route, key, secret in [(url, "laptop", "laptop secret"), (own, "METER", "meter secret")]:
            status, body = fetched(route, headers_for(route, BODY, key, secret))
            assert status == 504
            assert "could not be reached" in body["message"]
        packed = gzip.compress(BODY)
        signed = headers_for(url, packed, "laptop", "laptop secret")
        status, body = fetched(url, signed | {"Content-Encoding": "gzip"}, packed)
        assert status == 400
        assert "not JSON" in body["faults"]
