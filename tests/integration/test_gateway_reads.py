"""The gateway's routes to the read function: who gets through, what the function gets, and what is passed back."""

import base64
import io
import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from multidict import CIMultiDict

from laptop.gateway.authorization import Call, Principal
from laptop.gateway.throttle import Throttle
from tests.kits.gateway_kit import FakeKinesis, gateway, signed_get


class FakeLambda:
    """Answers each invocation with the same; raises it if it is an error."""

    def __init__(self, answer: Any, error: str = "") -> None:
        self._answer, self._error = answer, error
        self.events: list[dict[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "read"
        if isinstance(self._answer, Exception):
            raise self._answer
        self.events.append(json.loads(Payload))
        found = {"Payload": io.BytesIO(json.dumps(self._answer).encode())}
        return found | ({"FunctionError": self._error} if self._error else {})


OK = {"statusCode": 200, "multiValueHeaders": {"ETag": ['"x"'], "Content-Type": ["application/json"]}, "body": "{}"}
PDF = {"statusCode": 200, "headers": {"Content-Type": "application/pdf"}, "isBase64Encoded": True,
       "body": base64.b64encode(b"%PDF-").decode()}  # fmt: skip


def test_an_operators_signed_call_reaches_the_function_with_who_signed_it() -> None:
    lambda_ = FakeLambda(OK)
    call = signed_get("/v1/operator/meters/M-1/usage", "from=2026-07-01&quality=measured&quality=edited")
    answer = gateway(FakeKinesis(), lambda_=lambda_).answer(call, "r-1")
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, "{}", ['"x"'])
    assert answer.route == "/v1/operator/{read+}"
    (event,) = lambda_.events
    assert event["path"] == "/v1/operator/meters/M-1/usage"
    assert event["pathParameters"] == {"read": "meters/M-1/usage"}
    assert event["requestContext"]["identity"]["userArn"] == "arn:aws:iam::000000000000:user/laptop"
    assert event["multiValueQueryStringParameters"] == {"from": ["2026-07-01"], "quality": ["measured", "edited"]}


def test_a_customers_call_reaches_the_function_unsigned() -> None:
    lambda_ = FakeLambda(OK)
    headers = CIMultiDict({"Authorization": "Bearer a.b.c"})
    call = Call("GET", "/v1/customer/meters/M-1/usage", "", headers, b"")
    assert gateway(FakeKinesis(), lambda_=lambda_).answer(call, "r-1").status == 200
    assert lambda_.events[0]["requestContext"]["identity"]["userArn"] is None
    assert lambda_.events[0]["headers"]["Authorization"] == "Bearer a.b.c"


def test_an_operators_call_without_a_signature_or_a_right_never_reaches_the_function() -> None:
    lambda_ = FakeLambda(OK)
    unsigned = Call("GET", "/v1/operator/meters/M-1/usage", "", CIMultiDict(), b"")
    assert gateway(FakeKinesis(), lambda_=lambda_).answer(unsigned, "r-1").status == 403
    uploads = {"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*/POST/v1/uploads"}}
    head_end = {"HEADEND": Principal("head-end secret", uploads)}
    call = signed_get("/v1/operator/meters/M-1/usage")
    assert gateway(FakeKinesis(), head_end, lambda_=lambda_).answer(call, "r-1").status == 403
    slow = gateway(FakeKinesis(), throttle=Throttle(rate=0, burst=0), lambda_=lambda_)
    assert slow.answer(call, "r-1").status == 429
    assert lambda_.events == []


@pytest.mark.parametrize(
    ("accept", "body"),
    [("application/pdf", b"%PDF-"), ("application/pdf;q=1, */*", b"%PDF-"), ("*/*", PDF["body"])],
)
def test_bytes_are_decoded_where_the_first_accepted_type_is_pdf(accept: str, body: str | bytes) -> None:
    call = signed_get("/v1/operator/agreements/AG-1/bills/2026-07", Accept=accept)
    assert gateway(FakeKinesis(), lambda_=FakeLambda(PDF)).answer(call, "r-1").body == body


@pytest.mark.parametrize(
    ("answer", "error", "status"),
    [
        ({"errorMessage": "boom"}, "Unhandled", 502),
        ("no response", "", 502),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1"), "", 502),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1"), "", 504),
    ],
)
def test_a_function_that_fails_is_a_5xx_with_a_message(answer: Any, error: str, status: int) -> None:
    found = gateway(FakeKinesis(), lambda_=FakeLambda(answer, error)).answer(
        signed_get("/v1/operator/forecasts"), "r-1"
    )
    assert found.status == status
    message = json.loads(found.body)["message"]
    assert message
    assert "boom" not in message
