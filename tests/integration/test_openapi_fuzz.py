"""The gateway under calls that schemathesis makes from api/openapi.yaml, right and wrong ones, signed.

FUZZ_CASES sets how many for each route and kind: a few in `make test`, since they are slow to make; `make fuzz` takes
thousands.
"""

import json
import os
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
import schemathesis
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from multidict import CIMultiDict
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import decode
from laptop.gateway.authorization import Call
from tests.kits.gateway_kit import API_KEY, OPENAPI, REGION, FakeKinesis, gateway

CASES = int(os.environ.get("FUZZ_CASES", "10"))
SCHEMA = schemathesis.openapi.from_dict(yaml.safe_load(OPENAPI.read_text()))
ROUTES = [route for found in SCHEMA.get_all_operations() if (route := found.ok()).method == "post"]
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
BEHIND = {"misaligned", "two-days", "absurd-energy", "year", "contract", None}  # what only the consumer can tell


class StrictKinesis(FakeKinesis):
    """Refuses a call without records, as Kinesis does."""

    def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:  # noqa: N803
        if not Records:
            error = {"Code": "ValidationException", "Message": "Records has at least 1 member"}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, "PutRecords")
        return super().put_records(StreamName, Records)


def call_of(case: schemathesis.Case) -> Call:
    """The case as a signed call, as its sender would put it on the wire."""
    path = case.formatted_path
    query = urlencode(case.query or {}, doseq=True, quote_via=quote)
    body = case.body
    if not isinstance(body, bytes):
        body = b"" if type(body).__name__ == "NotSet" else json.dumps(body).encode()
    headers = {"Host": "gateway", "Content-Type": case.media_type or "application/json", "x-api-key": API_KEY}
    request = AWSRequest(case.method.upper(), f"http://gateway{path}" + (f"?{query}" if query else ""), headers, body)
    SigV4Auth(Credentials("HEADEND", "head-end secret"), "execute-api", REGION).add_auth(request)
    return Call(case.method.upper(), path, query, CIMultiDict(request.headers.items()), body)


def answer_to(case: schemathesis.Case, kinesis: FakeKinesis) -> schemathesis.Response:
    call = call_of(case)
    answer = gateway(kinesis).answer(call, "request-1")
    request = requests.Request(call.method, f"http://gateway{call.path}").prepare()
    headers = {"content-type": ["application/json"]}
    return schemathesis.Response(answer.status, headers, answer.body.encode(), request, elapsed=0.0, verify=True)


def reason(data: bytes) -> str | None:
    """Why the consumer would quarantine a record, None where it would not."""
    try:
        decode(data)
    except UploadError as fault:
        return fault.reason
    return None


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_valid_call_is_accepted_and_its_records_can_be_read(route):
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(route.as_strategy(generation_mode=POSITIVE))
    def check(case):
        kinesis = StrictKinesis()
        response = answer_to(case, kinesis)
        case.validate_response(response, checks=CHECKS)
        uploads = case.body["uploads"]
        own = (
            all(upload["meter_id"] == case.path_parameters["meter_id"] for upload in uploads)
            if case.path_parameters
            else True
        )
        if not own:
            assert (response.status_code, kinesis.taken) == (400, [])
            return
        assert response.status_code == 202
        assert len(kinesis.taken) == len(uploads)
        for record in kinesis.taken:
            assert reason(record["Data"]) in BEHIND

    check()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_an_invalid_call_is_rejected_with_a_message_and_nothing_is_accepted(route):
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(route.as_strategy(generation_mode=NEGATIVE))
    def check(case):
        kinesis = StrictKinesis()
        response = answer_to(case, kinesis)
        case.validate_response(response, checks=CHECKS)
        if response.status_code != 202:
            assert response.json()["message"]
            assert kinesis.taken == []

    check()
