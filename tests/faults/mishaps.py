"""What goes wrong with calls to AWS, drawn from the seed and counted."""

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.faults.dynamo import MemoryDynamo, Pages, cancelled, error
from tests.faults.stream import MemoryStream

REASONS = ("ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")


class Killed(BaseException):
    """The function's process ended here: out of time, out of memory, or its machine died."""


class Mishaps:
    """`rates` says how often each kind happens where it can; `counts` how often it did."""

    def __init__(self, chance: random.Random, rates: Mapping[str, float]) -> None:
        self.chance = chance
        self.counts: Counter[str] = Counter()
        self.down = False  # DynamoDB takes no write
        self._rates = rates
        self._calm = False

    def strikes(self, kind: str) -> bool:
        if self.down and kind == "writes throttled":
            self.counts[kind] += 1
            return True
        if self._calm or self.chance.random() >= self._rates.get(kind, 0.0):
            return False
        self.counts[kind] += 1
        return True

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Nothing goes wrong within."""
        self._calm, before = True, self._calm
        try:
            yield
        finally:
            self._calm = before


class Service:
    """Calls of one process to AWS: before and after each the others may go on, and the process may be killed."""

    def __init__(self, mishaps: Mishaps, switch: Callable[[], None]) -> None:
        self._mishaps, self._switch = mishaps, switch

    def _call(self, call: Callable[..., Any], fails: str, writes: bool, **request: Any) -> Any:
        self._switch()
        self._killed("before", writes)
        if self._mishaps.strikes(fails):
            raise error("ThrottlingException", call.__name__, "Rate exceeded")
        answer = call(**request)
        self._killed("after", writes)
        if writes and self._mishaps.strikes("answers lost after a write"):
            raise ReadTimeoutError(endpoint_url="https://aws")
        self._switch()
        return answer

    def _killed(self, when: str, writes: bool) -> None:
        if self._mishaps.strikes(f"killed {when} a {'write' if writes else 'read'}"):
            raise Killed


class Dynamo(Service):
    """The function's client of DynamoDB."""

    def __init__(self, dynamo: MemoryDynamo, mishaps: Mishaps, switch: Callable[[], None]) -> None:
        super().__init__(mishaps, switch)
        self._dynamo = dynamo

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803
        left = {}
        if self._mishaps.strikes("keys left unread"):
            for table, part in RequestItems.items():
                keys = sorted(part["Keys"], key=str)
                few = self._mishaps.chance.randint(0, len(keys))
                if few < len(keys):
                    left[table] = {**part, "Keys": keys[few:]}
        asked = {
            table: {**part, "Keys": kept}
            for table, part in RequestItems.items()
            if (kept := [key for key in part["Keys"] if key not in left.get(table, {"Keys": []})["Keys"]])
        }
        if not asked:
            self._switch()
            return {"Responses": {}, "UnprocessedKeys": left}
        answer = self._call(self._dynamo.batch_get_item, "reads throttled", writes=False, RequestItems=asked)
        return {**answer, "UnprocessedKeys": left}

    def get_item(self, **request: Any) -> Any:
        return self._call(self._dynamo.get_item, "reads throttled", writes=False, **request)

    def query(self, **request: Any) -> Any:
        return self._call(self._dynamo.query, "reads throttled", writes=False, **request)

    def scan(self, **request: Any) -> Any:
        return self._call(self._dynamo.scan, "reads throttled", writes=False, **request)

    def get_paginator(self, operation: str) -> Pages:
        return Pages(self, operation)

    def update_item(self, **request: Any) -> Any:
        return self._call(self._dynamo.update_item, "writes throttled", writes=True, **request)

    def batch_write_item(self, **request: Any) -> Any:
        return self._call(self._dynamo.batch_write_item, "writes throttled", writes=True, **request)

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> Any:  # noqa: N803
        for reason in REASONS:
            if self._mishaps.strikes(f"transactions cancelled: {reason}"):
                codes = ["None"] * len(TransactItems)
                codes[self._mishaps.chance.randrange(len(codes))] = reason
                raise cancelled(codes)
        write = self._dynamo.transact_write_items
        try:
            return self._call(write, "writes throttled", writes=True, TransactItems=TransactItems)
        except ClientError as fault:
            if "ConditionalCheckFailed" in str(fault):
                self._mishaps.counts["two invocations met on a meter"] += 1
            raise


class NoSuchKey(ClientError):
    """What boto3 raises for an object that is not there."""


class Bucket(Service):
    """The function's client of S3. `objects` are the bucket's, by key."""

    exceptions = SimpleNamespace(NoSuchKey=NoSuchKey)

    def __init__(self, objects: dict[str, bytes], mishaps: Mishaps, switch: Callable[[], None]) -> None:
        super().__init__(mishaps, switch)
        self._objects = objects

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_: str) -> Any:  # noqa: N803
        def put_object() -> None:
            self._objects[Key] = Body

        return self._call(put_object, "quarantine refused", writes=True)

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        def get_object() -> dict[str, Any]:
            if Key not in self._objects:
                raise NoSuchKey({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
            return {"Body": io.BytesIO(self._objects[Key])}

        return self._call(get_object, "objects not read", writes=False)


class Intake(Service):
    """The stream as producers see it: PutRecords may refuse entries, or take them and its answer be lost.

    boto3 then calls again, `tries` times in all; what it put before is in the stream twice.
    """

    def __init__(self, stream: MemoryStream, mishaps: Mishaps, tries: int) -> None:
        super().__init__(mishaps, lambda: None)
        self._stream, self._tries = stream, tries
        self.list_shards, self.get_paginator = stream.list_shards, stream.get_paginator

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert len(Records) <= 500
        for _ in range(self._tries):
            answers = [self._put(record) for record in Records]
            if not self._mishaps.strikes("answers of PutRecords lost"):
                return {"FailedRecordCount": sum("ErrorCode" in answer for answer in answers), "Records": answers}
        raise ReadTimeoutError(endpoint_url="https://kinesis")

    def _put(self, record: dict[str, Any]) -> dict[str, str]:
        if self._mishaps.strikes("PutRecords entries refused"):
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}
        return self._stream.take(record)
