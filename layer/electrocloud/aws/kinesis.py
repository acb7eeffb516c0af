"""What a Kinesis event brings to a function: uploads that keep the contract, and the bytes of those that do not."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.frames import user_records
from electrocloud.domain.errors import UploadError
from electrocloud.domain.upload import Upload, decode


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An upload, the sequence number of the record that brought it, and when the stream took that record (UTC)."""

    upload: Upload
    sequence: str
    arrived: datetime


class Refused(NamedTuple):
    """Bytes that are no upload: why, and where they stood (`position` counts the uploads of one record)."""

    reason: str
    message: str
    payload: bytes
    sequence: str
    position: int
    partition_key: str
    arrived: datetime


def read_event(records: Iterable[dict[str, Any]]) -> tuple[list[Accepted], list[Refused]]:
    """Sort the records of a Kinesis event into accepted and refused uploads. A bad one never hides its neighbours."""
    accepted: list[Accepted] = []
    refused: list[Refused] = []
    for record in records:
        kinesis = record["kinesis"]
        data = base64.b64decode(kinesis["data"])
        sequence = kinesis["sequenceNumber"]
        arrived = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC)
        try:
            payloads = user_records(data)
        except UploadError as fault:
            refused.append(Refused(fault.reason, str(fault), data, sequence, 0, kinesis["partitionKey"], arrived))
            continue
        for index, payload in enumerate(payloads):
            try:
                accepted.append(Accepted(decode(payload), sequence, arrived))
            except UploadError as fault:
                refused.append(
                    Refused(fault.reason, str(fault), payload, sequence, index, kinesis["partitionKey"], arrived)
                )
    return accepted, refused
