"""Uploads for a replay, out of the stream."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from electrocloud.aws.clients import KinesisClient
from electrocloud.aws.ingest.stream import read, shard_ids, uploads_in
from electrocloud.domain.readings.admission import DEFAULT, Admission
from electrocloud.domain.readings.upload import Upload


class Part(NamedTuple):
    """Some uploads to replay, how many records beside them were no uploads, and what share of all is done with them."""

    uploads: list[Upload]
    refused: int
    done: float


def from_stream(
    kinesis: KinesisClient, stream: str, since: datetime, now: datetime, admission: Admission = DEFAULT
) -> Iterator[Part]:
    """What the stream has received from `since` to `now` (aware), shard by shard."""
    shards = shard_ids(kinesis, stream)
    for number, shard_id in enumerate(shards):
        for records in read(kinesis, stream, shard_id, now, ShardIteratorType="AT_TIMESTAMP", Timestamp=since):
            uploads, refused = uploads_in(records, admission)
            share = min(1.0, (records[-1].arrived - since) / (now - since))
            yield Part(uploads, refused, (number + share) / len(shards))
