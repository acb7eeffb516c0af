"""The metering function's processes: each loads consumers/metering/app.py, as a cold start does."""

import importlib.util
import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from types import ModuleType
from typing import Any
from unittest import mock

import boto3
import msgspec

from analytics.template import ROOT
from electrocloud.aws.store import service_lookup
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.faults.event_source import Event
from tests.faults.injected_faults import Killed
from tests.kits.function_kit import CONTEXT, ENVIRONMENT

APP = ROOT / "consumers" / "metering" / "app.py"


class Function:
    """Invokes the handler in an idle process or a new one. A killed process is not reused."""

    def __init__(self, dynamodb: Any, s3: Any) -> None:
        self._clients = {"dynamodb": dynamodb, "s3": s3}
        self._idle: list[ModuleType] = []
        self.cold_starts = 0

    def invoke(self, event: Event) -> Any:
        process = self._idle.pop() if self._idle else self._start()
        try:
            return process.handler(event, CONTEXT)
        except Killed:
            process = None
            raise
        finally:
            if process:
                self._idle.append(process)

    def _start(self) -> ModuleType:
        self.cold_starts += 1
        spec = importlib.util.spec_from_file_location("metering_process", APP)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        with mock.patch.object(boto3, "client", lambda service, **_: self._clients[service]):
            spec.loader.exec_module(module)
        return module


@contextmanager
def environment() -> Iterator[None]:
    """The functions' environment, with logs and metrics discarded.

    All processes share one buffer of metrics here, so one may find it empty and warn.
    """
    logging.disable()
    try:
        with (
            mock.patch.dict(os.environ, ENVIRONMENT | {"POWERTOOLS_LOG_LEVEL": "CRITICAL"}),
            mock.patch.object(service_lookup, "tariff_from_urdb", _cached_tariff),
            warnings.catch_warnings(action="ignore"),
            redirect_stdout(io.StringIO()),
        ):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _cached_tariff(document: Any) -> Tariff:
    """The tariff of a document, cached: thousands of cold starts parse the same few, a third of a run's time."""
    return _tariff(msgspec.json.encode(document))


@cache
def _tariff(document: bytes) -> Tariff:
    return tariff_from_urdb(msgspec.json.decode(document))
