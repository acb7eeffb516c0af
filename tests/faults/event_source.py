"""Lambda's event source mapping of a Kinesis stream, with the semantics that its documentation gives.

Order within a shard (within a partition key, where a shard has several lanes); at least once; the lowest failed
sequence number of a partial answer is the checkpoint; an answer with an empty or a strange one fails the whole batch; a
batch that fails is bisected, which costs no retry; when the retries are used up or the records too old, the batch
goes to the on-failure destination; a child shard begins when its parents are drained.
"""

import base64
import hashlib
import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.faults.stream import MemoryStream, Record

Event = dict[str, Any]


class Settings(NamedTuple):
    """As the mapping's properties of these names, of template.yaml; ages in s."""

    batch_size: int
    retries: int
    most_age_s: float
    lanes: int  # ParallelizationFactor


@dataclass
class Batch:
    """Records of one invocation, and how often they have failed."""

    records: list[Record]
    failed: int = 0


@dataclass
class Lane:
    """An ordered part of a shard's records: `due` holds batches already cut, `waiting` the records after them."""

    shard: str
    due: deque[Batch] = field(default_factory=deque)
    waiting: deque[Record] = field(default_factory=deque)
    busy: bool = False

    @property
    def idle(self) -> bool:
        return not self.due and not self.waiting

    def records(self) -> Iterator[Record]:
        for batch in self.due:
            yield from batch.records
        yield from self.waiting


class Mapping:
    """Reads `stream` for a function. `dead` are the messages on the on-failure queue, as SQS would hold them, and
    `dead_objects` those in the on-failure bucket; `whole` says where a batch goes."""

    def __init__(
        self,
        stream: MemoryStream,
        settings: Settings,
        rng: random.Random,
        now: Callable[[], datetime],
        *,
        whole: bool = False,
    ) -> None:
        self._stream, self._settings, self._rng, self._now = stream, settings, rng, now
        self._read: dict[str, int] = {}
        self.lanes: dict[str, list[Lane]] = {}
        self.dead: list[str] = []
        self.dead_objects: dict[str, bytes] = {}
        self._whole = whole

    def poll(self) -> list[Lane]:
        """Read the new records of the shards; returns the lanes that have records."""
        for shard in self._stream.shards.values():
            if shard.shard_id not in self.lanes:
                if not all(self.drained(parent) for parent in shard.parents):
                    continue
                self.lanes[shard.shard_id] = [Lane(shard.shard_id) for _ in range(self._settings.lanes)]
                self._read[shard.shard_id] = 0
            for record in shard.records[self._read[shard.shard_id] :]:
                self._lane(record).waiting.append(record)
            self._read[shard.shard_id] = len(shard.records)
        return [lane for lanes in self.lanes.values() for lane in lanes if not lane.idle]

    def drained(self, shard_id: str) -> bool:
        shard = self._stream.shards[shard_id]
        started = shard_id in self.lanes and self._read[shard_id] == len(shard.records)
        return started and shard.closed and all(lane.idle for lane in self.lanes[shard_id])

    def pending(self) -> set[int]:
        """The sequence numbers of records not yet processed."""
        held = {record.sequence for lanes in self.lanes.values() for lane in lanes for record in lane.records()}
        for shard in self._stream.shards.values():
            held |= {record.sequence for record in shard.records[self._read.get(shard.shard_id, 0) :]}
        return held

    def rewind(self, shard_id: str, moment: datetime) -> int:
        """Deliver the records of a shard since `moment` again, before those still due; returns how many there are."""
        shard = self._stream.shards[shard_id]
        again = shard.records[shard.since(moment) : self._read[shard_id]]
        for lane in self.lanes[shard_id]:
            own = [record for record in again if self._lane(record) is lane]
            still = {record.sequence: record for record in (*own, *lane.records())}
            lane.due.clear()
            lane.waiting = deque(still[sequence] for sequence in sorted(still))
        return len(again)

    def take(self, lane: Lane) -> Batch:
        """The batch of the lane's next invocation."""
        if not lane.due:
            size = self._rng.randint(1, self._settings.batch_size)
            lane.due.append(Batch([lane.waiting.popleft() for _ in range(min(size, len(lane.waiting)))]))
        return lane.due[0]

    def apply_answer(self, lane: Lane, answer: Any, fault: BaseException | None) -> None:
        """Go on after an invocation: by the function's answer, or the exception that ended it."""
        batch = lane.due.popleft()
        records = batch.records
        first_failed = 0 if fault else _checkpoint(records, answer)
        if first_failed == len(records):
            return
        if first_failed:
            lane.due.appendleft(Batch(records[first_failed:], batch.failed + 1))
        elif fault and len(records) > 1:
            middle = len(records) // 2
            lane.due.appendleft(Batch(records[middle:], batch.failed))
            lane.due.appendleft(Batch(records[:middle], batch.failed))
        else:
            lane.due.appendleft(Batch(records, batch.failed + 1))
        self._give_up(lane)

    def _give_up(self, lane: Lane) -> None:
        batch = lane.due[0]
        oldest = self._now() - timedelta(seconds=self._settings.most_age_s)
        young = [record for record in batch.records if record.arrived >= oldest]
        if batch.failed > self._settings.retries:
            lane.due.popleft()
            self._send_to_failure_destination(batch.records, batch.failed, "RetryAttemptsExhausted")
        elif len(young) < len(batch.records):
            old = batch.records[: len(batch.records) - len(young)]
            self._send_to_failure_destination(old, batch.failed, "MaximumRecordAgeExceeded")
            lane.due.popleft()
            if young:
                lane.due.appendleft(Batch(young, batch.failed))

    def _send_to_failure_destination(self, records: list[Record], failed: int, condition: str) -> None:
        body = message(self._stream.arn, records, failed, condition, self._now(), whole=self._whole)
        if self._whole:
            place = f"aws/lambda/mapping-1/{records[0].shard}/{self._now():%Y/%m/%d}/{len(self.dead_objects)}"
            self.dead_objects[f"{place}-{records[0].sequence}"] = body.encode()
        else:
            self.dead.append(body)

    def _lane(self, record: Record) -> Lane:
        lanes = self.lanes[record.shard]
        return lanes[hashlib.md5(record.key.encode()).digest()[0] % len(lanes)]


