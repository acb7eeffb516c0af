"""The channels into the stream: the product's senders (API, head-end), and what other producers may put there."""

import random
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.awsrequest import AWSPreparedRequest
from botocore.credentials import Credentials
from multidict import CIMultiDict

from laptop.gateway.authorization import Call
from laptop.gateway.rest_api import RestApi
from producers.sending.api import ApiSender
from producers.sending.head_end import HeadEndSender
from producers.sending.send_counts import SendCounts
from tests.faults import traffic
from tests.faults.injected_faults import FaultInjector, Intake
from tests.faults.stream import HASHES, MemoryStream
from tests.kits.gateway_kit import API_KEY, REGION, gateway

if TYPE_CHECKING:
    from collections.abc import Callable

PASSES_API = ("misaligned", "two days", "year 9999", "of the future")  # the API's schema cannot detect these
RAW = ("frame", "nothing", "huge", "nested", "too many")  # cannot be part of an aggregate


class _Response(NamedTuple):
    status_code: int
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class _Session:
    """HTTP without sockets: calls the gateway directly."""

    def __init__(self, api: RestApi) -> None:
        self._api = api

    def send(self, request: AWSPreparedRequest) -> _Response:
        headers = CIMultiDict({"Host": "gateway", **request.headers})
        call = Call("POST", "/v1/uploads", "", headers, request.body)
        answer = self._api.answer(call, "r-1")
        return _Response(answer.status, answer.body.encode())


class Senders:
    """Meters send by the API or through a head-end, chosen at random. `counts` counts their readings."""

    def __init__(self, stream: MemoryStream, injector: FaultInjector, rng: random.Random) -> None:
        self._stream, self._injector, self._rng = stream, injector, rng
        self.counts = SendCounts()
        wait: Callable[[int], None] = lambda attempt: None  # noqa: E731
        self._intake = Intake(stream, injector, tries=5)
        self._head_end = HeadEndSender(self._intake, "readings", self.counts, wait)
        credentials = Credentials("HEADEND", "head-end secret")
        self._api = ApiSender("http://gateway", credentials, REGION, API_KEY, self.counts, wait)
        self._api._session = _Session(gateway(Intake(stream, injector, tries=1)))

    def send(self, sending: traffic.Sending) -> None:
        channel: Any = self._rng.choice((self._head_end, self._api))
        channel.send(sending.meter_id, sending.payload, sending.readings)

    def flush(self) -> None:
        self._head_end.flush()
        self._api.flush()

    def send_unsharded_frame(self, sendings: list[traffic.Sending]) -> None:
        """Put one aggregate of meters of several shards into any shard."""
        self._count(sendings)
        data = traffic.frame({f"{number}": sending.payload for number, sending in enumerate(sendings)})
        self._put(data, "k", str(self._rng.randrange(HASHES)))

    def poison_frame(self, sendings: list[traffic.Sending], bad: int) -> None:
        """Put one aggregate of uploads among thousands of invalid ones, and more uploads behind it in its shard."""
        self._count(sendings)
        half = len(sendings) // 2
        shard = str(self._rng.randrange(HASHES))
        self._put(traffic.poison_frame([sending.payload for sending in sendings[:half]], bad), "k", shard)
        for sending in sendings[half:]:
            self._put(sending.payload, sending.meter_id, shard)

    def operate(self, action: traffic.Sending) -> None:
        """Put what `electrocloud readings` puts into the stream."""
        self._put(action.payload, action.meter_id)

    def resend(self) -> None:
        """Put a record of the stream into it again."""
        records = list(self._stream.records())
        if records:
            record = self._rng.choice(records)
            self._put(record.data, record.key)

    def poison(self, kind: str, payload: bytes, meter_id: str) -> None:
        """Send invalid bytes by a channel that accepts them."""
        if kind in PASSES_API and self._rng.random() < 0.5:
            self._api.send(meter_id, payload, 0)
        elif kind.startswith(RAW) or self._rng.random() < 0.5:
            self._put(payload, meter_id)
        else:
            self._head_end.send(meter_id, payload, 0)

    def _count(self, sendings: list[traffic.Sending]) -> None:
        self.counts.sent += sum(sending.readings for sending in sendings)
        self.counts.accepted += sum(sending.readings for sending in sendings)

    def _put(self, data: bytes, key: str, hash_key: str | None = None) -> None:
        explicit = {"ExplicitHashKey": hash_key} if hash_key else {}
        self._stream.take({"PartitionKey": key, "Data": data, **explicit})
