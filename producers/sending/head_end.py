"""Sends uploads as a head-end: packed into KPL aggregated frames and put directly into the stream.

A frame goes to one shard as a whole, whatever meters it contains. So there is one open frame per shard, and a meter's
uploads go into the frame of the shard that owns the meter's key: each meter stays in order on one shard.
"""

import hashlib
from bisect import bisect_right
from typing import Any, NamedTuple

from aws_kinesis_agg.aggregator import AggRecord

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import KinesisClient
from electrocloud.aws.ingest.stream import ATTEMPTS, PUT_BYTES, PUT_RECORDS
from electrocloud.domain.errors import StreamBusyError
from producers.sending.send_counts import SendCounts

FRAME_BYTES = 200_000  # more than the largest valid upload


class Frame(NamedTuple):
    """A finished frame: its bytes, the hash key that routes it to its shard, and its number of readings."""

    data: bytes
    hash_key: str
    readings: int


class HeadEndSender:
    """Packs uploads and puts the frames. `kinesis` is a boto3 client; `pause(n)` waits before try n + 1.

    `flush` sends the rest. Frames that Kinesis refuses are put again, up to ATTEMPTS times; then `StreamBusyError` is
    raised.
    """

    def __init__(self, kinesis: KinesisClient, stream: str, tally: SendCounts, pause: Pause) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._tally = tally
        self._pause = pause
        self._waiting: list[Frame] = []
        self._waiting_bytes = 0
        self._refresh_shards()

    def send(self, meter_id: str, upload: bytes, readings: int) -> None:
        """Queue an upload (JSON) with its number of readings."""
        self._tally.sent += readings
        shard = bisect_right(self._firsts, _hash(meter_id)) - 1
        if not self._open[shard].add_user_record(meter_id, upload):
            self._close(shard)
            self._open[shard].add_user_record(meter_id, upload)
        self._readings[shard] += readings

    def flush(self) -> None:
        """Send the frames that are not full yet."""
        for shard in range(len(self._firsts)):
            self._close(shard)
        self._put()

    def _refresh_shards(self) -> None:
        pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=self._stream)
        shards = [shard for page in pages for shard in page["Shards"]]
        alive = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        alive.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        self._firsts = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in alive]
        self._shard_ids = {shard["ShardId"] for shard in alive}
        self._open = [AggRecord(FRAME_BYTES) for _ in alive]
        self._readings = [0] * len(alive)

    def _close(self, shard: int) -> None:
        frame = self._open[shard]
        if not frame.get_num_user_records():
            return
        data = frame.get_contents()[2]
        self._waiting.append(Frame(data, str(self._firsts[shard]), self._readings[shard]))
        self._waiting_bytes += len(data)
        self._open[shard] = AggRecord(FRAME_BYTES)
        self._readings[shard] = 0
        if len(self._waiting) >= PUT_RECORDS or self._waiting_bytes >= PUT_BYTES:
            self._put()

    def _put(self) -> None:
        frames, self._waiting, self._waiting_bytes = self._waiting, [], 0
        new_shards: set[str] = set()
        for attempt in range(ATTEMPTS):
            if not frames:
                break
            if attempt:
                self._pause(attempt)
            records: list[Any] = [
                {"Data": frame.data, "PartitionKey": frame.hash_key, "ExplicitHashKey": frame.hash_key}
                for frame in frames
            ]
            answers = self._kinesis.put_records(StreamName=self._stream, Records=records)["Records"]
            new_shards |= {answer["ShardId"] for answer in answers if "ShardId" in answer} - self._shard_ids
            accepted = [frame for frame, answer in zip(frames, answers, strict=True) if "ErrorCode" not in answer]
            frames = [frame for frame, answer in zip(frames, answers, strict=True) if "ErrorCode" in answer]
            self._tally.accepted += sum(frame.readings for frame in accepted)
            self._tally.retried += sum(frame.readings for frame in frames)
        if frames:
            self._tally.refused += sum(frame.readings for frame in frames)
            raise StreamBusyError(
                f"the stream {self._stream} refused {len(frames)} frames {ATTEMPTS} times; give it more shards"
            )
        if new_shards:  # the stream was resharded
            self._reshard()

    def _reshard(self) -> None:
        for shard in range(len(self._firsts)):
            self._close(shard)
        self._refresh_shards()


def _hash(key: str) -> int:
    """The hash key of a partition key: its MD5 as a 128-bit integer."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest())
