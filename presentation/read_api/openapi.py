"""What the read API's routes are called, and the OpenAPI document of them that docs/ keeps."""

import json
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, HTTPBearer

from presentation.read_api import models

DESCRIPTION = (
    "Usage, bills and forecasts. Operators call /v1/operator/…, signed with AWS Signature Version 4 for the service "
    "execute-api. Customers call /v1/customer/… with a token of their account, and see what is theirs."
)


_TEXT = {"type": "string", "format": "binary"}


class Content(NamedTuple):
    """An answer's media type and, of JSON, its model."""

    media_type: str
    model: type | None = None


class Route(NamedTuple):
    """A route, the method of `ReadApi` that answers it, and what it answers."""

    path: str
    method: str
    summary: str
    contents: tuple[Content, ...]


def _json(model: type) -> tuple[Content, ...]:
    return (Content("application/json", model),)


_BOTH = (
    Route("/meters/<meter_id>/usage", "usage", "A meter's usage", _json(models.UsagePage)),
    Route(
        "/meters/<meter_id>/green-button",
        "green_button",
        "A meter's usage and bills as Green Button",
        (Content("application/atom+xml"),),
    ),
    Route("/meters/<meter_id>/bills", "meter_bills", "A meter's bills", _json(models.BillList)),
    Route("/meters/<meter_id>/forecast", "month_forecast", "A meter's month-end", _json(models.MonthForecast)),
    Route("/agreements/<agreement_id>/bills", "agreement_bills", "An agreement's bills", _json(models.BillList)),
    Route(
        "/agreements/<agreement_id>/bills/<cycle>",
        "bill",
        "A bill, as JSON or PDF",
        (*_json(models.BillDocument), Content("application/pdf")),
    ),
)
ROUTES = (
    *(route._replace(path=f"/v1/{who}{route.path}") for who in ("operator", "customer") for route in _BOTH),
    Route("/v1/operator/forecasts", "series_forecast", "A forecast of the next days", _json(models.DayAheadForecast)),
)
_PROBLEMS = {
    400: "A parameter is wrong; the message says which.",
    401: "No token, or one that does not hold.",
    403: "Not signed, or not allowed to the signer.",
    404: "There is no such thing, or it is another customer's.",
    429: "Too many calls; call again later.",
}


def described(route: Route) -> dict[str, Any]:
    """How a route is described, as arguments of the resolver's `get`."""
    who = route.path.split("/")[2]
    responses: dict[int, Any] = {
        200: {
            "description": route.summary,
            "content": {
                one.media_type: {"model": one.model} if one.model else {"schema": _TEXT} for one in route.contents
            },
        },
        304: {"description": "What the caller has, by its If-None-Match, still holds."},
    }
    skipped = 403 if who == "customer" else 401
    responses |= {
        status: {"description": text, "content": {"application/json": {"model": models.Problem}}}
        for status, text in _PROBLEMS.items()
        if status != skipped
    }
    return {
        "summary": route.summary,
        "responses": responses,
        "tags": [who],
        "operation_id": f"{who}_{route.method}",
        "security": [{"token" if who == "customer" else "sigv4": []}],
    }


def openapi(app: APIGatewayRestResolver) -> str:
    """The OpenAPI document of the API, as indented JSON."""
    made = app.get_openapi_json_schema(
        title="ElectroCloud read API",
        version="1",
        description=DESCRIPTION,
        security_schemes={
            "sigv4": APIKey.model_validate(
                {"name": "Authorization", "in": APIKeyIn.header, "description": "AWS Signature Version 4"}
            ),
            "token": HTTPBearer(bearerFormat="JWT"),
        },
    )
    document = json.loads(made)
    for path in document["paths"].values():
        _correct(path["get"])
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {name: one for name, one in schemas.items() if "ValidationError" not in name}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _correct(operation: dict[str, Any]) -> None:
    """What Powertools adds for its own: problems are 400s here, and a parameter that is not given is no null."""
    del operation["responses"]["422"]
    operation["responses"]["304"].pop("content", None)
    for parameter in operation["parameters"]:
        for optional in parameter["schema"].pop("anyOf", [])[:1]:
            parameter["schema"] |= optional
