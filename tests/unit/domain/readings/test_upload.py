import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import MAX_READINGS, VOIDED, decode
from tests.kits.examples import upload_json


def changed(**parts):
    return json.dumps({**json.loads(upload_json()), **parts}).encode()


def reading(**parts):
    return changed(readings=[{"start": "2026-11-24T00:00:00Z", "wh": 1, **parts}])


@pytest.mark.parametrize(
    ("payload", "reason", "says"),
    [
        (b"{", "not-json", "not JSON"),
        (b"\xff\xfe", "not-json", "not JSON"),
        (b"[" * 100_000, "contract", "Expected `object`"),
        (b"[]", "contract", "Expected `object`"),
        (changed(more=1), "contract", "unknown field `more`"),
        (b'{"interval_s": 900, "readings": [{"start": "2026-11-24T00:00:00Z", "wh": 1}]}', "contract", "meter_id"),
        (changed(meter_id=""), "contract", "meter_id"),
        (changed(meter_id="a/b"), "contract", "meter_id"),
        (changed(meter_id="a\n"), "contract", "meter_id"),
        (changed(interval_s=901), "interval", "one of"),
        (changed(readings=[]), "contract", "readings"),
        (reading(wh=-1), "contract", "wh"),
        (reading(wh=1.5), "contract", "wh"),
        (reading(wh="1"), "contract", "wh"),
        (reading(wh=2_500_001), "absurd-energy", "2500000 Wh"),
        (reading(start="2026-11-24T00:00:00"), "contract", "start"),
        (reading(start="2026-11-24T00:07:00Z"), "misaligned", "readings[0].start"),
        (reading(start="2026-11-24T00:00:00.5Z"), "misaligned", "readings[0].start"),
        (reading(start="2014-12-31T23:00:00Z"), "year", "2014"),
        (reading(start="2100-01-01T00:00:00Z"), "year", "2100"),
        (reading(start="9999-12-31T23:00:00-01:00"), "year", "9999"),
        (reading(start="0001-01-01T00:00:00+01:00"), "year", "year 1 "),
        (
            changed(
                readings=[{"start": start, "wh": 1} for start in ("2026-11-24T00:00:00Z", "9999-12-31T23:00:00-01:00")]
            ),
            "year",
            "readings[1].start",
        ),
        (reading(revision=-1), "contract", "revision"),
        (reading(direction="net"), "contract", "direction"),
        (reading(direction=None), "contract", "direction"),
        (reading(quality="good"), "contract", "quality"),
        (reading(varh=-1), "contract", "varh"),
        (reading(varh=1.5), "contract", "varh"),
        (reading(varh=2_500_001), "absurd-energy", "readings[0].varh is 2500001"),
        (reading(varh=1, direction="received"), "contract", "readings[0].varh is 1 with energy received"),
        (
            changed(
                readings=[
                    {"start": "2026-11-24T00:00:00Z", "wh": 1, "direction": "received"},
                    {"start": "2026-11-24T00:00:00Z", "wh": 2_500_001},
                ]
            ),
            "absurd-energy",
            "readings[1].wh",
        ),
        (
            changed(
                readings=[{"start": f"2026-11-2{day}T00:00:00Z", "wh": 1, "direction": "received"} for day in (4, 5)]
            ),
            "two-days",
            "readings[1].start",
        ),
        (
            changed(readings=[{"start": f"2026-11-2{day}T00:00:00Z", "wh": 1} for day in (4, 5)]),
            "two-days",
            "readings[1].start",
        ),
        (changed(interval_s=60, readings=[{"start": "2026-11-24T00:00:00Z", "wh": 1}] * 1441), "contract", "1440"),
    ],
)
def test_a_wrong_upload_is_refused_with_its_reason_and_place(payload, reason, says):
    with pytest.raises(UploadError) as caught:
        decode(payload)
    assert caught.value.reason == reason
    assert says in str(caught.value)


def test_a_start_with_an_offset_belongs_to_its_utc_day():
    upload = decode(reading(start="2026-11-25T00:30:00+01:00"))
    assert upload.day.isoformat() == "2026-11-24"


def test_readings_are_delivered_and_measured_where_they_do_not_say_otherwise():
    plain = decode(reading())
    assert plain == decode(reading(direction="delivered", quality="measured"))
    assert plain.received == ()


def test_an_upload_may_have_readings_of_both_directions():
    start = "2026-11-24T00:00:00Z"
    rows = [{"start": start, "wh": 7, "direction": "received", "quality": "estimated"}, {"start": start, "wh": 9}]
    upload = decode(changed(readings=rows))
    assert [wh for _, (_, _, wh, _) in upload.readings] == [9]
    assert [wh for _, (_, _, wh, _) in upload.received] == [7]
    assert len(upload.in_both_directions()) == 2


def test_a_reading_of_delivered_energy_may_have_reactive_energy():
    assert decode(reading(varh=0)).readings[0][1][-1] == 0
    assert len(decode(reading()).readings[0][1]) == 4


def test_an_operator_corrects_reactive_energy_with_the_reading_and_voids_both():
    for action, wh, value in (("correct", 5, (5, 0, 7)), ("void", 0, (VOIDED, 0))):
        operator = {"action": action, "by": "jo", "at": "2026-11-25T00:00:00Z", "reason": "bench"}
        rows = [{"start": "2026-11-24T00:00:00Z", "wh": wh, "varh": 7}]
        assert decode(changed(readings=rows, operator=operator)).readings[0][1][2:] == value


def test_a_day_of_minutes_is_one_upload():
    assert len(decode(upload_json(wh=[1] * MAX_READINGS, interval_s=60)).readings) == MAX_READINGS


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_any_bytes_are_an_upload_or_are_refused(payload):
    with pytest.raises(UploadError):
        decode(payload)
