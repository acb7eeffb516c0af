"""The laptop's cloud: whether its functions start."""

import io
import json
from typing import Any

import pytest

from electrocloud.domain.errors import SettingsError
from laptop.cloud import check_functions


class Lambda:
    """Functions by name, each with the error that it answers with, None for an answer without one."""

    def __init__(self, **errors: str | None) -> None:
        self._errors = errors

    def client(self, service: str) -> "Lambda":
        assert service == "lambda"
        return self

    def get_paginator(self, operation: str) -> "Lambda":
        assert operation == "list_functions"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        """A page for each function."""
        return [{"Functions": [{"FunctionName": name}]} for name in self._errors]

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  boto3's names
        error = self._errors[FunctionName]
        body = {"errorMessage": error, "errorType": "RuntimeError"} if error else {"batchItemFailures": []}
        return {"Payload": io.BytesIO(json.dumps(body).encode())} | ({"FunctionError": "Unhandled"} if error else {})


def test_functions_that_start_are_fine_even_if_they_refuse_the_empty_event() -> None:
    check_functions(Lambda(metering=None, transform="Firehose doesn't accept empty response"))


def test_functions_that_cannot_be_imported_are_named_with_the_reason() -> None:
    with pytest.raises(SettingsError) as fault:
        check_functions(Lambda(closing=None, metering="Worker init failed: No module named 'msgspec._core'"))
    assert "metering: Worker init failed: No module named 'msgspec._core'" in str(fault.value)
    assert "closing" not in str(fault.value)
