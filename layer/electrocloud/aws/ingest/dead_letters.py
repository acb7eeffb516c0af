"""Puts the batches that Lambda gave up on back into the stream.

The event source mapping's on-failure destination is the bucket, where Lambda writes a batch with all of its records.
Earlier versions had a queue, whose messages only point into the stream; what still waits there is redriven too. What
goes back is in the stream before its old place lets go of it, so a redrive that is broken off can be run again.
"""

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.clients import KinesisClient, S3Client, SQSClient
from electrocloud.aws.ingest import stream
from electrocloud.aws.ingest.redrive import Case, Put
from electrocloud.aws.ingest.stream import Entry, Record

PREFIX = "aws/lambda/"  # Lambda's own: aws/lambda/UUID-OF-THE-MAPPING/SHARD/YYYY/MM/DD/…
HIDE_S = 300  # how long a message is kept from others while it is redriven
UNKNOWN = Case("dead letter", "unknown", "no batch of a stream: look at it yourself", 1, 0)


class Batch(msgspec.Struct, frozen=True, rename="camel"):
    """Where a batch stands that Lambda gave up on. Its message has no more than that: the records are in the stream."""

    stream_arn: str
    shard_id: str
    start_sequence_number: str
    end_sequence_number: str


class _Context(msgspec.Struct, frozen=True):
    condition: str = "unknown"


class _Message(msgspec.Struct, frozen=True):
    batch: Batch = msgspec.field(name="KinesisBatchInfo")
    context: _Context = msgspec.field(name="requestContext", default=_Context())


class _WholeMessage(msgspec.Struct, frozen=True):
    payload: str | dict[str, Any]


_message_decoder = msgspec.json.Decoder(_Message)
_whole_message_decoder = msgspec.json.Decoder(_WholeMessage)


def redrive_failed_batches(s3: S3Client, bucket: str, put: Put | None, reasons: Collection[str]) -> Iterator[Case]:
    """Put back the records of the batches in the bucket, and delete these; old versions stay for a month.

    `put` takes entries into the stream; without it nothing is changed. `reasons` are the conditions to look at, such
    as RetryAttemptsExhausted; none means all.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    for key in [found["Key"] for page in pages for found in page.get("Contents", [])]:
        try:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "NoSuchKey":  # another redrive was faster
                raise
            continue
        try:
            reason = _message_decoder.decode(body).context.condition
            entries = records_of(body)
        except (msgspec.DecodeError, ValueError):
            yield UNKNOWN
            continue
        if reasons and reason not in reasons:
            continue
        if put:
            put(entries)
            s3.delete_object(Bucket=bucket, Key=key)
        yield Case("dead letter", reason, "put back", 1, len(entries))


def records_of(body: bytes) -> list[Entry]:
    """The records of a batch in the bucket. Its `payload` is the event that the function was invoked with, as JSON or
    as the text of it."""
    event = _event(body)
    return [Entry(one["kinesis"]["partitionKey"], b64decode(one["kinesis"]["data"])) for one in event["Records"]]


def with_records(body: bytes, entries: Collection[Entry]) -> bytes:
    """The batch with other records in place of its own."""
    records = [
        {"kinesis": {"partitionKey": entry.partition_key, "data": b64encode(entry.data).decode()}} for entry in entries
    ]
    return msgspec.json.encode(msgspec.json.decode(body) | {"payload": {"Records": records}})


def redrive_dead_letters(
    sqs: SQSClient, queue_url: str, kinesis: KinesisClient, put: Put | None, reasons: Collection[str]
) -> Iterator[Case]:
    """Put back the records of the batches that the queue tells of, as far as the stream still has them.

    A message that is done with is deleted. One whose records the stream has forgotten stays, since it is all that is
    left to tell of them: replay their days from Parquet.
    """
    left: list[str] = []
    try:
        while messages := sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=HIDE_S, WaitTimeSeconds=1
        ).get("Messages"):
            for message in messages:
                case = _dead_letter(message["Body"], kinesis, put, reasons)
                if put and case and case.fate == "put back":
                    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                else:
                    left.append(message["ReceiptHandle"])
                if case:
                    yield case
    finally:
        for handle in left:
            sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=handle, VisibilityTimeout=0)


def _event(body: bytes) -> dict[str, Any]:
    payload = _whole_message_decoder.decode(body).payload
    event = msgspec.json.decode(payload) if isinstance(payload, str) else payload
    if not isinstance(event, dict) or "Records" not in event:
        raise ValueError("the payload is no event")
    return event


def _dead_letter(body: str, kinesis: KinesisClient, put: Put | None, reasons: Collection[str]) -> Case | None:
    try:
        message = _message_decoder.decode(body)
    except msgspec.DecodeError:
        return UNKNOWN
    reason = message.context.condition
    if reasons and reason not in reasons:
        return None
    count = 0
    for part in _records(kinesis, message.batch):
        if not count and part[0].sequence != int(message.batch.start_sequence_number):
            break
        if put:
            put([Entry(record.partition_key, record.data) for record in part])
        count += len(part)
    return Case("dead letter", reason, "put back" if count else "gone from the stream", 1, count)


def _records(kinesis: KinesisClient, batch: Batch) -> Iterator[list[Record]]:
    """The records from the batch's first to its last, and those of others that stand between: they do no harm."""
    last = int(batch.end_sequence_number)
    start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": batch.start_sequence_number}
    try:
        name = batch.stream_arn.rpartition("/")[2]
        for page in stream.read(kinesis, name, batch.shard_id, datetime.now(UTC), **start):
            if part := [record for record in page if record.sequence <= last]:
                yield part
            if page[-1].sequence >= last:
                return
    except ClientError as fault:  # the shard is gone, or the place in it
        if fault.response["Error"]["Code"] not in ("ResourceNotFoundException", "InvalidArgumentException"):
            raise
