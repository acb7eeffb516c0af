"""The values that options choose between."""

from enum import StrEnum


class Channel(StrEnum):
    """A way into the system: the ingestion API, or KPL frames straight into the stream."""

    api = "api"
    kinesis = "kinesis"


class Source(StrEnum):
    """What a replay reads: the stream, or the Parquet that it was delivered to."""

    stream = "stream"
    parquet = "parquet"
