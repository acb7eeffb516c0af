"""What people do about exceptions: who and when is kept, and the bytes that arrived stay as they are."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.erasure import erase_meter
from analytics.exceptions_desk import ExceptionsDesk, Person, suspect_day, suspect_id
from analytics.rejected_uploads import Rejected, rejected_uploads
from dashboard.exceptions.queue import history
from electrocloud.aws.ingest import quarantine
from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from electrocloud.aws.ingest.quarantine import unpack
from electrocloud.aws.ingest.stream import Entry
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import VOIDED, decode
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import stack_on
from tests.kits.examples import upload, upload_json

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = NOW.date()
ANN = Person("ann", "clock was set")
BAD = upload_json(meter_id="M-1", interval_s=420)
GOOD = upload_json(meter_id="M-1")


class Desk:
    """A desk, what it has put into the stream, and what waits in the quarantine."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.sent: list[Entry] = []
        self.desk = ExceptionsDesk(aws.s3, aws.bucket, self.sent.extend, lambda: NOW)

    def reject(self, *payloads: bytes, sequence: str = "1", arrived: datetime = NOW) -> None:
        rows = [RejectedUpload("contract", "wrong", one, sequence, n, "k", arrived) for n, one in enumerate(payloads)]
        assert not quarantine.put(self.aws.s3, self.aws.bucket, rows, lambda: False)

    def waiting(self) -> list[Rejected]:
        return rejected_uploads(self.aws.s3, self.aws.bucket, NOW - timedelta(hours=2), 100)

    def stored(self, folder: str) -> Counter[bytes]:
        """The payloads below a folder of the quarantine."""
        listed = self.aws.s3.list_objects_v2(Bucket=self.aws.bucket, Prefix=f"quarantine/{folder}").get("Contents", [])
        bodies = [
            (one["Key"], self.aws.s3.get_object(Bucket=self.aws.bucket, Key=one["Key"])["Body"].read())
            for one in listed
        ]
        return Counter(row.payload for key, body in bodies for row in unpack(key, body))


@pytest.fixture
def desk(aws: Aws) -> Desk:
    return Desk(aws)


def test_one_upload_is_put_back_as_it_came_and_its_neighbors_stay(desk: Desk) -> None:
    desk.reject(BAD, GOOD, b"\xff")
    one = next(upload for upload in desk.waiting() if upload.payload == GOOD)

    desk.desk.put_back(one, ANN)

    assert desk.sent == [Entry("M-1", GOOD)]
    assert {upload.payload for upload in desk.waiting()} == {BAD, b"\xff"}
    assert desk.stored("redriven/") == Counter([GOOD])
    (note,) = desk.desk.notes(DAY, DAY)[one.exception_id]
    assert (note.action, note.by, note.at, note.text) == ("put back", "ann", NOW, "clock was set")


def test_an_edited_upload_goes_back_while_what_arrived_is_kept(desk: Desk) -> None:
    desk.reject(BAD)
    (one,) = desk.waiting()

    desk.desk.put_back(one, ANN, GOOD)

    assert desk.sent == [Entry("M-1", GOOD)]
    assert desk.waiting() == []
    assert desk.stored("redriven/") == Counter([BAD])
    (note,) = desk.desk.notes(DAY, DAY)[one.exception_id]
    assert (note.action, note.payload) == ("edited and put back", GOOD)


@pytest.mark.parametrize(
    ("edited", "reason"),
    [
        (BAD, "would be rejected again"),
        (b"{", "would be rejected again"),
        (
            json.dumps(
                json.loads(GOOD)
                | {"operator": {"action": "void", "by": "x", "at": "2026-11-24T00:00:00Z", "reason": "x"}}
            ).encode(),
            "rejected again|no operator",
        ),
    ],
)
def test_an_edited_upload_that_is_still_wrong_changes_nothing(desk: Desk, edited: bytes, reason: str) -> None:
    desk.reject(BAD)
    with pytest.raises(UsageError, match=reason):
        desk.desk.put_back(desk.waiting()[0], ANN, edited)

    assert (desk.sent, len(desk.waiting()), desk.desk.notes(DAY, DAY)) == ([], 1, {})


