"""Writing many items, each unconditionally."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.domain.errors import StoreBusyError

WRITE_AT_ONCE = 25  # DynamoDB's limit for BatchWriteItem
ATTEMPTS = 10


def batch_write(client: DynamoDBClient, table: str, requests: Iterable[Any]) -> None:
    """Send PutRequests and DeleteRequests of distinct keys, with backoff; `StoreBusyError` if some never pass."""
    waiting = iter(requests)
    group: Any
    while group := list(islice(waiting, WRITE_AT_ONCE)):
        for attempt in range(ATTEMPTS):
            answer = client.batch_write_item(RequestItems={table: group})
            group = answer.get("UnprocessedItems", {}).get(table, [])
            if not group:
                break
            pause(attempt)
        else:
            raise StoreBusyError(f"DynamoDB left {len(group)} items of {table} unwritten; try again later")
