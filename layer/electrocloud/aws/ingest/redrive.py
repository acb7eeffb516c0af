"""Puts quarantined uploads back into the stream.

What goes back is in the stream before its old place lets go of it. So a redrive that is broken off can be run again:
what then comes twice counts once.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from botocore.exceptions import ClientError

from electrocloud.aws.clients import S3Client
from electrocloud.aws.ingest.kpl import user_records
from electrocloud.aws.ingest.quarantine import Quarantined, key_of, put_rows, unpack
from electrocloud.aws.ingest.stream import Entry
from electrocloud.aws.quarantine_keys import PREFIX, SUFFIX, counts_in, objects_in_quarantine
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import decode

VOIDED = f"{PREFIX}voided/"
REDRIVEN = f"{PREFIX}redriven/"  # in the quarantine still, where a meter's data is looked for that is to be forgotten
BY_NAME = frozenset(
    {"future", "head-end", "unregistered"}
)  # they keep the contract: it is an operator who decides to put them back

Put = Callable[[Sequence[Entry]], None]


class Case(NamedTuple):
    """The outcome of a redrive: rejected uploads of one object in the quarantine, or a dead letter.

    `reason` is why they were rejected, `items` how many they are, and `records` how many records went back into the
    stream, or would have gone.
    """

    place: str
    reason: str
    fate: str
    items: int
    records: int


def redrive_quarantine(s3: S3Client, bucket: str, put: Put | None, reasons: Collection[str]) -> Iterator[Case]:
    """Put back the quarantined uploads that keep the contract now, and move them to quarantine/redriven/.

    `put` takes entries into the stream; without it nothing is changed. `reasons` are those to look at; none means all
    but BY_NAME. An object that has other uploads too is replaced by one of these alone. Two redrives at once, and one
    that was killed half-way and is run again, put some uploads back twice and lose none.
    """
    for key in [found["Key"] for found in objects_in_quarantine(s3, bucket)]:
        if asked := {reason for reason in counts_in(key) if _is_asked(reason, reasons)}:
            yield from _redrive_object(s3, bucket, key, put, asked)


def take_out(s3: S3Client, bucket: str, key: str, is_wanted: Callable[[Quarantined], bool], folder: str) -> int:
    """Move those rows of an object of the quarantine that are wanted to a folder there (REDRIVEN or VOIDED), unchanged;
    returns how many there were. None where somebody else was faster.
    """
    rows = _rows(s3, bucket, key)
    wanted = [row for row in rows if is_wanted(row)]
    if wanted:
        _move(s3, bucket, key, rows, wanted, folder)
    return len(wanted)


def _rows(s3: S3Client, bucket: str, key: str) -> list[Quarantined]:
    try:
        return unpack(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "NoSuchKey":  # another redrive was faster
            raise
        return []


def _is_asked(reason: str, reasons: Collection[str]) -> bool:
    return reason in reasons if reasons else reason not in BY_NAME


def _redrive_object(s3: S3Client, bucket: str, key: str, put: Put | None, reasons: Collection[str]) -> Iterator[Case]:
    rows = _rows(s3, bucket, key)
    asked = [row for row in rows if row.reason in reasons]
    refusals = [_refusal(row.payload) for row in asked]
    good = [row for row, refusal in zip(asked, refusals, strict=True) if refusal is None]
    if put and good:
        put([entry_of(row) for row in good])
        _move(s3, bucket, key, rows, good, REDRIVEN)
    for (reason, refusal), count in Counter(zip((row.reason for row in asked), refusals, strict=True)).items():
        fate = "put back" if refusal is None else f"still refused: {refusal}"
        yield Case("quarantine", reason, fate, count, count if refusal is None else 0)


def _refusal(payload: bytes) -> str | None:
    """Why the payload would be quarantined again, or None. A frame need only open: each of its uploads is judged."""
    try:
        if user_records(payload) == [payload]:
            decode(payload)
    except UploadError as fault:
        return fault.reason
    return None


def entry_of(upload: Quarantined) -> Entry:
    """What goes back into the stream: a meter's uploads go by its own key; those of a frame had the frame's."""
    try:
        return Entry(decode(upload.payload).meter_id, upload.payload)
    except UploadError:
        return Entry(upload.partition_key, upload.payload)


def _move(
    s3: S3Client, bucket: str, key: str, rows: Sequence[Quarantined], good: Sequence[Quarantined], folder: str
) -> None:
    """Move rows of an object to a folder. The object goes last, so that at no time a row is in neither place."""
    moved = {*map(id, good)}
    put_rows(s3, bucket, _moved_key(key, good, folder), good)
    if rest := [row for row in rows if id(row) not in moved]:
        put_rows(s3, bucket, key_of(rest), rest)
    s3.delete_object(Bucket=bucket, Key=key)


def _moved_key(key: str, good: Sequence[Quarantined], folder: str) -> str:
    if key.endswith(SUFFIX):
        return key_of(good, folder)
    return f"{folder}{key.removeprefix(PREFIX)}{SUFFIX}"  # of an earlier version: its place is in the name alone
