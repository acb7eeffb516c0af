"""The bucket and the on-failure queue as an operator's tools see them."""

import io
from collections.abc import Iterator
from typing import Any


class MemoryBucket:
    """`objects` are the bucket's, by key."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_paginator(self, operation: str) -> "MemoryBucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        keys = sorted(key for key in self._objects if key.startswith(Prefix))
        for first in range(0, len(keys), 7):
            yield {"Contents": [{"Key": key} for key in keys[first : first + 7]]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._objects[Key])}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803
        self._objects[Key] = Body

    def delete_object(self, Bucket: str, Key: str) -> None:  # noqa: N803
        del self._objects[Key]


class MemoryQueue:
    """A queue of `bodies`; a deleted message is taken from them."""

    def __init__(self, bodies: list[str]) -> None:
        self._bodies = bodies
        self._hidden: set[str] = set()

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        seen = [body for body in self._bodies if body not in self._hidden][:MaxNumberOfMessages]
        self._hidden |= {*seen}
        return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in seen]}

    def delete_message(self, ReceiptHandle: str, **_: str) -> None:  # noqa: N803
        self._bodies.remove(ReceiptHandle)

    def change_message_visibility(self, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self._hidden.discard(ReceiptHandle)
