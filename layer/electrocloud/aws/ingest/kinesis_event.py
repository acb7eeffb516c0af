"""What a Kinesis event brings to a function: uploads that keep the contract, and the bytes of those that do not."""

from binascii import a2b_base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.ingest.kpl import user_records
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import Upload, decode

MESSAGE_CHARACTERS = 500


class AcceptedUpload(msgspec.Struct, frozen=True, gc=False):
    """An upload, the sequence number of the record that brought it, and when the stream took it (s since 1970)."""

    upload: Upload
    sequence: str
    arrived: float


class RejectedUpload(NamedTuple):
    """Bytes that are no upload: why, and where they stood (`position` counts the uploads of one record).

    `arrived` is when the stream took the record (UTC). `message` has at most MESSAGE_CHARACTERS.
    """

    reason: str
    message: str
    payload: bytes
    sequence: str
    position: int
    partition_key: str
    arrived: datetime


def read_event(records: Iterable[dict[str, Any]]) -> tuple[list[AcceptedUpload], list[RejectedUpload]]:
    """Sort the records of a Kinesis event into accepted and rejected uploads. A bad one never hides its neighbors."""
    accepted: list[AcceptedUpload] = []
    rejected: list[RejectedUpload] = []
    for record in records:
        kinesis = record["kinesis"]
        data = a2b_base64(kinesis["data"])
        sequence, arrived = kinesis["sequenceNumber"], kinesis["approximateArrivalTimestamp"]
        faults: list[tuple[int, bytes, UploadError]] = []
        try:
            payloads = user_records(data)
        except UploadError as fault:
            payloads = []
            faults.append((0, data, fault))
        for position, payload in enumerate(payloads):
            try:
                accepted.append(AcceptedUpload(decode(payload), sequence, arrived))
            except UploadError as fault:
                faults.append((position, payload, fault))
        if faults:
            rejected += _rejected(faults, kinesis)
    return accepted, rejected


def _rejected(faults: Iterable[tuple[int, bytes, UploadError]], kinesis: dict[str, Any]) -> Iterator[RejectedUpload]:
    sequence, key = kinesis["sequenceNumber"], kinesis["partitionKey"]
    arrived = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC)
    for position, payload, fault in faults:
        message = str(fault)[:MESSAGE_CHARACTERS]  # one may quote a field's name, and that may be a megabyte
        yield RejectedUpload(fault.reason, message, payload, sequence, position, key, arrived)
