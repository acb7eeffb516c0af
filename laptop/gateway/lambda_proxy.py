"""The Lambda proxy integration as API Gateway has it: the call as an event, and the function's response."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from laptop.gateway.authorization import Call
from laptop.gateway.openapi import Route
from laptop.gateway.refusal import RefusedError

STAGE = "laptop"


class ProxyResponse(NamedTuple):
    """A function's response: its headers with all their values, and whether its body is bytes in base64."""

    status: int
    headers: Mapping[str, list[str]]
    body: str
    encoded: bool


def invoke(
    lambda_: Any, route: Route, path_params: Mapping[str, str], call: Call, context: Mapping[str, Any]
) -> ProxyResponse:
    """Invoke the route's function, on a boto3 Lambda client; `RefusedError` where it fails or does not answer."""
    payload = json.dumps(_event(route, path_params, call, context))
    try:
        found = lambda_.invoke(FunctionName=route.function, Payload=payload)
    except (ConnectTimeoutError, ReadTimeoutError) as fault:
        raise RefusedError("INTEGRATION_TIMEOUT", str(fault)) from None
    except (BotoCoreError, ClientError) as fault:
        raise RefusedError("DEFAULT_5XX", str(fault)) from None
    answer = json.loads(found["Payload"].read())
    if "FunctionError" in found or not isinstance(answer, dict) or "statusCode" not in answer:
        raise RefusedError("DEFAULT_5XX", f"{route.function} failed: {answer}")
    headers = {name: [str(value)] for name, value in (answer.get("headers") or {}).items()}
    headers |= answer.get("multiValueHeaders") or {}
    return ProxyResponse(
        int(answer["statusCode"]), headers, answer.get("body") or "", bool(answer.get("isBase64Encoded"))
    )


def _event(route: Route, path_params: Mapping[str, str], call: Call, context: Mapping[str, Any]) -> dict[str, Any]:
    query = parse_qs(call.query, keep_blank_values=True)
    headers = {name: call.headers[name] for name in call.headers}
    return {
        "resource": route.resource,
        "path": call.path,
        "httpMethod": call.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(path_params) or None,
        "stageVariables": None,
        "requestContext": {
            "requestId": context["requestId"],
            "extendedRequestId": context["extendedRequestId"],
            "stage": STAGE,
            "resourcePath": route.resource,
            "httpMethod": call.method,
            "path": f"/{STAGE}{call.path}",
            "identity": {"userArn": context["identity"]["userArn"] or None},
        },
        "body": None,
        "isBase64Encoded": False,
    }
