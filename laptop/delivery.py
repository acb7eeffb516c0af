"""Parquet on a laptop: reads the stream, runs the transform and writes what template.yaml's Firehose would write.

The laptop's cloud has a Firehose that writes one object per record; this module replaces it there, and only there.
Columns, partition prefix, compression and buffering are read from the template.
"""

import argparse
import io
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

from analytics.template import load
from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import KinesisClient
from electrocloud.aws.ingest.firehose_rows import to_rows
from electrocloud.aws.ingest.kpl import user_records
from electrocloud.aws.stack import STATE, find_stack
from electrocloud.aws.store.meter_lookup import MeterLookup, admission_of
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.admission import DEFAULT, Admission, admit
from laptop.bill_publishing import BillPublisher
from laptop.checkpoint import Checkpoint
from laptop.cloud import DATA, PARAMETERS

_ARROW = {
    "string": pa.string(),
    "timestamp": pa.timestamp("ms"),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
}


MOST_WAITING_BYTES = 256 << 20  # of all days together, as JSON; beyond it the fullest partition is written early
BUFFER_S = 15.0  # on a laptop; Firehose waits at least a minute
RECORDS_A_CALL = 50  # 10 MB with the largest frames, the limit of Kinesis, which the laptop's does not enforce


class Plan(NamedTuple):
    """The template's delivery settings: columns, compression, partition prefix, and buffer limits in bytes and s."""

    schema: pa.Schema
    compression: str
    prefix: str
    error_prefix: str
    buffer_bytes: int
    buffer_s: float

    @classmethod
    def of(cls, template: dict[str, Any], parameters: dict[str, str]) -> "Plan":
        """The settings with the given deployment `parameters`; the template's defaults apply to the rest."""
        columns = template["Resources"]["ReadingsTable"]["Properties"]["TableInput"]["StorageDescriptor"]["Columns"]
        destination = template["Resources"]["Delivery"]["Properties"]["ExtendedS3DestinationConfiguration"]
        output = destination["DataFormatConversionConfiguration"]["OutputFormatConfiguration"]
        hints = destination["BufferingHints"]
        seconds = hints["IntervalInSeconds"]
        if isinstance(seconds, dict):
            name = seconds["Ref"]
            seconds = parameters.get(name, template["Parameters"][name]["Default"])
        return cls(
            schema=pa.schema([(column["Name"], _ARROW[column["Type"]]) for column in columns]),
            compression=output["Serializer"]["ParquetSerDe"]["Compression"].lower(),
            prefix=destination["Prefix"],
            error_prefix=destination["ErrorOutputPrefix"],
            buffer_bytes=hints["SizeInMBs"] << 20,
            buffer_s=float(seconds),
        )


