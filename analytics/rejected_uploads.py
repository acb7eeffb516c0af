"""Rejected uploads with their payload, sender, meter and reason, for the dashboard."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

import msgspec

from electrocloud.aws.clients import S3Client
from electrocloud.aws.ingest.quarantine import Quarantined, unpack
from electrocloud.aws.quarantine_keys import objects_in_quarantine


class Rejected(NamedTuple):
    """A rejected upload. `meter_id` and `caller` are "" where the payload does not say them.

    `rows` are its places: the objects of the quarantine that have it, each with its row. A batch may bring it twice.
    """

    arrived: datetime
    reason: str
    message: str
    meter_id: str
    caller: str
    partition_key: str
    payload: bytes
    rows: tuple[tuple[str, Quarantined], ...] = ()

    @property
    def exception_id(self) -> str:
        """16 hex digits that stand for it: its place in the stream, and its bytes."""
        row = self.rows[0][1] if self.rows else None
        place = f"{row.sequence_number}/{row.position}" if row else ""
        return hashlib.sha256(place.encode() + self.payload).hexdigest()[:16]

    @property
    def text(self) -> str:
        """The payload as indented JSON, or as it is; bytes that are no text as \\x escapes."""
        try:
            return msgspec.json.format(self.payload, indent=2).decode()
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self.payload.decode(errors="backslashreplace")


class _Sender(msgspec.Struct):
    meter_id: str = ""
    caller: str = ""


_decoder = msgspec.json.Decoder(_Sender)


def rejected_uploads(s3: S3Client, bucket: str, since: datetime, most: int) -> list[Rejected]:
    """The uploads that arrived since an aware instant and were rejected, newest first, at most so many.

    An upload that its batch brought twice is in two objects, and is given once.
    """
    found: dict[tuple[str, int | None, bytes], list[tuple[str, Quarantined]]] = {}
    for key, row in islice(_rows(s3, bucket, since), 2 * most):
        found.setdefault((row.sequence_number, row.position, row.payload), []).append((key, row))
    uploads = (_rejected(places[0][1])._replace(rows=tuple(places)) for places in found.values())
    return sorted(uploads, key=lambda one: one.arrived, reverse=True)[:most]


def _rows(s3: S3Client, bucket: str, since: datetime) -> Iterator[tuple[str, Quarantined]]:
    """The rows since an instant with their objects' keys, by objects from the newest day on."""
    day, first = datetime.now(UTC).date(), since.astimezone(UTC).date()
    while day >= first:
        for one in sorted(objects_in_quarantine(s3, bucket, day), key=lambda one: one["LastModified"], reverse=True):
            rows = unpack(one["Key"], s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
            yield from ((one["Key"], row) for row in rows if _arrived(row) >= since)
        day -= timedelta(days=1)


def _rejected(row: Quarantined) -> Rejected:
    try:
        sender = _decoder.decode(row.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        sender = _Sender()
    return Rejected(
        _arrived(row), row.reason, row.message, sender.meter_id, sender.caller, row.partition_key, row.payload
    )


def _arrived(row: Quarantined) -> datetime:
    return datetime.fromisoformat(row.arrived_at).replace(tzinfo=UTC)
