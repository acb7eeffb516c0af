"""API Gateway on a laptop: api/openapi.yaml, executed.

Signatures, JSON Schema, mapping templates and gateway responses are done as an account does them.
"""

import argparse
import asyncio
import json
import signal
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import boto3
import msgspec
from aiohttp import web
from botocore.config import Config

from local.authorisation import Call, Principal, authenticate
from local.integration import put_records
from local.openapi import Api, Route, read_api
from local.refusal import RefusedError
from local.template import ROOT, load
from local.throttle import Throttle
from local.vtl import Input, fill, render

MAX_BODY = 10 * 1024 * 1024
MAX_FAULTS = 5
INTEGRATION_TIMEOUT_S = 29
ANY_CALL = {"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}}


class Answer(NamedTuple):
    """What the caller gets; the body is JSON."""

    status: int
    body: str


class Gateway:
    """The API in front of Kinesis, without the sockets; its arguments are those of `create_app`."""

    def __init__(
        self,
        api: Api,
        kinesis: Any,
        principals: Mapping[str, Principal],
        region: str,
        throttle: Throttle,
        now: Callable[[], datetime],
    ) -> None:
        self._api, self._kinesis, self._principals = api, kinesis, principals
        self._region, self._throttle, self._now = region, throttle, now

    def answer(self, call: Call, request_id: str) -> Answer:
        """What API Gateway answers: route, authorise, throttle, validate, map, put, map back."""
        context = {
            "requestId": request_id,
            "httpMethod": call.method,
            "path": call.path,
            "responseOverride": {},
        }
        try:
            route, path_params = self._route(call)
            self._authorise(call)
            if not self._throttle.take():
                raise RefusedError("THROTTLED", "Rate exceeded")
            template, document = _validated(route, call)
            params = {"path": path_params, "querystring": dict(parse_qsl(call.query)), "header": call.headers}
            payload = render(template, Input(call.body, document, params), context)
            status, reply = put_records(self._kinesis, payload)
        except RefusedError as refusal:
            return self.refuse(refusal)
        response = route.response(status)
        body = render(response.template, Input(b"", reply), context)
        return Answer(context["responseOverride"].get("status", response.status), body)

    def refuse(self, refusal: RefusedError) -> Answer:
        """The gateway response that the API file has for the refusal."""
        response = self._api.gateway_responses[refusal.type]
        text = json.dumps(str(refusal))
        error = {"messageString": text, "validationErrorString": text[1:-1]}
        return Answer(response.status, fill(response.template, {"error": error}))

    def _route(self, call: Call) -> tuple[Route, dict[str, str]]:
        for route in self._api.routes:
            params = route.match(call.method, call.path)
            if params is not None:
                return route, params
        raise RefusedError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")

    def _authorise(self, call: Call) -> None:
        principal = authenticate(call, self._principals, self._region, self._now())
        arn = f"arn:aws:execute-api:{self._region}:000000000000:gateway/laptop/{call.method}{call.path}"
        if not principal.may_invoke(arn):
            raise RefusedError("ACCESS_DENIED", f"not allowed to invoke {arn}")


def _validated(route: Route, call: Call) -> tuple[str, Any]:
    """The request template and the decoded body, both by the content type, of a body that fits its schema."""
    content_type = call.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    if content_type not in route.requests:
        raise RefusedError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    try:
        document = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise RefusedError("BAD_REQUEST_BODY", f"[the body is not JSON: {fault}]") from None
    schema = route.schemas[content_type]
    if not schema.is_valid(document):
        faults = schema.evaluate(document).errors()[:MAX_FAULTS]
        places = (f"{fault['instanceLocation'] or '/'}: {_shortened(fault['error'])}" for fault in faults)
        raise RefusedError("BAD_REQUEST_BODY", f"[{', '.join(places)}]")
    return route.requests[content_type], document


def _shortened(text: str) -> str:
    return text if len(text) <= 240 else f"{text[:60]} ... {text[-160:]}"


def create_app(
    openapi: Path,
    values: Mapping[str, str],
    kinesis: Any,
    principals: Mapping[str, Principal],
    throttle: Throttle,
    *,
    region: str = "us-east-1",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> web.Application:
    """The API of an OpenAPI file as an aiohttp application.

    values: what the variables of the file's Fn::Sub stand for, besides AWS::Region and AWS::Partition: the stream's
    name under "ReadingsStream". kinesis: a boto3 client. principals: who may call, by access key. now: aware UTC.
    """
    api = read_api(openapi, {"AWS::Partition": "aws", "AWS::Region": region, **values})
    gateway = Gateway(api, kinesis, principals, region, throttle, now)

    async def handle(request: web.Request) -> web.Response:
        request_id = str(uuid.uuid4())
        path, _, query = request.raw_path.partition("?")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            answer = gateway.refuse(RefusedError("REQUEST_TOO_LARGE", "Request Too Long"))
        else:
            call = Call(request.method, path, query, request.headers, body)
            answer = await asyncio.to_thread(gateway.answer, call, request_id)
        headers = {"x-amzn-RequestId": request_id}
        return web.Response(status=answer.status, text=answer.body, content_type="application/json", headers=headers)

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def serve(app: web.Application, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, and print the address; port 0 takes a free one."""
    # API Gateway does not decompress; a signature is over the bytes as they were sent.
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
    """Serve api/openapi.yaml as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parameters = load()["Parameters"]
    parser.add_argument("--stream", required=True, help="the Kinesis stream")
    parser.add_argument("--endpoint", help="where Kinesis is, such as http://127.0.0.1:4566; AWS where it is not given")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--rate", type=float, default=parameters["ThrottleRate"]["Default"], help="calls a second")
    parser.add_argument("--burst", type=int, default=parameters["ThrottleBurst"]["Default"], help="calls at once")
    parser.add_argument(
        "--principals",
        type=Path,
        help='JSON of who else may call: {"ACCESS_KEY": {"secret_key": ..., "tags": {...}, "policy": {...}}}',
    )
    arguments = parser.parse_args()
    session = boto3.Session(region_name=arguments.region)
    own = session.get_credentials()
    if own is None:
        parser.error("there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    principals = {own.access_key: Principal(own.secret_key, ANY_CALL)}
    if arguments.principals:
        principals |= msgspec.json.decode(arguments.principals.read_bytes(), type=dict[str, Principal])
    config = Config(read_timeout=INTEGRATION_TIMEOUT_S, retries={"total_max_attempts": 1}, max_pool_connections=32)
    kinesis = session.client("kinesis", endpoint_url=arguments.endpoint, config=config)
    app = create_app(
        ROOT / "api" / "openapi.yaml",
        {"ReadingsStream": arguments.stream},
        kinesis,
        principals,
        Throttle(arguments.rate, arguments.burst),
        region=arguments.region,
    )
    asyncio.run(serve(app, arguments.host, arguments.port))


if __name__ == "__main__":
    main()
