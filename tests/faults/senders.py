"""The ways into the stream, each by the code that takes it: the API, a head-end's frames, and what others may do."""

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
from tests.faults import cargo
from tests.faults.mishaps import Intake, Mishaps
from tests.faults.stream import HASHES, MemoryStream
from tests.kits.gateway_kit import API_KEY, REGION, gateway

if TYPE_CHECKING:
    from collections.abc import Callable

THROUGH_THE_API = ("misaligned", "two days", "year 9999", "of the future")  # what its schema cannot tell
RAW = ("frame", "nothing", "huge", "nested", "too many")  # no payload of a frame


class _Response(NamedTuple):
    status_code: int
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class _Session:
    """HTTP without the sockets: calls go straight to the gateway."""

    def __init__(self, api: RestApi) -> None:
        self._api = api

    def send(self, request: AWSPreparedRequest) -> _Response:
        headers = CIMultiDict({"Host": "gateway", **request.headers})
        call = Call("POST", "/v1/uploads", "", headers, request.body)
        answer = self._api.answer(call, "r-1")
        return _Response(answer.status, answer.body.encode())


class Senders:
    """Meters send now to the API, now through a head-end. `tally` counts their readings."""

    def __init__(self, stream: MemoryStream, mishaps: Mishaps, chance: random.Random) -> None:
        self._stream, self._mishaps, self._chance = stream, mishaps, chance
        self.tally = SendCounts()
        wait: Callable[[int], None] = lambda attempt: None  # noqa: E731
        self._intake = Intake(stream, mishaps, tries=5)
        self._head_end = HeadEndSender(self._intake, "readings", self.tally, wait)
        credentials = Credentials("HEADEND", "head-end secret")
        self._api = ApiSender("http://gateway", credentials, REGION, API_KEY, self.tally, wait)
        self._api._session = _Session(gateway(Intake(stream, mishaps, tries=1)))

    def send(self, sending: cargo.Sending) -> None:
        way: Any = self._chance.choice((self._head_end, self._api))
        way.send(sending.meter_id, sending.payload, sending.readings)

    def flush(self) -> None:
        self._head_end.flush()
        self._api.flush()

    def carelessly(self, sendings: list[cargo.Sending]) -> None:
        """One frame of any meters, to any shard."""
        self._count(sendings)
        data = cargo.frame({f"{number}": sending.payload for number, sending in enumerate(sendings)})
        self._put(data, "k", str(self._chance.randrange(HASHES)))

    def poison_frame(self, sendings: list[cargo.Sending], bad: int) -> None:
        """One frame of uploads among thousands of bad ones, and more uploads behind it in its shard."""
        self._count(sendings)
        half = len(sendings) // 2
        shard = str(self._chance.randrange(HASHES))
        self._put(cargo.poison_frame([sending.payload for sending in sendings[:half]], bad), "k", shard)
        for sending in sendings[half:]:
            self._put(sending.payload, sending.meter_id, shard)

    def operate(self, action: cargo.Sending) -> None:
        """What `electrocloud readings` puts into the stream."""
        self._put(action.payload, action.meter_id)

    def again(self) -> None:
        """A record that is in the stream already, once more."""
        records = list(self._stream.records())
        if records:
            record = self._chance.choice(records)
            self._put(record.data, record.key)

    def poison(self, kind: str, payload: bytes, meter_id: str) -> None:
        """Bad bytes, by a way that lets them through."""
        if kind in THROUGH_THE_API and self._chance.random() < 0.5:
            self._api.send(meter_id, payload, 0)
        elif kind.startswith(RAW) or self._chance.random() < 0.5:
            self._put(payload, meter_id)
        else:
            self._head_end.send(meter_id, payload, 0)

    def _count(self, sendings: list[cargo.Sending]) -> None:
        self.tally.sent += sum(sending.readings for sending in sendings)
        self.tally.accepted += sum(sending.readings for sending in sendings)

    def _put(self, data: bytes, key: str, hash_key: str | None = None) -> None:
        explicit = {"ExplicitHashKey": hash_key} if hash_key else {}
        self._stream.take({"PartitionKey": key, "Data": data, **explicit})
