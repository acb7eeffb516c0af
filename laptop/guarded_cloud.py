"""MiniStack behind a guard; runs in .venv-cloud, with AUTH=true and the cloud's keys in the environment.

MiniStack checks the signatures of sessions' keys and the policies of their roles, but no signature for the key in its
environment and for some well-known ones. So the cloud's keys become those of a session here, with the account's rights,
and nobody knows the key in the environment. MiniStack also answers calls that AWS does not have (such as
/_ministack/reset) without credentials, lets every web page read its answers (Access-Control-Allow-Origin: *) and takes
any Host. The guard refuses, before MiniStack sees them:

- a Host that is not this machine's loopback: a web page whose name was rebound to 127.0.0.1 sends its own name
- any Origin: only web pages send one
- a call that names no access key in use. Keys are random, so a caller that knows one may read them or was given one
- WebSockets, and all of MiniStack's own paths but /_ministack/health
"""

import json
import os
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ministack import app as ministack
from ministack.core import concurrency, iam_evaluator, lambda_runtime
from ministack.services import firehose, kinesis, lambda_svc, sts

ACCOUNT = "000000000000"
AGE_EVERY_S = 5.0
HEALTH = "/_ministack/health"
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
_HEADER_KEY = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)/")


def refusal(scope: dict[str, Any]) -> str | None:
    """Why the guard refuses an ASGI scope, or None if MiniStack may see it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
    if re.sub(r":\d+$", "", headers.get("host", "")) not in LOOPBACK:
        return "the Host is not this machine"
    if "origin" in headers:
        return "calls from web pages are not allowed"
    if scope["type"] != "http":
        return "only HTTP is allowed"
    if scope["path"] == HEALTH:
        return None
    if scope["path"].startswith(("/_ministack", "/_localstack", "/health")):
        return "this path is not available"
    return None if _in_use(_access_key(headers, scope)) else "sign the call with the cloud's keys"


def _access_key(headers: dict[str, str], scope: dict[str, Any]) -> str:
    if found := _HEADER_KEY.match(headers.get("authorization", "")):
        return str(found[1])
    query: dict[str, list[str]] = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query.get("X-Amz-Credential", [""])[0].partition("/")[0]


def _in_use(access_key: str) -> bool:
    return access_key in sts._sessions or iam_evaluator.find_iam_access_key_account(access_key) is not None


def guard(app: Callable[..., Any], on_start: Callable[[], None]) -> Callable[..., Any]:
    """The ASGI application behind the guard; `on_start` is called when it has loaded its data."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def start(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                on_start()
            await send(message)

        if scope["type"] == "lifespan":
            await app(scope, receive, start)
            return
        reason = refusal(scope)
        if reason is None:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return guarded


def with_secret(credentials: Callable[..., dict[str, str]], secret: str) -> Callable[..., dict[str, str]]:
    """MiniStack's credentials of a function's role, which it derives from the ARN alone, derived from a secret too."""
    return lambda config: credentials(config | {"FunctionArn": f"{config['FunctionArn']}:{secret}"})


def _only_session(key: str, secret: str) -> None:
    """The keys as those of a session of the account, without the sessions of an earlier start among the data."""
    account = {"Arn": f"arn:aws:iam::{ACCOUNT}:root", "UserId": ACCOUNT, "AccountId": ACCOUNT, "PrincipalType": "Root"}
    sts._sessions.clear()
    sts.register_session(key, account | {"SecretAccessKey": secret})


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


def _report_iterator_ages(key: str, secret: str) -> None:
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


def main() -> None:
    """Serve until SIGTERM. Data that MiniStack did not write to the end are deleted at the next start."""
    complete = None
    if folder := os.environ.get("STATE_DIR"):
        complete = Path(folder).parent / "complete"
        if not complete.exists():
            shutil.rmtree(complete.parent, ignore_errors=True)
        complete.parent.mkdir(mode=0o700, exist_ok=True)
        complete.unlink(missing_ok=True)
    lambda_runtime.execution_credentials = with_secret(lambda_runtime.execution_credentials, secrets.token_hex())
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    os.environ |= {"AWS_ACCESS_KEY_ID": secrets.token_hex(), "AWS_SECRET_ACCESS_KEY": secrets.token_hex()}
    # The bucket's policy demands TLS. Calls stay on this machine's loopback, which is as good here.
    pin = ministack.pin_request_origin
    ministack.pin_request_origin = lambda source_ip, _: pin(source_ip, True)
    # MiniStack runs Firehose's transform before it answers PutRecords, and can answer no call that the transform makes.
    firehose.ingest_from_kinesis_source = partial(concurrency.spawn_background, firehose.ingest_from_kinesis_source)
    kinesis._expire_records = with_positions(kinesis._expire_records)

    def on_start() -> None:
        _only_session(key, secret)
        threading.Thread(target=_report_iterator_ages, args=(key, secret), daemon=True).start()

    ministack.app = guard(ministack.app, on_start)
    ministack.main()
    if complete:
        complete.touch()


if __name__ == "__main__":
    main()
