"""What people do about exceptions, rejected uploads and suspect readings: put back, edit, void, note; who and when.

A note is an object beside the quarantine's, `quarantine/notes/dt=…/`, by the day of the exception. A rejected upload
that is done leaves the queue: its row moves, with its bytes as they came, to `quarantine/redriven/` or `…/voided/`.
"""

import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from analytics.rejected_uploads import Rejected
from electrocloud.aws.clients import S3Client
from electrocloud.aws.ingest.quarantine import Quarantined
from electrocloud.aws.ingest.redrive import REDRIVEN, VOIDED, Put, entry_of, take_out
from electrocloud.aws.ingest.stream import Entry
from electrocloud.aws.quarantine_keys import PREFIX
from electrocloud.domain.errors import UploadError, UsageError
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import Operator, UploadDocument, decode
from electrocloud.services import adjustments

NOTES = f"{PREFIX}notes/"
READ_AT_ONCE = 8
LONGEST_NOTE = 300

Action = Literal["note", "put back", "edited and put back", "voided", "corrected"]


class Note(msgspec.Struct, frozen=True):
    """What somebody did about an exception, when (UTC), and why. `payload` is what was put into the stream instead."""

    exception_id: str
    action: Action
    at: datetime
    by: str
    text: str
    meter_id: str = ""
    payload: bytes = b""


class Person(NamedTuple):
    """Who acts, and why."""

    name: str
    reason: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Note)
_documents = msgspec.json.Decoder(UploadDocument)


class ExceptionsDesk:
    """Acts on exceptions of a bucket; `put` takes entries into the stream, and `clock` says when it is."""

    def __init__(
        self, s3: S3Client, bucket: str, put: Put, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._put = put
        self._clock = clock

    def put_back(self, upload: Rejected, person: Person, edited: bytes | None = None) -> None:
        """Put one upload into the stream, as it came or as it was `edited`, and take it out of the queue.

        The order makes it safe to do again: what comes twice counts once. `UsageError` says what is wrong with an
        edited one.
        """
        person = _checked(person)
        self._put([entry_of(_row(upload)) if edited is None else edited_entry(edited)])
        self._note(upload, "put back" if edited is None else "edited and put back", person, edited or b"")
        self._take_out(upload, REDRIVEN)

    def void(self, upload: Rejected, person: Person) -> None:
        """Take one upload out of the queue for good: it is not put back. Its bytes are kept."""
        self._note(upload, "voided", person)
        self._take_out(upload, VOIDED)

    def note(self, upload: Rejected, person: Person) -> None:
        """Write something about an upload; it stays in the queue."""
        self._note(upload, "note", person)

    def note_suspect(self, suspect: Suspect, person: Person) -> None:
        """Write something about suspect readings."""
        self._store(suspect_id(suspect), suspect_day(suspect), "note", person, suspect.meter_id)

    def void_suspect(self, suspect: Suspect, days: Iterable[MeterDay], person: Person) -> None:
        """Void suspect readings, whose meter has these `days`: they go through the stream as all readings do, are
        missing then, and estimated on bills. `UsageError` where there are none.
        """
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (suspect.start, suspect.end))
        at = self._clock().replace(microsecond=0)
        operator = Operator("void", person.name, at, _checked(person).reason)
        documents = adjustments.void(suspect.meter_id, days, begin, end, operator)
        self._put([Entry(one.meter_id, _encoder.encode(one)) for one in documents])
        self._store(suspect_id(suspect), suspect_day(suspect), "voided", person, suspect.meter_id)

    def correct_suspect(self, suspect: Suspect, day: MeterDay | None, at: datetime, wh: int, person: Person) -> None:
        """Put `wh` in the place of the suspect reading that starts at `at`, on the meter's `day`.

        It goes through the stream as all readings do, and the reading that came stays in the lake. `UsageError` where
        no reading of the suspect ones starts then, or for energy below 0.
        """
        if not suspect.start <= at.timestamp() < suspect.end:
            raise UsageError("the reading is not one of the suspect ones; load the page again")
        person = _checked(person)
        operator = Operator("correct", person.name, self._clock().replace(microsecond=0), person.reason)
        document = adjustments.correct(suspect.meter_id, day, at, wh, operator)
        payload = _encoder.encode(document)
        try:
            decode(payload)
        except UploadError as fault:
            raise UsageError(f"the corrected reading would be rejected ({fault.reason}): {fault}") from None
        self._put([Entry(suspect.meter_id, payload)])
        self._store(suspect_id(suspect), suspect_day(suspect), "corrected", person, suspect.meter_id, payload)

    def notes(self, first: date, last: date) -> dict[str, list[Note]]:
        """What was done about exceptions of these days, in order of time, by exception."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        keys = [key for day in days for key in self._keys(day)]
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            found = sorted(pool.map(self._read, keys), key=lambda one: one.at)
        by_exception: dict[str, list[Note]] = {}
        for one in found:
            by_exception.setdefault(one.exception_id, []).append(one)
        return by_exception

    def _note(self, upload: Rejected, action: Action, person: Person, payload: bytes = b"") -> None:
        self._store(upload.exception_id, upload.arrived.date(), action, person, upload.meter_id, payload)

    def _store(
        self, exception_id: str, day: date, action: Action, person: Person, meter_id: str, payload: bytes = b""
    ) -> None:
        name, text = _checked(person)
        note = Note(exception_id, action, self._clock(), name, text, meter_id, payload)
        key = f"{NOTES}dt={day}/{exception_id}-{uuid.uuid4()}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=_encoder.encode(note))

    def _take_out(self, upload: Rejected, folder: str) -> None:
        row = _row(upload)
        name = row.sequence_number, row.position, row.payload
        for key in dict.fromkeys(key for key, _ in upload.rows):
            take_out(
                self._s3,
                self._bucket,
                key,
                lambda one: (one.sequence_number, one.position, one.payload) == name,
                folder,
            )

    def _keys(self, day: date) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{NOTES}dt={day}/")
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def _read(self, key: str) -> Note:
        return _decoder.decode(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())


def edited_entry(edited: bytes) -> Entry:
    """What goes into the stream for an edited payload. `UsageError` where it still breaks the contract, or claims to be
    an operator's action."""
    try:
        meter_id = decode(edited).meter_id
    except UploadError as fault:
        raise UsageError(f"the edited upload would be rejected again ({fault.reason}): {fault}") from None
    if _documents.decode(edited).operator:
        raise UsageError("an edited upload may have no operator; void or correct readings with `electrocloud readings`")
    return Entry(meter_id, edited)


def suspect_id(suspect: Suspect) -> str:
    """16 hex digits that stand for suspect readings."""
    return sha256(f"{suspect.meter_id}/{suspect.start}/{suspect.kind}".encode()).hexdigest()[:16]


def suspect_day(suspect: Suspect) -> date:
    """The UTC day by which notes on suspect readings are kept."""
    return datetime.fromtimestamp(suspect.start, UTC).date()


def _row(upload: Rejected) -> Quarantined:
    if not upload.rows:
        raise UsageError("the upload is no longer in the quarantine; load the page again")
    return upload.rows[0][1]


def _checked(person: Person) -> Person:
    """`UsageError` for a reason that is none: 1 to LONGEST_NOTE characters on one line."""
    reason = person.reason.strip()
    if not reason or len(reason) > LONGEST_NOTE or not reason.isprintable():
        raise UsageError(f"write why, in 1 to {LONGEST_NOTE} characters on one line; it is kept with who and when")
    return Person(person.name, reason)
