"""KPL aggregated records: one Kinesis record that carries the uploads of many meters.

The frame is the magic number, a protobuf `AggregatedRecord`, and the MD5 of that message (the KPL's published format).
The Lambda event source mapping hands frames over unopened; Firehose opens them itself.
"""

import hashlib

from aws_kinesis_agg import DIGEST_SIZE, MAGIC
from aws_kinesis_agg.deaggregator import messages_pb2  # by itself it does not find its sibling
from google.protobuf.message import DecodeError

from electrocloud.domain.errors import UploadError


def user_records(data: bytes) -> list[bytes]:
    """The uploads in one Kinesis record: those of a frame in order, or the record itself where it is no frame.

    A frame whose checksum or message is broken is an `UploadError` with reason `kpl-frame`.
    """
    if not data.startswith(MAGIC):
        return [data]
    message, digest = data[len(MAGIC) : -DIGEST_SIZE], data[-DIGEST_SIZE:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        raise UploadError("kpl-frame", "the KPL frame's checksum does not match its message; send the frame again")
    frame = messages_pb2.AggregatedRecord()
    try:
        frame.ParseFromString(message)
    except DecodeError as fault:
        raise UploadError("kpl-frame", f"the KPL frame is no AggregatedRecord: {fault}") from None
    return [record.data for record in frame.records]
