"""Faults of calls to AWS, drawn from the seed and counted."""

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
    """The function's process ended here: timeout, out of memory, or its machine failed."""


class FaultInjector:
    """Decides where a fault occurs: `rates` has the probability of each kind, `counts` how often it occurred."""

    def __init__(self, rng: random.Random, rates: Mapping[str, float]) -> None:
        self.rng = rng
        self.counts: Counter[str] = Counter()
        self.down = False  # DynamoDB accepts no writes
        self._rates = rates
        self._paused = False

    def injects(self, kind: str) -> bool:
        """Whether a fault of this kind occurs now."""
        if self.down and kind == "writes throttled":
            self.counts[kind] += 1
            return True
        if self._paused or self.rng.random() >= self._rates.get(kind, 0.0):
            return False
        self.counts[kind] += 1
        return True

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inject nothing within this context."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before


class Service:
    """Calls of one process to AWS. Before and after each call other processes may run, and this one may be killed."""

    def __init__(self, injector: FaultInjector, switch: Callable[[], None]) -> None:
        self._injector, self._switch = injector, switch

    def _call(self, call: Callable[..., Any], fails: str, writes: bool, **request: Any) -> Any:
        self._switch()
        self._killed("before", writes)
        if self._injector.injects(fails):
            raise error("ThrottlingException", call.__name__, "Rate exceeded")
        answer = call(**request)
        self._killed("after", writes)
        if writes and self._injector.injects("answers lost after a write"):
            raise ReadTimeoutError(endpoint_url="https://aws")
        self._switch()
        return answer

    def _killed(self, when: str, writes: bool) -> None:
        if self._injector.injects(f"killed {when} a {'write' if writes else 'read'}"):
            raise Killed


class Dynamo(Service):
    """The function's client of DynamoDB."""

    def __init__(self, dynamo: MemoryDynamo, injector: FaultInjector, switch: Callable[[], None]) -> None:
        super().__init__(injector, switch)
        self._dynamo = dynamo

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803
        left = {}
        if self._injector.injects("keys left unread"):
            for table, part in RequestItems.items():
                keys = sorted(part["Keys"], key=str)
                few = self._injector.rng.randint(0, len(keys))
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
            if self._injector.injects(f"transactions cancelled: {reason}"):
                codes = ["None"] * len(TransactItems)
                codes[self._injector.rng.randrange(len(codes))] = reason
                raise cancelled(codes)
        write = self._dynamo.transact_write_items
        try:
            return self._call(write, "writes throttled", writes=True, TransactItems=TransactItems)
        except ClientError as fault:
            if "ConditionalCheckFailed" in str(fault):
                self._injector.counts["two invocations met on a meter"] += 1
            raise


class NoSuchKey(ClientError):
    """The error of boto3 for a missing object."""


class Bucket(Service):
    """The function's client of S3. `objects` are the bucket's, by key."""

    exceptions = SimpleNamespace(NoSuchKey=NoSuchKey)

    def __init__(self, objects: dict[str, bytes], injector: FaultInjector, switch: Callable[[], None]) -> None:
        super().__init__(injector, switch)
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
    """The stream as producers see it: PutRecords may reject entries, or accept them and its response is lost.

    boto3 then retries, `tries` calls in all, and the stream has the records twice.
    """

    def __init__(self, stream: MemoryStream, injector: FaultInjector, tries: int) -> None:
        super().__init__(injector, lambda: None)
        self._stream, self._tries = stream, tries
        self.list_shards, self.get_paginator = stream.list_shards, stream.get_paginator

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert len(Records) <= 500
        for _ in range(self._tries):
            answers = [self._put(record) for record in Records]
            if not self._injector.injects("answers of PutRecords lost"):
                return {"FailedRecordCount": sum("ErrorCode" in answer for answer in answers), "Records": answers}
        raise ReadTimeoutError(endpoint_url="https://kinesis")

    def _put(self, record: dict[str, Any]) -> dict[str, str]:
        if self._injector.injects("PutRecords entries refused"):
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}
        return self._stream.take(record)
