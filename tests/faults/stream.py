"""A Kinesis stream in memory with the calls of boto3's client: shards by hash range, sequence numbers, resharding."""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tests.faults.dynamo import error

HASHES = 1 << 128
FIRST_SEQUENCE = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898


class Record(NamedTuple):
    """A record of a shard; `arrived` is aware UTC."""

    shard: str
    sequence: int
    key: str
    data: bytes
    arrived: datetime


@dataclass
class Shard:
    """A shard of the hashes in [`low`, `high`). A closed shard accepts no more records; its children do."""

    shard_id: str
    low: int
    high: int
    parents: tuple[str, ...] = ()
    closed: bool = False
    records: list[Record] = field(default_factory=list)

    def since(self, moment: datetime) -> int:
        """The place of the first record that arrived at `moment` or later."""
        return bisect_left(self.records, moment, key=lambda record: record.arrived)


class MemoryStream:
    """`now` gives the arrival time of a record. `shards` holds open and closed shards by id, oldest first."""

    arn = "arn:aws:kinesis:eu-central-1:000000000000:stream/readings"

    def __init__(self, shards: int, now: Callable[[], datetime]) -> None:
        self._now = now
        self._sequence = FIRST_SEQUENCE
        self.shards: dict[str, Shard] = {}
        for number in range(shards):
            self._open(HASHES * number // shards, HASHES * (number + 1) // shards)

    def records(self) -> Iterator[Record]:
        for shard in self.shards.values():
            yield from shard.records

    def open_shards(self) -> list[Shard]:
        return [shard for shard in self.shards.values() if not shard.closed]

    def split(self, shard: Shard) -> None:
        shard.closed = True
        middle = (shard.low + shard.high) // 2
        self._open(shard.low, middle, shard)
        self._open(middle, shard.high, shard)

    def merge(self, one: Shard, other: Shard) -> None:
        """Two neighbors become one shard."""
        assert one.high == other.low
        one.closed = other.closed = True
        self._open(one.low, other.high, one, other)

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert len(Records) <= 500
        return {"FailedRecordCount": 0, "Records": [self.take(record) for record in Records]}

    def take(self, record: dict[str, Any]) -> dict[str, str]:
        """One entry of PutRecords; the answer's entry."""
        key = record["PartitionKey"]
        explicit = record.get("ExplicitHashKey")
        hashed = int(explicit) if explicit else int.from_bytes(hashlib.md5(key.encode()).digest())
        (shard,) = [one for one in self.open_shards() if one.low <= hashed < one.high]
        self._sequence += 1
        shard.records.append(Record(shard.shard_id, self._sequence, key, record["Data"], self._now()))
        return {"ShardId": shard.shard_id, "SequenceNumber": str(self._sequence)}

    def list_shards(self, **_: Any) -> dict[str, Any]:
        return {
            "Shards": [
                {
                    "ShardId": shard.shard_id,
                    "HashKeyRange": {"StartingHashKey": str(shard.low), "EndingHashKey": str(shard.high - 1)},
                    "SequenceNumberRange": {"StartingSequenceNumber": str(FIRST_SEQUENCE)}
                    | ({"EndingSequenceNumber": str(self._sequence)} if shard.closed else {}),
                }
                for shard in self.shards.values()
            ]
        }

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_shards"
        return _OnePage(self)

    def get_shard_iterator(
        self,
        ShardId: str,  # noqa: N803
        ShardIteratorType: str,  # noqa: N803
        StartingSequenceNumber: str = "0",  # noqa: N803
        Timestamp: datetime | None = None,  # noqa: N803
        **_: str,
    ) -> dict[str, str]:
        if ShardId not in self.shards:
            raise error("ResourceNotFoundException", "GetShardIterator", f"no shard {ShardId}")
        shard = self.shards[ShardId]
        match ShardIteratorType:
            case "TRIM_HORIZON":
                place = 0
            case "AT_SEQUENCE_NUMBER":
                place = bisect_left(shard.records, int(StartingSequenceNumber), key=lambda record: record.sequence)
            case "AFTER_SEQUENCE_NUMBER":
                place = bisect_left(shard.records, int(StartingSequenceNumber) + 1, key=lambda record: record.sequence)
            case "AT_TIMESTAMP":
                assert Timestamp
                place = shard.since(Timestamp)
        return {"ShardIterator": f"{ShardId}/{place}"}

    def get_records(self, ShardIterator: str, Limit: int = 10_000, **_: str) -> dict[str, Any]:  # noqa: N803
        shard_id, _, place = ShardIterator.partition("/")
        shard, first = self.shards[shard_id], int(place)
        part = shard.records[first : first + Limit]
        left = shard.records[first + Limit :]
        answer: dict[str, Any] = {
            "Records": [
                {
                    "SequenceNumber": str(record.sequence),
                    "ApproximateArrivalTimestamp": record.arrived,
                    "Data": record.data,
                    "PartitionKey": record.key,
                }
                for record in part
            ],
            "MillisBehindLatest": int((self._now() - left[0].arrived).total_seconds() * 1000) + 1 if left else 0,
        }
        if left or not shard.closed:
            answer["NextShardIterator"] = f"{shard_id}/{first + len(part)}"
        return answer

    def _open(self, low: int, high: int, *parents: Shard) -> None:
        shard = Shard(f"shardId-{len(self.shards):012}", low, high, tuple(parent.shard_id for parent in parents))
        self.shards[shard.shard_id] = shard


class _OnePage:
    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield self._stream.list_shards(**request)
