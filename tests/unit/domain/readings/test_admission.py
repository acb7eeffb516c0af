"""Uploads that keep the contract and are not admitted: readings of the future, and other head-ends' meters."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.admission import Admission, admit
from electrocloud.domain.readings.upload import Upload, decode
from tests.kits.examples import upload_json

DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
OWN, OTHER = "arn:aws:sts::1:assumed-role/HeadEnd", "arn:aws:sts::1:assumed-role/HeadEnd2"


class Arrived(NamedTuple):
    upload: Upload
    arrived: float


def refusal(payload: bytes, arrived: datetime, minutes: int = 15, head_end: str = "") -> UploadError | None:
    admission = Admission(minutes * 60, lambda meters: dict.fromkeys(meters, head_end) if head_end else {})
    return admission.refusals([Arrived(decode(payload), arrived.timestamp())]).get(0)


def sent_by(caller: str | None, **fields: object) -> bytes:
    document = json.loads(upload_json()) | ({"caller": caller} if caller else {}) | fields
    return json.dumps(document).encode()


@pytest.mark.parametrize(("ahead_s", "admitted"), [(-1, True), (0, True), (900, True), (901, False), (86_400, False)])
def test_a_reading_may_start_fifteen_minutes_ahead_of_its_arrival(ahead_s: int, admitted: bool) -> None:
    last = MIDNIGHT + timedelta(hours=12)
    arrived = last - timedelta(seconds=ahead_s)
    fault = refusal(upload_json(day=DAY, wh=[1], first=48), arrived)
    assert (fault is None) is admitted
    if fault:
        assert fault.reason == "future"
        assert "2026-11-24T12:00:00Z" in str(fault)
        assert "set the meter's clock" in str(fault)


def test_one_reading_of_the_future_takes_its_whole_upload_along() -> None:
    fault = refusal(upload_json(day=DAY, wh=[1] * 96), MIDNIGHT + timedelta(hours=23))
    assert fault is not None
    assert fault.reason == "future"


def test_at_midnight_the_next_day_may_have_begun() -> None:
    assert refusal(upload_json(day=DAY, wh=[1]), MIDNIGHT - timedelta(minutes=10)) is None
    assert refusal(upload_json(day=DAY, wh=[1]), MIDNIGHT - timedelta(minutes=10), minutes=5) is not None


def test_an_operator_may_void_readings_of_the_future_and_not_make_any() -> None:
    operator = {"by": "op", "at": "2026-11-24T00:00:00Z", "reason": "clock"}
    future = date(2099, 12, 31)
    payloads = [json.loads(upload_json(day=future, wh=[0])) for _ in range(2)]
    for document, action in zip(payloads, ("void", "correct"), strict=True):
        document["operator"] = operator | {"action": action}
        document["readings"] = [{"start": document["readings"][0]["start"], "wh": 0}]
    void, correct = (refusal(json.dumps(document).encode(), MIDNIGHT) for document in payloads)
    assert void is None
    assert correct is not None


def test_an_operators_clock_is_checked_too_or_no_later_action_could_replace_this_one() -> None:
    document = json.loads(upload_json(day=DAY, wh=[0]))
    document["readings"] = [{"start": "2026-11-24T00:00:00Z", "wh": 0}]
    document["operator"] = {"action": "void", "by": "op", "at": "2090-01-01T00:00:00Z", "reason": "x"}
    fault = refusal(json.dumps(document).encode(), MIDNIGHT + timedelta(days=1))
    assert fault is not None
    assert fault.reason == "future"


@pytest.mark.parametrize("caller", [OWN, f"{OWN}/session-1", "meter:m-1", None])
def test_a_meters_head_end_the_meter_itself_and_the_stream_may_send(caller: str | None) -> None:
    assert refusal(sent_by(caller), MIDNIGHT + timedelta(days=1), head_end=OWN) is None


@pytest.mark.parametrize("caller", [OTHER, f"{OTHER}/session-1", "meter:m-2", "arn:aws:iam::1:user/x"])
def test_nobody_else_may(caller: str) -> None:
    fault = refusal(sent_by(caller), MIDNIGHT + timedelta(days=1), head_end=OWN)
    assert fault is not None
    assert fault.reason == "head-end"
    assert caller in str(fault)


def test_a_meter_without_a_head_end_takes_uploads_from_any() -> None:
    assert refusal(sent_by(OTHER), MIDNIGHT + timedelta(days=1)) is None


def test_the_registry_is_not_asked_for_what_came_without_a_caller() -> None:
    def asked(meters: object) -> dict[str, str]:
        raise AssertionError

    assert Admission(0, asked).refusals([Arrived(decode(upload_json()), 2e9)]) == {}


def test_meters_that_nobody_registered_are_refused_only_where_the_deployment_takes_no_others() -> None:
    arrivals = [Arrived(decode(upload_json(meter_id=meter)), 2e9) for meter in ("m-1", "m-2", "m-1", "m-3")]
    assert Admission().refusals(arrivals) == {}
    refused = Admission(registered_among=lambda meters: {"m-1", "m-9"}).refusals(arrivals)
    assert {place: fault.reason for place, fault in refused.items()} == {1: "unregistered", 3: "unregistered"}
    assert "the registry has no meter m-2" in str(refused[1])


def test_payloads_are_judged_in_their_places() -> None:
    payloads = [b"x", upload_json(day=DAY), upload_json(day=date(2027, 1, 1)), b"y", upload_json(day=DAY)]
    judged = admit([(payload, (MIDNIGHT + timedelta(days=1)).timestamp()) for payload in payloads], Admission())
    assert [one.reason if isinstance(one, UploadError) else "admitted" for one in judged] == [
        "not-json", "admitted", "future", "not-json", "admitted",
    ]  # fmt: skip
