"""Where refused uploads wait with their bytes, for somebody to look at and to send again."""

import base64
from typing import Any

import msgspec

from electrocloud.aws.kinesis import Refused


def put(s3: Any, bucket: str, refused: list[Refused]) -> None:
    """Write each refused upload as one JSON object under quarantine/dt=…/, named by its place in the stream.

    The name makes a redelivered record write the same object again. `payload` is the original bytes in base64.
    """
    for upload in refused:
        s3.put_object(
            Bucket=bucket,
            Key=f"quarantine/dt={upload.arrived:%Y-%m-%d}/{upload.reason}/{upload.sequence}-{upload.position}.json",
            ContentType="application/json",
            Body=msgspec.json.encode(
                {
                    "reason": upload.reason,
                    "message": upload.message,
                    "sequence_number": upload.sequence,
                    "partition_key": upload.partition_key,
                    "arrived_at": f"{upload.arrived:%Y-%m-%d %H:%M:%S}",
                    "payload": base64.b64encode(upload.payload).decode(),
                }
            ),
        )
