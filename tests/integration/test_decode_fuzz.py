"""Records by the thousand that are nearly right: bytes and fields of valid uploads and KPL frames changed at random.

Whatever comes, a record is an upload, or refused with a reason; it raises nothing else, and its neighbours are taken.
"""

import hashlib
import json
import os
import random
from datetime import UTC, datetime

import pytest
from aws_kinesis_agg import DIGEST_SIZE, MAGIC
from aws_kinesis_agg.aggregator import AggRecord

from electrocloud.aws.ingest.firehose_rows import to_rows
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.kpl import user_records
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.admission import DEFAULT, admit
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import decode
from tests.kits.examples import ARRIVED, kinesis_event, upload_json

CASES = 400 * int(os.environ.get("FUZZ_CASES", "10"))
NOW = datetime.fromtimestamp(ARRIVED, UTC)
GOOD = upload_json(meter_id="good")
STRANGE = [
    None, True, -1, 0, 1.5, 1e300, 2**63, 2**200, "", "2026-11-24", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "\x00", "\ud800", "é" * 5_000, [], {}, [[[[]]]], {"meter_id": "m-1"},
    float("nan"), float("inf"),
]  # fmt: skip


def changed_bytes(data: bytes, chance: random.Random) -> bytes:
    """Some bytes flipped, cut out, doubled or put in."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        length = chance.choice([1, 1, 2, 8, 64])
        match chance.randrange(4):
            case 0 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length]
            case _:
                out[at:at] = chance.randbytes(length)
    return bytes(out)


def changed_fields(data: bytes, chance: random.Random) -> bytes:
    """A value somewhere in the JSON replaced, left out, or a field more."""
    document = json.loads(data)
    where = chance.choice([document, chance.choice(document["readings"]), document["readings"]])
    strange = chance.choice(STRANGE)
    if isinstance(where, list):
        where.insert(chance.randrange(len(where) + 1), strange)
    else:
        name = chance.choice([*where, "more", "request_id", "caller", "operator"])
        where[name] = strange
        if chance.random() < 0.3:
            del where[name]
    return json.dumps(document).encode(errors="surrogatepass")


def frame(*payloads: bytes) -> bytes:
    record = AggRecord()
    for number, payload in enumerate(payloads):
        assert record.add_user_record(f"m-{number}", payload)
    return record.get_contents()[2]


def with_new_checksum(data: bytes) -> bytes:
    """A frame whose message was changed, and whose checksum says it was not."""
    message = data[len(MAGIC) : -DIGEST_SIZE]
    return MAGIC + message + hashlib.md5(message).digest()


def nearly_right(kind: str, chance: random.Random) -> bytes:
    upload = upload_json(wh=[chance.randrange(500) for _ in range(chance.choice([1, 4, 96]))])
    match kind:
        case "bytes":
            return changed_bytes(upload, chance)
        case "fields":
            return changed_fields(upload, chance)
        case "frame":
            return changed_bytes(frame(upload, GOOD), chance)
        case "frame's message":
            whole = frame(upload, GOOD)
            return with_new_checksum(
                MAGIC + changed_bytes(whole[len(MAGIC) : -DIGEST_SIZE], chance) + whole[-DIGEST_SIZE:]
            )
        case _:
            return frame(changed_fields(upload, chance), GOOD, changed_bytes(upload, chance))


KINDS = ["bytes", "fields", "frame", "frame's message", "uploads in a frame"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_nearly_valid_record_is_accepted_or_rejected_with_a_reason_and_its_neighbors_are_accepted(kind):
    chance = random.Random(f"decode {kind}")
    outcomes = {"taken": 0, "refused": 0}
    for start in range(0, CASES, 100):
        batch = [nearly_right(kind, chance) for _ in range(100)]
        accepted, refused = read_event(kinesis_event([GOOD, *batch, GOOD], first=start)["Records"])
        sequences = {got.sequence for got in accepted}
        assert {str(start), str(start + 101)} <= sequences
        for bad in refused:
            assert bad.reason
            assert bad.message
        # A record with a frame of no uploads is none of the two; nothing else may vanish.
        silent = {str(start + n) for n in range(102)} - sequences - {bad.sequence for bad in refused}
        assert all(user_records(batch[int(sequence) - start - 1]) == [] for sequence in silent)
        outcomes["taken"] += len(accepted) - 2
        outcomes["refused"] += len(refused)
        for got in accepted:
            day = MeterDay(got.upload.day)
            day.merge(got.upload)
            assert MeterDay.unpack(got.upload.day, day.pack()).hours_wh() == day.hours_wh()
    assert outcomes["refused"] > CASES // 20


@pytest.mark.parametrize("kind", ["bytes", "fields"])
def test_the_transform_rejects_what_the_metering_function_rejects(kind):
    chance = random.Random(f"transform {kind}")
    for _ in range(CASES // 4):
        payload = nearly_right(kind, chance)
        accepted, refused = read_event(kinesis_event([payload])["Records"])
        if len(accepted) + len(refused) != 1 or payload.startswith(MAGIC):
            continue
        if refused:
            (fault,) = admit([(payload, NOW.timestamp())], DEFAULT)
            assert isinstance(fault, UploadError)
            assert (fault.reason, str(fault)[:500]) == (refused[0].reason, refused[0].message)
        else:
            dt, rows = to_rows(decode(payload), NOW)
            assert dt == accepted[0].upload.day.isoformat()
            assert rows.count(b"\n") == len(accepted[0].upload.readings)


def test_rejected_bytes_are_kept_unchanged():
    chance = random.Random("kept")
    for _ in range(200):
        payload = nearly_right("frame", chance)
        _, refused = read_event(kinesis_event([payload])["Records"])
        for bad in refused:
            assert bad.payload in payload
