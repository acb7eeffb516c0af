"""What a Kinesis event brings to a function: uploads that keep the contract, and the bytes of those that do not."""

from binascii import a2b_base64
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.ingest.kpl import user_records
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.admission import DEFAULT, Admission
from electrocloud.domain.readings.upload import Upload, decode

MESSAGE_CHARACTERS = 500


class AcceptedUpload(msgspec.Struct, frozen=True, gc=False):
    """An upload, its bytes, the sequence number of the record that brought it and when the stream took it
    (s since 1970), and its number among the record's uploads."""

    upload: Upload
    payload: bytes
    sequence: str
    arrived: float
    position: int
    partition_key: str


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


def read_event(
    records: Iterable[dict[str, Any]], admission: Admission = DEFAULT
) -> tuple[list[AcceptedUpload], list[RejectedUpload]]:
    """Sort the records of a Kinesis event into accepted and rejected uploads. A bad one never hides its neighbors."""
    accepted: list[AcceptedUpload] = []
    rejected: list[RejectedUpload] = []
    for record in records:
        kinesis = record["kinesis"]
        data = a2b_base64(kinesis["data"])
        sequence, arrived = kinesis["sequenceNumber"], kinesis["approximateArrivalTimestamp"]
        key = kinesis["partitionKey"]
        try:
            payloads = user_records(data)
        except UploadError as fault:
            rejected.append(RejectedUpload(fault.reason, _short(fault), data, sequence, 0, key, _moment(arrived)))
            continue
        for position, payload in enumerate(payloads):
            try:
                accepted.append(AcceptedUpload(decode(payload), payload, sequence, arrived, position, key))
            except UploadError as fault:
                rejected.append(
                    RejectedUpload(fault.reason, _short(fault), payload, sequence, position, key, _moment(arrived))
                )
    if refusals := admission.refusals(accepted):
        rejected += [_refused(accepted[place], fault) for place, fault in refusals.items()]
        accepted = [got for place, got in enumerate(accepted) if place not in refusals]
    return accepted, rejected


def _refused(got: AcceptedUpload, fault: UploadError) -> RejectedUpload:
    moment = _moment(got.arrived)
    return RejectedUpload(
        fault.reason, _short(fault), got.payload, got.sequence, got.position, got.partition_key, moment
    )


@lru_cache(maxsize=1_024)  # the uploads of a record have one
def _moment(arrived: float) -> datetime:
    return datetime.fromtimestamp(arrived, UTC)


def _short(fault: UploadError) -> str:
    """Its message, cut: it may quote the name of a field, and that may be a megabyte."""
    return str(fault)[:MESSAGE_CHARACTERS]
