"""Reads api/openapi.yaml as API Gateway does: its routes, each with schemas and mapping templates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from jsonschema_rs import Draft4Validator

from electrocloud.domain.errors import UsageError

_SUB_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_PATH_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")
_FUNCTION = re.compile(r"lambda:path/[^/]+/functions/(?:.*:function:)?([^/]+)/invocations")


@dataclass(frozen=True)
class MappedResponse:
    """A mapped response: a template, and the status unless the template overrides it."""

    status: int
    template: str


@dataclass(frozen=True)
class Route:
    """One operation. Schemas (JSON Schema draft 4) and request templates are keyed by content type, responses by the
    regular expression that must match the integration's whole status, or "default".

    `signed` says whether its callers sign their calls. A route to a `function` has neither schemas nor templates: the
    Lambda function gets the call as it is, and its answer is passed on.
    """

    method: str
    resource: str
    path: re.Pattern[str]
    signed: bool
    needs_key: bool
    schemas: Mapping[str, Draft4Validator]
    requests: Mapping[str, str]
    responses: Mapping[str, MappedResponse]
    function: str = ""

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The decoded path parameters of a call to this route, or None for another route. `path` is as sent."""
        found = self.path.fullmatch(path) if method == self.method else None
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None

    def response(self, status: int) -> MappedResponse:
        """The mapping for an integration response with this status."""
        for pattern, response in self.responses.items():
            if pattern != "default" and re.fullmatch(pattern, str(status)):
                return response
        return self.responses["default"]


@dataclass(frozen=True)
class Api:
    """The routes, API Gateway's own responses by type, and the media types of answers that are decoded from base64."""

    routes: tuple[Route, ...]
    gateway_responses: Mapping[str, MappedResponse]
    binary_types: frozenset[str]


def read_api(path: Path, values: Mapping[str, str]) -> Api:
    """Read an OpenAPI file whose integrations are Kinesis PutRecords and functions; `UsageError` for anything else.

    values: the values of the file's `Fn::Sub` variables, such as {"ReadingsStream": "readings"}.
    """
    document = yaml.safe_load(path.read_text())
    routes = tuple(
        _route(document, method.upper(), resource, operation, values)
        for resource, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    answers = document["x-amazon-apigateway-gateway-responses"]
    binary = frozenset(document.get("x-amazon-apigateway-binary-media-types", ()))
    return Api(routes, {type_: _mapped(answer, values) for type_, answer in answers.items()}, binary)


def _route(document: Any, method: str, resource: str, operation: Any, values: Mapping[str, str]) -> Route:
    integration = operation["x-amazon-apigateway-integration"]
    uri = _substituted(integration["uri"], values)
    function = _FUNCTION.search(uri) if integration["type"] == "aws_proxy" else None
    action = uri.rpartition(":")[2]
    if not function and (integration["type"], integration.get("passthroughBehavior"), action) != (
        "aws",
        "never",
        "action/PutRecords",
    ):
        raise UsageError(
            f"{method} {resource}: only functions and Kinesis PutRecords without passthrough can be run, not {action}"
        )
    content = operation.get("requestBody", {"content": {}})["content"]
    templates = integration.get("requestTemplates", {})
    return Route(
        method=method,
        resource=resource,
        path=re.compile(_PATH_PARAMETER.sub(_pattern, resource)),
        signed=operation["x-amazon-apigateway-auth"] == {"type": "AWS_IAM"},
        needs_key=any("api_key" in requirement for requirement in operation["security"]),
        schemas={
            content_type: Draft4Validator(body["schema"] | {"components": document["components"]})
            for content_type, body in content.items()
        },
        requests={type_: _substituted(text, values) for type_, text in templates.items()},
        responses={pattern: _mapped(answer, values) for pattern, answer in integration.get("responses", {}).items()},
        function=function[1] if function else "",
    )


def _pattern(parameter: re.Match[str]) -> str:
    """What a path parameter matches: one part of the path, or with a + all that is left of it."""
    name, greedy = parameter.groups()
    return f"(?P<{name}>{'.+' if greedy else '[^/]+'})"


def _mapped(answer: Any, values: Mapping[str, str]) -> MappedResponse:
    template = _substituted(answer["responseTemplates"]["application/json"], values)
    return MappedResponse(int(answer["statusCode"]), template)


def _substituted(node: str | dict[str, str], values: Mapping[str, str]) -> str:
    if isinstance(node, str):
        return node
    try:
        return _SUB_VARIABLE.sub(lambda variable: values[variable[1]], node["Fn::Sub"])
    except KeyError as missing:
        raise UsageError(f"the OpenAPI file needs a value for {missing}; add it to the values") from None
