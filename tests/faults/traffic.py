"""The uploads of a fleet's month: late, repeated, revised and re-measured ones, and invalid ones (poison)."""

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from aws_kinesis_agg import MAGIC
from aws_kinesis_agg.aggregator import AggRecord
from aws_kinesis_agg.deaggregator import messages_pb2

from electrocloud.domain.readings.upload import QUALITIES
from producers.fleet.faults import Faults
from producers.fleet.fleet import Fleet
from producers.fleet.simulate import simulate
from producers.sending.uploads import uploads
from tests.faults.fleet import exports

HOUR_S, DAY_S = 3_600, 86_400
FAULTS = Faults(late=0.05, duplicates=0.05, gaps=0.003, corrections=0.1, silent=0.1)

Document = dict[str, Any]


class Sending(NamedTuple):
    """An upload and when it is sent, in s since 1970."""

    at: int
    meter_id: str
    payload: bytes
    readings: int


def month(fleet: Fleet, first: date, days: int, interval_s: int, every_s: int, rng: random.Random) -> list[Sending]:
    """The uploads of the fleet in order of sending: some days late, some of them revised, before or after."""
    sent: list[Sending] = []
    for delivery in uploads(fleet, simulate(fleet, first, days, interval_s), FAULTS, every_s):
        late_s = rng.randrange(DAY_S, 5 * DAY_S) if rng.random() < 0.05 else 0
        document = _with_export(msgspec.to_builtins(delivery.upload), delivery.at)
        sent.append(_sending(delivery.at + late_s, document))
        if rng.random() < 0.08:
            sent += [
                _sending(max(delivery.at + rng.randrange(-DAY_S // 2, 4 * DAY_S), _last_start(document)), revised)
                for revised in _revisions(document, rng)
            ]
    return sorted(sent, key=lambda sending: sending.at)


def _with_export(document: Document, at: int) -> Document:
    """Add to the uploads of every second meter the energy received by day, reactive energy to some of its readings, and
    readings of other qualities."""
    rng = random.Random(f"export {document['meter_id']} {at}")
    if not exports(document["meter_id"]):
        return document
    rows = [{**row, "quality": rng.choice(QUALITIES)} if rng.random() < 0.1 else row for row in document["readings"]]
    rows = [{**row, "varh": row["wh"] // 2} if row["wh"] % 4 else row for row in rows]
    exported = [
        {"start": row["start"], "wh": rng.randrange(3_000), "direction": "received"}
        | ({"quality": rng.choice(QUALITIES)} if rng.random() < 0.2 else {})
        for row in rows
        if "08" <= row["start"][11:13] < "18"
    ]
    return {**document, "readings": [*rows, *exported]}


def frame(payloads: Mapping[str, bytes]) -> bytes:
    """A KPL aggregate of uploads by partition key, whatever shard each belongs to."""
    record = AggRecord()
    for key, payload in payloads.items():
        assert record.add_user_record(key, payload)
    return record.get_contents()[2]


def poison_frame(payloads: Iterable[bytes], bad: int) -> bytes:
    """A KPL aggregate of uploads with `bad` invalid ones of a few bytes among them."""
    record = messages_pb2.AggregatedRecord(partition_key_table=["k"])
    tiny = [b"x%d" % number for number in range(bad)]
    for data in (*tiny[: bad // 2], *payloads, *tiny[bad // 2 :]):
        record.records.add(partition_key_index=0, data=data)
    message = record.SerializeToString()
    return MAGIC + message + hashlib.md5(message).digest()


POISON: dict[str, Callable[[Document, random.Random], bytes]] = {
    "no JSON": lambda document, _: _json(document)[:-7],
    "nothing": lambda *_: b"",
    "no UTF-8": lambda document, _: _json({**document, "meter_id": "\x01"}).replace(b"\\u0001", b"\xff"),
    "nested deep": lambda *_: b'{"meter_id":' + b"[" * 100_000,
    "unknown field": lambda document, _: _json({**document, "colour": "red"}),
    "no meter": lambda document, _: _json({**document, "meter_id": ""}),
    "text for energy": lambda document, rng: _json(_with(document, rng, wh="12")),
    "negative energy": lambda document, rng: _json(_with(document, rng, wh=-1)),
    "absurd energy": lambda document, rng: _json(_with(document, rng, wh=10_000_001)),
    "energy beyond integers": lambda document, rng: _json(_with(document, rng, wh=7)).replace(b'"wh":7', b'"wh":7e300'),
    "misaligned": lambda document, rng: _json(_with(document, rng, start=document["readings"][0]["start"][:-2] + "7Z")),
    "two days": lambda document, _: _json({**document, "readings": [*document["readings"], _moved(document, 1)]}),
    "year 9999": lambda document, _: _json({**document, "readings": [{"start": "9999-12-31T23:00:00-01:00", "wh": 1}]}),
    "energy of no direction": lambda document, rng: _json(_with(document, rng, direction="net")),
    "strange interval": lambda document, _: _json({**document, "interval_s": 420}),
    "too many readings": lambda document, _: _json({**document, "readings": document["readings"][:1] * 1_441}),
    "huge": lambda document, _: _json({**document, "readings": document["readings"][:1] * 12_000}),
    "of the future": lambda document, _: _json({**document, "readings": [_moved(document, 400)]}),
    "another head-end's meter": lambda document, rng: _json(
        {**_with(document, rng, revision=9), "caller": "arn:aws:iam::000000000000:user/other"}
    ),
    "operator by the API": lambda document, _: _json(
        {**document, "request_id": "r-1", "operator": _operator(0, "void")}
    ),
    "frame with a broken checksum": lambda document, rng: _flipped(frame({"k": _json(document)}), rng),
    "frame cut off": lambda document, rng: frame({"k": _json(document)})[: rng.randrange(4, 60)],
    "frame that is no message": lambda *_: MAGIC + b"\xff" * 9 + hashlib.md5(b"\xff" * 9).digest(),
}


def operators_action(sending: Sending, at: int, known: bool, rng: random.Random) -> Sending:
    """Void or correct some of an upload's readings; only those that have arrived (`known`) can be corrected."""
    document = msgspec.json.decode(sending.payload)
    rows = document["readings"]
    first = rng.randrange(len(rows))
    part = rows[first : first + rng.randint(1, 8)]
    action = rng.choice(("void", "correct")) if known else "void"
    readings = [
        {
            "start": row["start"],
            "wh": rng.randrange(3_000) if action == "correct" else 0,
            "direction": row.get("direction", "delivered"),
        }
        for row in part
    ]
    return _sending(at, {**document, "readings": readings, "operator": _operator(at, action)})


def poison(kind: str, payload: bytes, rng: random.Random) -> bytes:
    """The upload made invalid in one way."""
    return POISON[kind](msgspec.json.decode(payload), rng)


def _revisions(document: Document, rng: random.Random) -> Iterator[Document]:
    """Revisions of an upload: higher ones, two different ones of one number, or hours in place of shorter intervals."""
    for _ in range(rng.randint(1, 2)):
        revision = rng.randint(1, 3)
        yield {
            **document,
            "readings": [
                {
                    **row,
                    "revision": revision,
                    "wh": rng.randrange(3_000),
                    "voltage_v": round(rng.uniform(200, 250), 2),
                }
                for row in document["readings"]
            ],
        }
    if document["interval_s"] < HOUR_S and rng.random() < 0.3:
        hour = document["readings"][0]["start"][:13]
        yield {
            **document,
            "interval_s": HOUR_S,
            "readings": [{"start": f"{hour}:00:00Z", "wh": rng.randrange(3_000), "revision": rng.randint(0, 1)}],
        }


def _last_start(document: Document) -> int:
    """The last start (s): sent before it, the upload would hold readings of the future."""
    return max(int(datetime.fromisoformat(row["start"]).timestamp()) for row in document["readings"])


def _operator(at: int, action: str) -> Document:
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    return {"action": action, "by": "operator-1", "at": moment, "reason": f"of {at}"}


def _sending(at: int, document: Document) -> Sending:
    return Sending(at, document["meter_id"], _json(document), len(document["readings"]))


def _json(document: Document) -> bytes:
    return msgspec.json.encode(document)


def _with(document: Document, rng: random.Random, **fields: Any) -> Document:
    rows = list(document["readings"])
    place = rng.randrange(len(rows))
    rows[place] = {**rows[place], **fields}
    return {**document, "readings": rows}


def _moved(document: Document, days: int) -> Document:
    row = document["readings"][0]
    day = date.fromisoformat(row["start"][:10]) + timedelta(days=days)
    return {**row, "start": f"{day}{row['start'][10:]}"}


def _flipped(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    broken[rng.randrange(len(MAGIC), len(data))] ^= 1
    return bytes(broken)
