"""Where refused uploads wait with their bytes, for somebody to look at and to send again."""

from typing import Any

import msgspec

from electrocloud.aws.ingest.kinesis_event import RejectedUpload

PREFIX = "quarantine/"


class Quarantined(msgspec.Struct, frozen=True):
    """An upload in quarantine. In JSON `payload`, its original bytes, is base64; `arrived_at` is UTC."""

    reason: str
    message: str
    sequence_number: str
    partition_key: str
    arrived_at: str
    payload: bytes


def put(s3: Any, bucket: str, refused: list[RejectedUpload]) -> None:
    """Write each refused upload as one JSON object under quarantine/dt=…/reason/, named by its place in the stream.

    The name makes a redelivered record write the same object again.
    """
    for upload in refused:
        held = Quarantined(
            upload.reason,
            upload.message,
            upload.sequence,
            upload.partition_key,
            f"{upload.arrived:%Y-%m-%d %H:%M:%S}",
            upload.payload,
        )
        s3.put_object(
            Bucket=bucket,
            Key=f"{PREFIX}dt={upload.arrived:%Y-%m-%d}/{upload.reason}/{upload.sequence}-{upload.position}.json",
            ContentType="application/json",
            Body=msgspec.json.encode(held),
        )
