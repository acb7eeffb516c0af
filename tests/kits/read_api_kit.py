"""The read API over AWS in memory, and the events that API Gateway would call it with."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3

from electrocloud.aws.customer_tokens import CustomerTokens
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.meter_lookup import MeterLookup
from electrocloud.aws.store.meter_reader import MeterReader
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.service_lookup import ServiceLookup
from electrocloud.aws.store.statements import StatementReader
from presentation.read_api.routes import ReadApi, Sources
from tests.kits.billing_kit import instant
from tests.kits.function_kit import CONTEXT

OPERATOR = "arn:aws:iam::111122223333:role/operators"
NOW = instant("2026-08-10T12:00", "America/Phoenix")


class Names:
    """The tables of the tests' AWS in memory."""

    windows_table, bills_table, meters_table = "windows", "bills", "meters"


def token_key() -> str:
    """A key for customers' tokens in the KMS in memory."""
    made = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    return str(made["KeyMetadata"]["KeyId"])


def read_api(key: str, now: float = NOW) -> ReadApi:
    dynamodb = boto3.client("dynamodb")
    tables = RegistryTables("service_points", "meters", "tariffs", "accounts")
    registry = RegistryStore(dynamodb, tables, lambda _: None)
    services = ServiceLookup(registry, MeterLookup(dynamodb, "meters", lambda _: None, lambda: now), lambda: now)
    statements = StatementReader(dynamodb, "bills", registry, lambda _: None, lambda: now)
    tokens = CustomerTokens(boto3.client("kms"), key, lambda: now)
    meters, forecasts = MeterReader(dynamodb, Names()), Forecasts(dynamodb, "forecasts")
    sources = Sources(meters, registry, services, statements, forecasts, tokens)
    return ReadApi(sources, lambda: now)


def event(url: str, signer: str | None = None, **headers: str) -> dict[str, Any]:
    """The event of a proxy integration for a GET; `signer` is the ARN of who signed it. `_` in names is a dash."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "resource": "/v1/customer/{read+}",
        "path": parts.path,
        "httpMethod": "GET",
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "stage": "prod", "path": f"/prod{parts.path}", "identity": {"userArn": signer}, "requestId": "r-1",
        },
        "body": None,
        "isBase64Encoded": False,
    }  # fmt: skip


class Client:
    """Calls the API as an operator, or with a customer's token."""

    def __init__(self, api: ReadApi, token: str | None = None) -> None:
        self._api, self._token = api, token

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """The whole response to a path below the caller's own, such as `meters/M-1/usage`."""
        if self._token is None:
            return self._api.answer(event(f"/v1/operator/{path}", OPERATOR, **headers), CONTEXT)
        return self._api.answer(
            event(f"/v1/customer/{path}", None, Authorization=f"Bearer {self._token}", **headers), CONTEXT
        )

    def json(self, path: str, status: int = 200) -> Any:
        """The decoded body of the response to a path."""
        answer = self.get(path)
        assert answer["statusCode"] == status, answer
        return json.loads(answer["body"])
