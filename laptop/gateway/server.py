"""API Gateway on a laptop: serves api/openapi.yaml.

Signatures, JSON Schema, mapping templates and gateway responses behave as in an AWS account.
"""

import argparse
import asyncio
import json
import signal
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import msgspec
from aiohttp import web
from botocore.config import Config
from multidict import CIMultiDict

from analytics.template import ROOT, load
from electrocloud.aws.clients import KinesisClient
from electrocloud.domain.errors import UsageError
from laptop.gateway.authorization import Call, Principal
from laptop.gateway.openapi import read_api
from laptop.gateway.refusal import RefusedError
from laptop.gateway.rest_api import Answer, RestApi
from laptop.gateway.throttle import Throttle
from laptop.gateway.usage_plan import UsagePlan, deployed_plan

MAX_BODY = 10 * 1024 * 1024
INTEGRATION_TIMEOUT_S = 29
ANY_CALL = {"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}}

_principals_decoder = msgspec.json.Decoder(dict[str, Principal])


def _now() -> datetime:
    return datetime.now(UTC)


def log_call(request_id: str, answer: Answer, request: web.Request) -> None:
    """Print a line of JSON as in the API's access log in an account: the route, and so no meter's ID."""
    line = {
        "time": f"{_now():%Y-%m-%dT%H:%M:%SZ}",
        "request_id": request_id,
        "status": answer.status,
        "route": answer.route,
        "caller": answer.caller,
        "source_ip": request.remote,
        "error": answer.reason,
    }
    print(json.dumps(line), flush=True)


def create_app(
    openapi: Path,
    values: Mapping[str, str],
    kinesis: KinesisClient,
    principals: Mapping[str, Principal],
    throttle: Throttle,
    plan: UsagePlan | None = None,
    *,
    region: str = "us-east-1",
    lambda_: Any = None,
    now: Callable[[], datetime] = _now,
    log: Callable[[str, Answer, web.Request], None] = log_call,
) -> web.Application:
    """An aiohttp application that serves the API of an OpenAPI file.

    values: values of the file's Fn::Sub variables besides AWS::Region and AWS::Partition: the stream's name under
    "ReadingsStream", the read function's under "ReadApiFunctionAliaslive". kinesis, lambda_: boto3 clients.
    principals: the allowed callers, by access key. throttle: for all calls together. plan: for routes that require an
    API key; without a plan no key is required. now: the current time, aware UTC. log: called with each call's ID and
    answer.
    """
    api = read_api(openapi, {"AWS::Partition": "aws", "AWS::Region": region, **values})
    rest_api = RestApi(api, kinesis, principals, region, throttle, plan, now, lambda_)

    async def handle(request: web.Request) -> web.Response:
        request_id = str(uuid.uuid4())
        path, _, query = request.raw_path.partition("?")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            answer = rest_api.refuse(RefusedError("REQUEST_TOO_LARGE", "Request Too Long"))
        else:
            call = Call(request.method, path, query, request.headers, body)
            answer = await asyncio.to_thread(rest_api.answer, call, request_id)
        log(request_id, answer, request)
        headers = CIMultiDict({"x-amzn-RequestId": request_id, "Content-Type": "application/json"})
        for name, values in answer.headers.items():
            headers.popall(name, None)
            headers.extend([(name, value) for value in values])
        body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        return web.Response(status=answer.status, body=body, headers=headers)

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def serve(app: web.Application, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, and print the address; port 0 takes a free one."""
    # API Gateway does not decompress bodies; a signature covers the bytes as sent.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    stopped = asyncio.Event()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_, stopped.set)
    try:
        await web.TCPSite(runner, host, port).start()
        print(f"Ingestion API: http://{host}:{runner.addresses[0][1]}", flush=True)
        await stopped.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Serve api/openapi.yaml with the given arguments."""
    parser = _parser()
    arguments = parser.parse_args()
    session = boto3.Session(region_name=arguments.region)
    own = session.get_credentials()
    if own is None:
        parser.error("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    principals = {own.access_key: Principal(own.secret_key, ANY_CALL)}
    try:
        if arguments.principals:
            principals |= _principals_decoder.decode(arguments.principals.read_bytes())
    except (OSError, msgspec.DecodeError, UsageError) as fault:
        parser.error(f"--principals: {fault}")
    config = Config(read_timeout=INTEGRATION_TIMEOUT_S, retries={"total_max_attempts": 1}, max_pool_connections=32)
    plan = None
    if arguments.usage_plan:
        plan = deployed_plan(session.client("apigateway", endpoint_url=arguments.endpoint), arguments.usage_plan, _now)
    app = create_app(
        ROOT / "api" / "openapi.yaml",
        {"ReadingsStream": arguments.stream, "ReadApiFunctionAliaslive": arguments.read_function},
        session.client("kinesis", endpoint_url=arguments.endpoint, config=config),
        principals,
        Throttle(arguments.rate, arguments.burst),
        plan,
        region=arguments.region,
        lambda_=session.client("lambda", endpoint_url=arguments.endpoint, config=config),
    )
    try:
        asyncio.run(serve(app, arguments.host, arguments.port))
    except OSError as fault:
        parser.error(f"cannot listen: {fault.strerror}; choose another --port, or 0 for a free one")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m laptop.gateway.server", description=__doc__)
    parser.add_argument("--stream", required=True, help="the Kinesis stream")
    parser.add_argument("--read-function", default="none", help="the Lambda function that answers the read API")
    parser.add_argument(
        "--usage-plan",
        metavar="ID",
        help="ID of the usage plan whose API keys head-ends must send; by default none is required",
    )
    parser.add_argument(
        "--endpoint",
        help="endpoint of Kinesis, Lambda and the usage plan, such as http://127.0.0.1:4566; by default AWS",
    )
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, picks a free port")
    limits = load()["Parameters"]
    parser.add_argument("--rate", type=float, default=limits["ThrottleRate"]["Default"], help="calls a second")
    parser.add_argument("--burst", type=int, default=limits["ThrottleBurst"]["Default"], help="calls at once")
    parser.add_argument(
        "--principals",
        type=Path,
        help="callers allowed besides the holder of the AWS credentials, as JSON: "
        '{"ACCESS_KEY": {"secret_key": ..., "tags": {...}, "policy": {...}}}',
    )
    return parser


if __name__ == "__main__":
    main()
