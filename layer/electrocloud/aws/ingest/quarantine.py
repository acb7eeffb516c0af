"""The quarantine: rejected uploads with their bytes, for somebody to look at and to send again.

The rejected uploads of a batch are one gzipped object of JSON lines, so that together they cost one put. An object
that an earlier version wrote is one upload as JSON; `unpack` reads both forms.
"""

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from electrocloud.aws.clients import S3Client
from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from electrocloud.aws.quarantine_keys import PREFIX, SUFFIX, object_key

ROWS_AN_OBJECT = 50_000  # some 10 MB as JSON; a batch has more only if its records hold nothing but tiny uploads


class Quarantined(msgspec.Struct, frozen=True):
    """An upload in quarantine. In JSON `payload`, its original bytes, is base64; `arrived_at` is UTC.

    `position` counts the uploads of one record; objects of earlier versions have it in their key alone.
    """

    reason: str
    message: str
    sequence_number: str
    partition_key: str
    arrived_at: str
    payload: bytes
    position: int | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Quarantined)


def put(
    s3: S3Client, bucket: str, rejected: Iterable[RejectedUpload], out_of_time: Callable[[], bool]
) -> dict[str, str]:
    """Write rejected uploads under quarantine/dt=…/, and return why not for each record that could not be written.

    Nothing more is written once `out_of_time()`, or where S3 fails; these records, by sequence number, are to come
    again. An object's key and bytes follow from what is in it, so the same uploads write the same object.
    """
    unwritten: dict[str, str] = {}
    for _, of_a_day in groupby(rejected, key=lambda upload: upload.arrived.date()):
        uploads = list(of_a_day)
        for first in range(0, len(uploads), ROWS_AN_OBJECT):
            part = uploads[first : first + ROWS_AN_OBJECT]
            if fault := "out of time" if out_of_time() else _fault(s3, bucket, [_row(upload) for upload in part]):
                unwritten |= dict.fromkeys((upload.sequence for upload in part), fault)
    return unwritten


def put_rows(s3: S3Client, bucket: str, key: str, rows: Sequence[Quarantined]) -> None:
    """Write rows as one object of the form that `unpack` reads."""
    s3.put_object(Bucket=bucket, Key=key, ContentType="application/gzip", Body=pack(rows))


def pack(rows: Iterable[Quarantined]) -> bytes:
    """Rows as gzipped JSON lines; equal rows give equal bytes."""
    return gzip.compress(_encoder.encode_lines(rows), compresslevel=4, mtime=0)


def unpack(key: str, body: bytes) -> list[Quarantined]:
    """The rows of an object, whichever version wrote it."""
    return _decoder.decode_lines(gzip.decompress(body)) if key.endswith(SUFFIX) else [_decoder.decode(body)]


def key_of(rows: Sequence[Quarantined], prefix: str = PREFIX) -> str:
    """The key of an object of these rows, which are all of one day and in the stream's order."""
    first, last = rows[0], rows[-1]
    place = f"{first.sequence_number}-{first.position}_{last.sequence_number}-{last.position}"
    return object_key(first.arrived_at[:10], place, Counter(row.reason for row in rows), prefix)


def _fault(s3: S3Client, bucket: str, rows: list[Quarantined]) -> str:
    try:
        put_rows(s3, bucket, key_of(rows), rows)
    except (BotoCoreError, ClientError) as fault:
        return str(fault)
    return ""


def _row(upload: RejectedUpload) -> Quarantined:
    return Quarantined(
        upload.reason,
        upload.message,
        upload.sequence,
        upload.partition_key,
        f"{upload.arrived:%Y-%m-%d %H:%M:%S}",
        upload.payload,
        upload.position,
    )
