"""A gateway with a fake Kinesis that can fail on demand, and signed calls for it."""

import json
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from multidict import CIMultiDict

from analytics.template import ROOT
from laptop.gateway.authorization import Call, Principal
from laptop.gateway.openapi import read_api
from laptop.gateway.rest_api import RestApi
from laptop.gateway.server import ANY_CALL
from laptop.gateway.throttle import Throttle
from laptop.gateway.usage_plan import UsagePlan

OPENAPI = ROOT / "api" / "openapi.yaml"
REGION = "us-east-1"
API_KEY = "head-end-key-of-20-chars"
VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "ReadingsStream": "readings",
    "ReadApiFunctionAliaslive": "read",
}
API = read_api(OPENAPI, VALUES)
HEAD_END = {"HEADEND": Principal("head-end secret", ANY_CALL)}
UPLOAD = {
    "meter_id": "NL-1000",
    "interval_s": 900,
    "readings": [{"start": "2026-01-31T00:00:00Z", "wh": 120, "revision": 1, "voltage_v": 230.4}],
}


class FakeKinesis:
    """Accepts every record except those in `failing` (index: error code); raises `error` if set."""

    def __init__(self, failing: dict[int, str] | None = None, error: Exception | None = None) -> None:
        self.failing, self.error = failing or {}, error
        self.taken: list[dict[str, Any]] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.error:
            raise self.error
        assert StreamName == "readings"
        self.taken += [record for index, record in enumerate(Records) if index not in self.failing]
        results = [
            {"ErrorCode": self.failing[index], "ErrorMessage": "Rate exceeded"}
            if index in self.failing
            else {"ShardId": "shardId-000000000000", "SequenceNumber": str(index)}
            for index in range(len(Records))
        ]
        return {"FailedRecordCount": len(self.failing), "Records": results}


def now() -> datetime:
    return datetime.now(UTC)


def plan(**limits: Any) -> UsagePlan:
    """A usage plan with API_KEY and only the given limits."""
    return UsagePlan([API_KEY], **{"rate": 1e9, "burst": 10**9, "quota": 10**9, "now": now} | limits)


def gateway(
    kinesis: Any,
    principals: dict[str, Principal] = HEAD_END,
    throttle: Throttle | None = None,
    usage: UsagePlan | None = None,
    lambda_: Any = None,
) -> RestApi:
    throttle = throttle or Throttle(rate=1e9, burst=10**9)
    return RestApi(API, kinesis, principals, REGION, throttle, usage or plan(), now, lambda_)


def signed(
    body: Any, path: str = "/v1/uploads", key: str = "HEADEND", secret: str = "head-end secret", **headers: str
) -> Call:
    """A POST signed now; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Host": "gateway", "Content-Type": "application/json", "x-api-key": API_KEY, **headers}
    request = AWSRequest("POST", f"http://gateway{path}", sent, data)
    SigV4Auth(Credentials(key, secret), "execute-api", REGION).add_auth(request)
    return Call("POST", path, "", CIMultiDict(request.headers.items()), data)


def signed_get(path: str, query: str = "", **headers: str) -> Call:
    """A GET signed now by HEADEND, who may call every route."""
    url = f"http://gateway{path}" + (f"?{query}" if query else "")
    request = AWSRequest("GET", url, {"Host": "gateway", **headers})
    SigV4Auth(Credentials("HEADEND", "head-end secret"), "execute-api", REGION).add_auth(request)
    return Call("GET", path, query, CIMultiDict(request.headers.items()), b"")


def answered(gateway_: RestApi, call: Call) -> tuple[int, dict[str, Any]]:
    """The status and decoded body of the gateway's response."""
    answer = gateway_.answer(call, "request-1")
    return answer.status, json.loads(answer.body)
