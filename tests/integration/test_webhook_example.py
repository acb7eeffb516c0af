"""The example of a webhook takes each event once, and only from who has the key."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest

from analytics.template import ROOT
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.billing.bill_events import BillEvent, bill_event
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, load

WEBHOOK = runpy.run_path(str(ROOT / "examples" / "webhook" / "receiver.py"))


def event() -> BillEvent:
    (bill,) = bills(tariff_from_urdb(document(0.1)), load("2026-07-01T00:00", [1000] * 744))
    return bill_event(BillKey("AG-1", "2026-07"), bill)


class Webhook:
    """A running receiver, and what it has handled. While `broken` it fails."""

    def __init__(self, folder: Path) -> None:
        self.handled: list[dict[str, Any]] = []
        self.broken = False
        self._server = WEBHOOK["server"](0, "key", str(folder / "events.sqlite"), self._handle)

    def start(self) -> None:
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def post(self, body: bytes, key: str = "key") -> int:
        url = f"http://127.0.0.1:{self._server.server_port}"
        try:
            with urlopen(Request(url, body, {"x-api-key": key}), timeout=30) as answer:
                return int(answer.status)
        except HTTPError as fault:
            return fault.code

    def _handle(self, found: dict[str, Any]) -> None:
        if self.broken:
            raise OSError("the ledger is away")
        self.handled.append(found)


@pytest.fixture
def webhook(tmp_path: Path) -> Iterator[Webhook]:
    found = Webhook(tmp_path)
    found.start()
    yield found
    found.stop()


def test_an_event_that_is_sent_twice_is_handled_once(webhook: Webhook):
    body = msgspec.json.encode(event())

    assert [webhook.post(body), webhook.post(body)] == [204, 204]
    assert webhook.handled == [msgspec.json.decode(body)]
    assert webhook.handled[0]["data"]["amount_due"] == "74.40"


def test_an_event_that_could_not_be_handled_is_taken_the_next_time(webhook: Webhook):
    webhook.broken = True
    assert webhook.post(msgspec.json.encode(event())) == 500
    webhook.broken = False
    assert webhook.post(msgspec.json.encode(event())) == 204
    assert len(webhook.handled) == 1


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"id": "1"}'])
def test_what_is_no_event_is_refused(webhook: Webhook, body: bytes):
    assert webhook.post(body) == 400


def test_a_caller_without_the_key_is_refused(webhook: Webhook):
    assert webhook.post(msgspec.json.encode(event()), key="guess") == 401
    assert webhook.handled == []
