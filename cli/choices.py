"""The values of options with a fixed choice."""

from enum import StrEnum


class Channel(StrEnum):
    """A channel for uploads: the ingestion API, or KPL frames put directly into the stream."""

    api = "api"
    kinesis = "kinesis"


class Source(StrEnum):
    """What a replay reads: the stream, or delivered Parquet."""

    stream = "stream"
    parquet = "parquet"