def test_a_voided_upload_leaves_the_queue_and_is_kept(desk: Desk) -> None:
    desk.reject(BAD, sequence="1")
    desk.reject(BAD, sequence="1", arrived=NOW - timedelta(hours=1))  # its batch came twice
    (one,) = desk.waiting()

    desk.desk.void(one, ANN)

    assert desk.waiting() == []
    assert desk.sent == []
    assert desk.stored("voided/")[BAD] >= 1
    assert history(desk.desk.notes(DAY - timedelta(days=1), DAY)[one.exception_id], "UTC").endswith(
        "ann: voided (clock was set)"
    )


def test_a_note_leaves_the_upload_where_it_is_and_every_action_says_why(desk: Desk) -> None:
    desk.reject(BAD)
    (one,) = desk.waiting()
    for act in (desk.desk.note, desk.desk.put_back, desk.desk.void):
        for why in ("", "   ", "a\nb", "x" * 301):
            with pytest.raises(UsageError, match="write why"):
                act(one, Person("ann", why))
    assert desk.sent == []

    desk.desk.note(one, ANN)
    desk.desk.note(one, Person("bob", "asked the vendor"))

    assert [upload.payload for upload in desk.waiting()] == [BAD]
    assert {note.by for note in desk.desk.notes(DAY, DAY)[one.exception_id]} == {"ann", "bob"}


def test_a_suspect_reading_is_corrected_through_the_stream_and_what_came_stays_in_the_note_s_window(desk: Desk) -> None:
    day = MeterDay(DAY - timedelta(days=1))
    day.merge(upload(meter_id="M-1", day=day.day, wh=[100] * 96))
    start = instant_of(day.day)
    suspect = Suspect("M-1", "high", start, start + 3600, 1, 2)
    at = datetime.fromtimestamp(start + 900, UTC)

    desk.desk.correct_suspect(suspect, day, at, 42, ANN)

    (entry,) = desk.sent
    day.merge(decode(entry.data))
    assert [one.wh for one in day.intervals()][:3] == [100, 42, 100]
    (made,) = day.adjustments
    assert (made.action, made.by, made.at, made.reason) == ("correct", "ann", NOW, "clock was set")
    (note,) = desk.desk.notes(suspect_day(suspect), suspect_day(suspect))[suspect_id(suspect)]
    assert (note.action, note.by, note.text, note.payload) == ("corrected", "ann", "clock was set", entry.data)
    for fault, wrong in (("not one of the suspect ones", at + timedelta(hours=2)), ("no reading of energy", None)):
        with pytest.raises(UsageError, match=fault):
            desk.desk.correct_suspect(suspect, day if wrong else None, wrong or at, 42, ANN)
    with pytest.raises(UsageError, match="would be rejected"):
        desk.desk.correct_suspect(suspect, day, at, -1, ANN)
    assert len(desk.sent) == 1


def test_suspect_readings_are_voided_through_the_stream_and_noted(desk: Desk) -> None:
    day = MeterDay(date(2026, 11, 24))
    day.merge(upload(meter_id="M-1", wh=[9_000] * 8))
    start = instant_of(day.day)
    suspect = Suspect("M-1", "high", start, start + 3600, 1, 2)

    desk.desk.void_suspect(suspect, [day], ANN)

    (entry,) = desk.sent
    voided = decode(entry.data)
    assert [value[2] for _, value in voided.readings] == [VOIDED] * 4
    assert (voided.adjustment.by, voided.adjustment.reason) == ("ann", "clock was set")
    (note,) = desk.desk.notes(suspect_day(suspect), suspect_day(suspect))[suspect_id(suspect)]
    assert (note.action, note.meter_id) == ("voided", "M-1")
    with pytest.raises(UsageError, match="has no readings"):
        desk.desk.void_suspect(suspect, [], ANN)


def test_an_erased_meter_is_in_no_note(desk: Desk, aws: Aws) -> None:
    desk.reject(BAD, upload_json(meter_id="M-2", interval_s=420))
    for one in desk.waiting():
        desk.desk.note(one, ANN)

    erase_meter(stack_on(aws), "M-1", confirm=True)

    assert [note.meter_id for notes in desk.desk.notes(DAY, DAY).values() for note in notes] == ["M-2"]
