"""The read API under calls that schemathesis makes from its OpenAPI document, right and wrong ones.

FUZZ_CASES sets how many for each route and kind: a few in `make test`; `make fuzz` takes thousands.
"""

import base64
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from presentation.read_api.openapi import ROUTES
from tests.integration.test_read_api import world  # noqa: F401  a fixture
from tests.kits.function_kit import CONTEXT
from tests.kits.read_api_kit import OPERATOR, event
from tools.read_api_document import document

CASES = int(os.environ.get("FUZZ_CASES", "15"))
SCHEMA = schemathesis.openapi.from_dict(json.loads(document()))
FOUND = [found.ok() for found in SCHEMA.get_all_operations()]
KNOWN = {"meter_id": "M-1", "agreement_id": "AG-1", "cycle": "2026-07"}
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture(scope="module")
def token(world: Any) -> Iterator[str]:  # noqa: F811
    return world.api._sources.tokens.issue("A-1", 3_600)


def test_every_route_is_fuzzed() -> None:
    assert len(FOUND) == len(ROUTES) == 13


@pytest.mark.parametrize("mode", MODES, ids=["valid", "invalid"])
@pytest.mark.parametrize("route", FOUND, ids=lambda route: route.path)
def test_any_call_has_an_answer_that_the_document_describes(world, token, route, mode) -> None:  # noqa: F811
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(route.as_strategy(generation_mode=mode))
    def check(case):
        if mode is MODES[0]:  # what exists is asked for, so that not all answers are 404
            case.path_parameters = {name: KNOWN[name] for name in case.path_parameters or {}}
        query = urlencode(case.query or {}, doseq=True, quote_via=quote)
        url = case.formatted_path + (f"?{query}" if query else "")
        operator = case.path.startswith("/v1/operator/")
        headers = {} if operator else {"Authorization": f"Bearer {token}"}
        found = world.api.answer(event(url, OPERATOR if operator else None, **headers), CONTEXT)
        case.validate_response(response_of(url, found), checks=CHECKS)
        if mode is MODES[0]:
            assert found["statusCode"] in (200, 400, 404)

    check()


def response_of(url: str, found: dict[str, Any]) -> schemathesis.Response:
    body = found["body"] or ""
    data = base64.b64decode(body) if found["isBase64Encoded"] else body.encode()
    headers = {name.lower(): values for name, values in found.get("multiValueHeaders", {}).items()}
    headers |= {name.lower(): [value] for name, value in (found.get("headers") or {}).items()}
    request = requests.Request("GET", f"http://gateway{url}").prepare()
    return schemathesis.Response(found["statusCode"], headers, data, request, elapsed=0.0, verify=True)