def event_of(arn: str, records: list[Record]) -> Event:
    """The event that the function is invoked with."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.key,
                    "sequenceNumber": str(record.sequence),
                    "data": base64.b64encode(record.data).decode(),
                    "approximateArrivalTimestamp": record.arrived.timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{record.shard}:{record.sequence}",
                "eventName": "aws:kinesis:record",
                "eventSourceARN": arn,
            }
            for record in records
        ]
    }


def _checkpoint(records: list[Record], answer: Any) -> int:
    """The index of the first record to retry: the number of records if all succeeded, 0 if all failed."""
    failures = (answer or {}).get("batchItemFailures") or []
    places = {str(record.sequence): place for place, record in enumerate(records)}
    failed = [places.get(failure.get("itemIdentifier"), 0) for failure in failures]
    return min(failed, default=len(records))


def message(arn: str, records: list[Record], failed: int, condition: str, now: datetime, *, whole: bool = False) -> str:
    """Lambda's message to the on-failure destination: where the records are, and in a bucket (`whole`) the records."""
    payload = {"payload": json.dumps(event_of(arn, records))} if whole else {}
    return json.dumps(
        payload
        | {
            "requestContext": {
                "requestId": "r-1",
                "functionArn": "arn:aws:lambda:eu-central-1:000000000000:function:metering",
                "condition": condition,
                "approximateInvokeCount": failed,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": f"{now:%Y-%m-%dT%H:%M:%S.000Z}",
            "KinesisBatchInfo": {
                "shardId": records[0].shard,
                "startSequenceNumber": str(records[0].sequence),
                "endSequenceNumber": str(records[-1].sequence),
                "approximateArrivalOfFirstRecord": f"{records[0].arrived:%Y-%m-%dT%H:%M:%S.000Z}",
                "approximateArrivalOfLastRecord": f"{records[-1].arrived:%Y-%m-%dT%H:%M:%S.000Z}",
                "batchSize": len(records),
                "streamArn": arn,
            },
        }
    )
