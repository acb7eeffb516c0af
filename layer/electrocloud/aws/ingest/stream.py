"""Records of the stream, read back from a place on, and put in again."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import KinesisClient
from electrocloud.aws.ingest.kpl import user_records
from electrocloud.domain.errors import StreamBusyError, UploadError
from electrocloud.domain.readings.admission import DEFAULT, Admission, admit
from electrocloud.domain.readings.upload import Upload

RECORDS_A_PAGE = 1_000
PUT_RECORDS = 500  # Kinesis' limits for PutRecords
PUT_BYTES = 4_000_000
ATTEMPTS = 12


class Entry(NamedTuple):
    """What PutRecords takes."""

    partition_key: str
    data: bytes


class Record(NamedTuple):
    """A record as it stands in a shard; `arrived` is aware."""

    sequence: int
    partition_key: str
    data: bytes
    arrived: datetime


def shard_ids(kinesis: KinesisClient, stream: str) -> list[str]:
    """All shards that may still have records, the closed ones too."""
    pages = kinesis.get_paginator("list_shards").paginate(StreamName=stream)
    return [shard["ShardId"] for page in pages for shard in page["Shards"]]


def read(kinesis: KinesisClient, stream: str, shard_id: str, until: datetime, **start: Any) -> Iterator[list[Record]]:
    """A shard's records in pages, from `start` (GetShardIterator's arguments) to the newest, or to the first page that
    reaches beyond `until`."""
    where: dict[str, Any] = {"StreamName": stream, "ShardId": shard_id}
    iterator = kinesis.get_shard_iterator(**where, **start)["ShardIterator"]
    while iterator:
        try:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=RECORDS_A_PAGE)
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ExpiredIteratorException":
                raise
            iterator = kinesis.get_shard_iterator(**where, **start)["ShardIterator"]
            continue
        records = [
            Record(
                int(found["SequenceNumber"]), found["PartitionKey"], found["Data"], found["ApproximateArrivalTimestamp"]
            )
            for found in answer["Records"]
        ]
        if records:
            yield records
            last = records[-1]
            start = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": str(last.sequence),
            }
            if last.arrived > until:
                return
        elif answer["MillisBehindLatest"] == 0:
            return
        iterator = answer.get("NextShardIterator")


def uploads_in(records: Sequence[Record], admission: Admission = DEFAULT) -> tuple[list[Upload], int]:
    """The uploads that records bring, and how many are rejected: the metering function has those in quarantine."""
    payloads: list[tuple[bytes, float]] = []
    rejected = 0
    for record in records:
        arrived = record.arrived.timestamp()
        try:
            payloads += [(payload, arrived) for payload in user_records(record.data)]
        except UploadError:
            rejected += 1
    judged = admit(payloads, admission)
    uploads = [upload for upload in judged if isinstance(upload, Upload)]
    return uploads, rejected + len(judged) - len(uploads)


def put(kinesis: KinesisClient, stream: str, entries: Sequence[Entry], pause: Pause) -> None:
    """Put entries in the stream, and again those that it refuses; `StreamBusyError` after ATTEMPTS times."""
    for part in _calls(entries):
        waiting = part
        for attempt in range(ATTEMPTS):
            answers = kinesis.put_records(
                StreamName=stream,
                Records=[{"PartitionKey": entry.partition_key, "Data": entry.data} for entry in waiting],
            )["Records"]
            waiting = [entry for entry, answer in zip(waiting, answers, strict=True) if "ErrorCode" in answer]
            if not waiting:
                break
            pause(attempt)
        else:
            raise StreamBusyError(
                f"the stream {stream} refused {len(waiting)} records {ATTEMPTS} times; try again later"
            )


def _calls(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    part: list[Entry] = []
    size = 0
    for entry in entries:
        if part and (len(part) == PUT_RECORDS or size + len(entry.data) > PUT_BYTES):
            yield part
            part, size = [], 0
        part.append(entry)
        size += len(entry.data)
    if part:
        yield part
