"""What the page of exceptions reads and does: rejected uploads, notes, and putting back, editing or voiding."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import partial

import streamlit as st

from analytics.exceptions_desk import ExceptionsDesk, Note, Person, suspect_day
from analytics.rejected_uploads import Rejected, rejected_uploads
from dashboard.access import subjects
from dashboard.access.access_log import Subject
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import visitor
from dashboard.meter import meter_data
from electrocloud.aws.backoff import pause
from electrocloud.aws.ingest.redrive import redrive_quarantine
from electrocloud.aws.ingest.stream import put
from electrocloud.aws.stack import find_stack
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.readings.meter_day import Interval, MeterDay

MOST_REJECTED = 1_000  # rejected uploads of one list


def _desk() -> ExceptionsDesk:
    stack = find_stack()
    into_stream = partial(put, stack.client("kinesis"), stack.stream, pause=pause)
    return ExceptionsDesk(stack.client("s3", connect_timeout=2, read_timeout=10), stack.bucket, into_stream)


def _of_upload(upload: Rejected, *_: object) -> Iterable[Subject]:
    return [Subject(meter_id=upload.meter_id, detail=f"rejected upload {upload.exception_id}")]


def _of_suspect(suspect: Suspect, *_: object) -> Iterable[Subject]:
    return [Subject(meter_id=suspect.meter_id, detail=f"suspect {suspect.kind} {suspect_day(suspect)}")]


def _person(reason: str) -> Person:
    return Person(visitor().name, reason)


@needs(Data.REJECTED, of=subjects.of_all)
def rejected(since: datetime) -> list[Rejected]:
    """The uploads that were rejected since an instant, newest first."""
    return _rejected(since)


@st.cache_resource(ttl=10, max_entries=8, show_spinner=False)
def _rejected(since: datetime) -> list[Rejected]:
    stack = find_stack()
    return rejected_uploads(stack.client("s3", connect_timeout=2), stack.bucket, since, MOST_REJECTED)


def forget_rejected() -> None:
    """Read the rejected uploads again when they are asked for next."""
    _rejected.clear()


@needs(Data.PUT_BACK, "change", of=subjects.of_all)
def put_back_all(reason: str) -> dict[str, int]:
    """Put the uploads that were rejected for a reason back into the stream; how many uploads had which outcome."""
    stack = find_stack()
    into_stream = partial(put, stack.client("kinesis"), stack.stream, pause=pause)
    outcome: Counter[str] = Counter()
    for case in redrive_quarantine(stack.client("s3"), stack.bucket, into_stream, [reason]):
        outcome[case.fate] += case.items
    forget_rejected()
    return outcome


@needs(Data.REJECTED)
def notes(first: date) -> dict[str, list[Note]]:
    """What was done about exceptions from a day on, by exception."""
    return _desk().notes(first, datetime.now(UTC).date())


@needs(Data.REJECTED, "change", of=_of_upload)
def note(upload: Rejected, reason: str) -> None:
    """Write something about a rejected upload."""
    _desk().note(upload, _person(reason))


@needs(Data.PUT_BACK, "change", of=_of_upload)
def put_back(upload: Rejected, reason: str, edited: bytes | None = None) -> None:
    """Put one rejected upload back into the stream, as it came or as it was edited."""
    _desk().put_back(upload, _person(reason), edited)
    forget_rejected()


@needs(Data.PUT_BACK, "change", of=_of_upload)
def void(upload: Rejected, reason: str) -> None:
    """Take one rejected upload out of the queue for good."""
    _desk().void(upload, _person(reason))
    forget_rejected()


@needs(Data.REJECTED, "change", of=_of_suspect)
def note_suspect(suspect: Suspect, reason: str) -> None:
    """Write something about suspect readings."""
    _desk().note_suspect(suspect, _person(reason))


@needs(Data.USAGE, of=_of_suspect)
def readings_of(suspect: Suspect) -> list[Interval]:
    """The readings of energy delivered that count in the time of suspect ones, in order."""
    return [one for day in _days(suspect) for one in day.intervals() if suspect.start <= one.start < suspect.end]


@needs(Data.PUT_BACK, "change", of=_of_suspect)
def correct_suspect(suspect: Suspect, at: datetime, wh: int, reason: str) -> None:
    """Put another value (Wh) in the place of the suspect reading that starts at an instant."""
    day = next((one for one in _days(suspect) if one.day == at.date()), None)
    _desk().correct_suspect(suspect, day, at, wh, _person(reason))


@needs(Data.PUT_BACK, "change", of=_of_suspect)
def void_suspect(suspect: Suspect, reason: str) -> None:
    """Void suspect readings: they are missing then, and estimated on bills."""
    _desk().void_suspect(suspect, _days(suspect), _person(reason))


def _days(suspect: Suspect) -> list[MeterDay]:
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (suspect.start, suspect.end - 1))
    return meter_data.days(suspect.meter_id, first, last)