class Partition:
    """One day's buffered rows. Held as Arrow, a fifth of the JSON's size, so that memory stays flat."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.json_bytes = 0
        self.tables: list[pa.Table] = []

    def add(self, rows: bytes, schema: pa.Schema) -> None:
        """Add rows, as lines of JSON with the columns of the schema."""
        options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
        self.tables.append(pa.json.read_json(io.BytesIO(rows), parse_options=options))
        self.json_bytes += len(rows)


class FailedRecord(msgspec.Struct):
    """A record that the transform could not make rows of, as Firehose writes it under errors/."""

    raw_data: bytes = msgspec.field(name="rawData")
    sequence_number: str = msgspec.field(name="kinesisSequenceNumber")
    arrival_timestamp: datetime = msgspec.field(name="arrivalTimestamp")


def _payloads(records: list[dict[str, Any]], errors: list[FailedRecord]) -> Iterator[tuple[bytes, str, datetime]]:
    """The user records, each with its sequence number and arrival; what cannot be opened goes to `errors`."""
    for record in records:
        place = record["SequenceNumber"], record["ApproximateArrivalTimestamp"].astimezone(UTC)
        try:
            yield from [(payload, *place) for payload in user_records(record["Data"])]
        except UploadError:
            errors.append(FailedRecord(record["Data"], *place))


class Delivery:
    """Buffers the stream's rows, and writes a day's rows when its buffer is full or old enough."""

    def __init__(
        self,
        plan: Plan,
        put: Callable[[str, bytes], None],
        clock: Callable[[], float],
        admission: Admission = DEFAULT,
    ) -> None:
        self._plan = plan
        self._admission = admission
        self._put = put
        self._clock = clock
        self._partitions: dict[str, Partition] = {}
        self.rows = 0
        self.files = 0
        self.refused = 0

    def take(self, records: list[dict[str, Any]]) -> None:
        """Process records as returned by `kinesis.get_records`; KPL frames are opened, bad uploads go to errors/."""
        days: dict[str, list[bytes]] = {}
        errors: list[FailedRecord] = []
        payloads = list(_payloads(records, errors))
        judged = admit([(payload, arrived.timestamp()) for payload, _, arrived in payloads], self._admission)
        for (payload, sequence, arrived), upload in zip(payloads, judged, strict=True):
            if isinstance(upload, UploadError):
                errors.append(FailedRecord(payload, sequence, arrived))
            else:
                dt, rows = to_rows(upload, arrived)
                days.setdefault(dt, []).append(rows)
        if errors:
            self._write_errors(errors)
        for dt, parts in days.items():
            partition = self._partitions.setdefault(dt, Partition(self._clock()))
            partition.add(b"".join(parts), self._plan.schema)
            if partition.json_bytes >= self._plan.buffer_bytes:
                self._write(dt)
        while sum(partition.json_bytes for partition in self._partitions.values()) > MOST_WAITING_BYTES:
            self._write(max(self._partitions, key=lambda dt: self._partitions[dt].json_bytes))

    def flush(self, *, force: bool = False) -> bool:
        """Write all partitions as soon as one of them is due, or now with `force`; whether none waits any more.

        So there are moments when all that was taken is written, from which a later start can go on.
        """
        due = self._clock() - self._plan.buffer_s
        if force or any(waits.since <= due for waits in self._partitions.values()):
            for dt in list(self._partitions):
                self._write(dt)
        return not self._partitions

    @property
    def waiting(self) -> int:
        """The number of rows buffered and not written yet."""
        return sum(table.num_rows for waits in self._partitions.values() for table in waits.tables)

    def _write(self, dt: str) -> None:
        table = pa.concat_tables(self._partitions.pop(dt).tables)
        sink = io.BytesIO()
        pa.parquet.write_table(table, sink, compression=self._plan.compression)
        prefix = self._plan.prefix.replace("!{partitionKeyFromLambda:dt}", dt)
        self._put(f"{prefix}{datetime.now(UTC):%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}.parquet", sink.getvalue())
        self.rows += table.num_rows
        self.files += 1

    def _write_errors(self, errors: list[FailedRecord]) -> None:
        """One object of JSON lines, as Firehose writes it; the key follows from its first record."""
        first = errors[0]
        prefix = self._plan.error_prefix.replace("!{firehose:error-output-type}", "processing-failed")
        prefix = prefix.replace("!{timestamp:yyyy-MM-dd}", f"{first.arrival_timestamp:%Y-%m-%d}")
        self._put(f"{prefix}{first.sequence_number}", msgspec.json.Encoder().encode_lines(errors))
        self.refused += len(errors)


class Tail:
    """Reads a stream's shards in turn, and continues with the child shards after a reshard.

    It starts after the sequence numbers in `read_to`, by shard, else at the oldest record.
    """

    def __init__(self, kinesis: KinesisClient, stream: str, read_to: Mapping[str, str] | None = None) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._iterators: dict[str, str | None] = {}
        self.read_to: dict[str, str] = dict(read_to or {})

    def poll(self) -> Iterator[list[Any]]:
        """The records since the last poll, one list per shard."""
        pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=self._stream)
        for shard_id in [shard["ShardId"] for page in pages for shard in page["Shards"]]:
            if shard_id not in self._iterators:
                self._iterators[shard_id] = self._first_iterator(shard_id)
            iterator = self._iterators[shard_id]
            if iterator is None:
                continue
            answer = self._kinesis.get_records(ShardIterator=iterator, Limit=RECORDS_A_CALL)
            self._iterators[shard_id] = answer.get("NextShardIterator")
            if answer["Records"]:
                self.read_to[shard_id] = answer["Records"][-1]["SequenceNumber"]
                yield answer["Records"]

    def _first_iterator(self, shard_id: str) -> str:
        place: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if number := self.read_to.get(shard_id):
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
        found = self._kinesis.get_shard_iterator(StreamName=self._stream, ShardId=shard_id, **place)
        return str(found["ShardIterator"])


def run(
    tail: Tail,
    delivery: Delivery,
    stopped: Callable[[], bool],
    written: Callable[[dict[str, str]], None],
    publish: Callable[[], int] = lambda: 0,
) -> None:
    """Deliver until stopped, then write what is buffered.

    `written` gets the last sequence numbers by shard whenever all up to them is written. `publish` is called in turn
    with the delivery, to write issued bills.
    """
    last: dict[str, str] = {}
    while not stopped():
        busy = False
        for records in tail.poll():
            delivery.take(records)
            busy = True
        if delivery.flush() and tail.read_to != last:
            written(last := dict(tail.read_to))
        publish()
        if not busy:
            time.sleep(0.2)
    delivery.flush(force=True)
    written(tail.read_to)


def main() -> None:
    """Deliver the laptop's stream until SIGTERM; a later start goes on from there."""
    argparse.ArgumentParser(prog="python -m laptop.delivery", description=__doc__).parse_args()
    stack = find_stack()
    s3 = stack.client("s3")
    stop: list[int] = []
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_, lambda number, _: stop.append(number))

    def put(key: str, body: bytes) -> None:
        s3.put_object(Bucket=stack.bucket, Key=key, Body=body)

    meters = MeterLookup(stack.client("dynamodb"), stack.meters_table, pause, time.monotonic)
    admission = admission_of(stack, meters)
    plan = Plan.of(load(), PARAMETERS)._replace(buffer_s=BUFFER_S)
    delivery = Delivery(plan, put, time.monotonic, admission)
    place = Checkpoint(STATE / DATA / "delivery.json")
    tail = Tail(stack.client("kinesis"), stack.stream, place.read())
    run(tail, delivery, lambda: bool(stop), place.write, BillPublisher(stack, time.monotonic).poll)


if __name__ == "__main__":
    main()
