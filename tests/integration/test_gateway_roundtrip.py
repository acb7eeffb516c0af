"""Any call: the stream gets what was sent or nothing, and the caller gets a clear answer."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import INTERVALS_S, Upload, decode
from tests.kits.gateway_kit import FakeKinesis, answered, gateway, signed

DAY = datetime(2026, 1, 31, tzinfo=UTC)


class Written(float):
    """A number that goes into the JSON as it is written here, such as 2.304E+2."""

    def __new__(cls, text: str) -> "Written":
        number = super().__new__(cls, text)
        number.text = text  # type: ignore[attr-defined]
        return number

    def __repr__(self) -> str:
        return str(self.text)  # type: ignore[attr-defined]


def as_json(value: Any, escaped: bool) -> str:
    """JSON as an odd but correct client writes it: numbers as `Written` has them, letters as \\u escapes."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{as_json(k, escaped)}\t: {as_json(v, escaped)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ,\n".join(as_json(item, escaped) for item in value) + "]"
    if isinstance(value, str) and escaped:
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'
    return repr(value) if isinstance(value, Written) else json.dumps(value)


@st.composite
def readings(draw: st.DrawFn) -> dict[str, Any]:
    zone = timezone(timedelta(minutes=draw(st.sampled_from([0, 345, -480, 60]))))
    start = (DAY + timedelta(minutes=draw(st.integers(-60, 1500)))).astimezone(zone)
    fraction = draw(st.sampled_from(["", ".000", ".5"]))
    text = start.isoformat()[:19] + fraction + start.isoformat()[19:].replace("+00:00", "Z")
    reading: dict[str, Any] = {"start": text, "wh": draw(st.integers(0, 10_000_000))}
    if draw(st.booleans()):
        reading["revision"] = draw(st.integers(0, 65_535))
    if draw(st.booleans()):
        volts = st.sampled_from(["230", "2.304E+2", "0e0", "230.10000000000000001", "1e-7", "999999.9999999999"])
        reading["voltage_v"] = Written(draw(volts))
    return reading


UPLOADS = st.fixed_dictionaries(
    {
        "meter_id": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z"),
        "interval_s": st.sampled_from(INTERVALS_S),
        "readings": st.lists(readings(), min_size=1, max_size=6),
    }
)


def outcome(data: bytes) -> Upload | tuple[str, str]:
    """What the consumer makes of a record, whatever call brought it: its upload, or the reason for the quarantine."""
    try:
        return replace(decode(data), request_id=None, caller=None)
    except UploadError as fault:
        return fault.reason, str(fault)


@settings(deadline=None)
@given(st.lists(UPLOADS, min_size=1, max_size=5), st.booleans())
def test_the_consumer_makes_of_the_record_what_it_would_make_of_the_upload_as_sent(
    uploads: list[dict[str, Any]], escaped: bool
):
    kinesis = FakeKinesis()
    body = as_json({"uploads": uploads}, escaped).encode()
    assert answered(gateway(kinesis), signed(body)) == (202, {"accepted": len(uploads)})
    for upload, record in zip(uploads, kinesis.taken, strict=True):
        assert record["PartitionKey"] == upload["meter_id"]
        assert outcome(record["Data"]) == outcome(as_json(upload, escaped).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PLACES = st.sampled_from(
    [
        ("uploads",),
        ("uploads", 0),
        ("uploads", 0, "meter_id"),
        ("uploads", 0, "interval_s"),
        ("uploads", 0, "readings"),
        ("uploads", 0, "readings", 0),
        ("uploads", 0, "readings", 0, "start"),
        ("uploads", 0, "readings", 0, "wh"),
        ("uploads", 0, "readings", 0, "voltage_v"),
        ("uploads", 0, "readings", 0, "new"),
    ]
)


@settings(deadline=None)
@given(PLACES, JSON, st.sampled_from(["/v1/uploads", "/v1/meters/A/uploads"]))
def test_any_value_in_any_place_is_taken_whole_or_refused_with_a_reason(
    place: tuple[str | int, ...], value: Any, path: str
):
    body = {"uploads": [{"meter_id": "A", "interval_s": 900, "readings": [{"start": "2026-01-31T00:00:00Z", "wh": 1}]}]}
    part: Any = body
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    kinesis = FakeKinesis()
    status, answer = answered(gateway(kinesis), signed(json.dumps(body).encode(), path=path))
    if status == 202:
        assert [outcome(record["Data"]) for record in kinesis.taken] == [
            outcome(json.dumps(upload).encode()) for upload in body["uploads"]
        ]
    else:
        assert status == 400
        assert answer["message"]
        assert kinesis.taken == []


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_reason(body: bytes):
    kinesis = FakeKinesis()
    status, answer = answered(gateway(kinesis), signed(body))
    assert status == 400
    assert answer["faults"]
    assert kinesis.taken == []


@pytest.mark.parametrize("depth", [10, 300, 900, 100_000])
def test_a_body_that_is_nested_without_end_is_refused_like_any_other(depth: int):
    body = b'{"uploads": ' + b"[" * depth + b"]" * depth + b"}"
    status, answer = answered(gateway(FakeKinesis()), signed(body))
    assert status == 400
    assert len(answer["faults"]) < 1500
