"""What a Kinesis event brings to a function: uploads that keep the contract, and the bytes of those that do not."""

from binascii import a2b_base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.ingest.kpl import user_records
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import Upload, decode


class AcceptedUpload(msgspec.Struct, frozen=True, gc=False):
    """An upload, the sequence number of the record that brought it, and when the stream took it (s since 1970)."""

    upload: Upload
    sequence: str
    arrived: float


class RejectedUpload(NamedTuple):
    """Bytes that are no upload: why, and where they stood (`position` counts the uploads of one record).

    `arrived` is when the stream took the record (UTC).
    """

    reason: str
    message: str
    payload: bytes
    sequence: str
    position: int
    partition_key: str
    arrived: datetime


def read_event(records: Iterable[dict[str, Any]]) -> tuple[list[AcceptedUpload], list[RejectedUpload]]:
    """Sort the records of a Kinesis event into accepted and refused uploads. A bad one never hides its neighbours."""
    accepted: list[AcceptedUpload] = []
    refused: list[RejectedUpload] = []
    for record in records:
        kinesis = record["kinesis"]
        data = a2b_base64(kinesis["data"])
        sequence, arrived = kinesis["sequenceNumber"], kinesis["approximateArrivalTimestamp"]
        try:
            payloads = user_records(data)
        except UploadError as fault:
            refused.append(_refused(fault, data, kinesis, 0))
            continue
        before = len(accepted) + len(refused)
        for payload in payloads:
            try:
                accepted.append(AcceptedUpload(decode(payload), sequence, arrived))
            except UploadError as fault:
                refused.append(_refused(fault, payload, kinesis, len(accepted) + len(refused) - before))
    return accepted, refused


def _refused(fault: UploadError, payload: bytes, kinesis: dict[str, Any], position: int) -> RejectedUpload:
    return RejectedUpload(
        fault.reason,
        str(fault),
        payload,
        kinesis["sequenceNumber"],
        position,
        kinesis["partitionKey"],
        datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC),
    )
