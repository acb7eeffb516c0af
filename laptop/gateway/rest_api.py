"""Processes a call as API Gateway does: route, authorize, throttle, then invoke, or validate, map, put, map back."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from jsonschema_rs import Draft4Validator

from electrocloud.aws.clients import KinesisClient
from laptop.gateway.authorization import Call, Principal, authenticate
from laptop.gateway.integration import put_records
from laptop.gateway.lambda_proxy import ProxyResponse, invoke
from laptop.gateway.openapi import Api, Route
from laptop.gateway.refusal import RefusedError
from laptop.gateway.throttle import Throttle
from laptop.gateway.usage_plan import UsagePlan
from laptop.gateway.vtl import Input, fill, render

MAX_FAULTS = 5


class Answer(NamedTuple):
    """The response to the caller, and what the access log says of it.

    Its body is JSON unless `headers` say otherwise. `caller` is the ARN of the signer, `route` the route's path, and
    `reason` why the call was refused.
    """

    status: int
    body: str | bytes
    caller: str = ""
    route: str = ""
    reason: str = ""
    headers: Mapping[str, list[str]] = {}


class RestApi:
    """An API Gateway REST API in front of Kinesis and functions, without the sockets.

    kinesis, lambda_: boto3 clients. principals: the allowed callers, by access key. throttle: for all calls together.
    plan: for routes that require an API key; without a plan no key is required. now: the current time, aware UTC.
    """

    def __init__(
        self,
        api: Api,
        kinesis: KinesisClient,
        principals: Mapping[str, Principal],
        region: str,
        throttle: Throttle,
        plan: UsagePlan | None,
        now: Callable[[], datetime],
        lambda_: Any = None,
    ) -> None:
        self._api, self._kinesis, self._principals, self._lambda = api, kinesis, principals, lambda_
        self._region, self._throttle, self._plan, self._now = region, throttle, plan, now

    def answer(self, call: Call, request_id: str) -> Answer:
        """The status and body of API Gateway's response to the call."""
        context: dict[str, Any] = {
            "requestId": request_id,
            "extendedRequestId": request_id,
            "httpMethod": call.method,
            "path": call.path,
            "responseOverride": {},
        }
        caller = resource = ""
        try:
            route, path_params = self._route(call)
            resource = route.resource
            caller = self._authorize(call) if route.signed else ""
            context["identity"] = {"userArn": caller}
            if self._plan and route.needs_key:
                self._plan.take(call.headers.get("x-api-key"))
            if not self._throttle.take():
                raise RefusedError("THROTTLED", "Rate exceeded")
            if route.function:
                found = invoke(self._lambda, route, path_params, call, context)
                return self._passed_on(found, call)._replace(caller=caller, route=resource)
            template, document = _validated(route, call)
            params = {"path": path_params, "querystring": dict(parse_qsl(call.query)), "header": call.headers}
            payload = render(template, Input(call.body, document, params), context)
            status, reply = put_records(self._kinesis, payload)
        except RefusedError as refusal:
            return self.refuse(refusal)._replace(caller=caller, route=resource)
        response = route.response(status)
        body = render(response.template, Input(b"", reply), context)
        return Answer(context["responseOverride"].get("status", response.status), body, caller, resource)

    def _passed_on(self, found: ProxyResponse, call: Call) -> Answer:
        """A function's response; its bytes are decoded where the first type that the call accepts is a binary one."""
        accepted = call.headers.get("Accept", "").partition(",")[0].partition(";")[0].strip()
        body: str | bytes = found.body
        if found.encoded and accepted in self._api.binary_types:
            body = base64.b64decode(found.body)
        return Answer(found.status, body, headers=found.headers)

    def refuse(self, refusal: RefusedError) -> Answer:
        """The API file's gateway response for a refusal."""
        response = self._api.gateway_responses[refusal.type]
        text = json.dumps(str(refusal))
        error = {"messageString": text, "validationErrorString": text[1:-1]}
        return Answer(response.status, fill(response.template, {"error": error}), reason=f"{refusal.type}: {refusal}")

    def _route(self, call: Call) -> tuple[Route, dict[str, str]]:
        for route in self._api.routes:
            params = route.match(call.method, call.path)
            if params is not None:
                return route, params
        raise RefusedError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")

    def _authorize(self, call: Call) -> str:
        """The ARN of who signed the call, who may make it."""
        principal = authenticate(call, self._principals, self._region, self._now())
        arn = f"arn:aws:execute-api:{self._region}:000000000000:gateway/laptop/{call.method}{call.path}"
        if not principal.may_invoke(arn):
            raise RefusedError("ACCESS_DENIED", f"not allowed to invoke {arn}")
        return principal.arn


def _validated(route: Route, call: Call) -> tuple[str, Any]:
    """The request template and the decoded body, for the content type, of a body that matches its schema."""
    content_type = call.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    if content_type not in route.requests:
        raise RefusedError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    try:
        document = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise RefusedError("BAD_REQUEST_BODY", f"[the body is not JSON: {fault}]") from None
    faults = _faults(route.schemas[content_type], document)
    if faults:
        raise RefusedError("BAD_REQUEST_BODY", f"[{', '.join(faults)}]")
    return route.requests[content_type], document


def _faults(schema: Draft4Validator, document: Any) -> list[str]:
    """The first faults, each with its location as a JSON Pointer."""
    try:
        faults = [] if schema.is_valid(document) else schema.evaluate(document).errors()
    except ValueError as fault:  # nested too deeply for the validator
        return [f"/: {fault}"]
    return [f"{fault['instanceLocation'] or '/'}: {_shortened(fault['error'])}" for fault in faults[:MAX_FAULTS]]


def _shortened(text: str) -> str:
    return text if len(text) <= 240 else f"{text[:60]} ... {text[-160:]}"
