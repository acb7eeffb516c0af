"""Work items in an SQS queue: each is a part of the fleet that one invocation does within its time.

A queue delivers an item at least once, so items are idempotent. A worker that runs out of time sends what is left as a
smaller item. An item that fails again and again goes to the queue's dead letters.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import SQSClient
from electrocloud.domain.errors import StoreBusyError

SEND_AT_ONCE = 10  # SQS's limit for SendMessageBatch, which is also 256 KiB (an item has at most 25)
ATTEMPTS = 5


class WorkQueue:
    """A queue and its dead letters, by their URLs, on a boto3 SQS client."""

    def __init__(self, client: SQSClient, url: str, dead_letters_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letters_url = dead_letters_url

    def send(self, items: Iterable[msgspec.Struct]) -> int:
        """Send items in any number; returns how many. `StoreBusyError` if SQS refuses some again and again."""
        waiting, sent = iter(items), 0
        group: list[str]
        while group := [msgspec.json.encode(item).decode() for item in islice(waiting, SEND_AT_ONCE)]:
            sent += len(group)
            for attempt in range(ATTEMPTS):
                answer = self._client.send_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(number), "MessageBody": body} for number, body in enumerate(group)],
                )
                group = [group[int(failed["Id"])] for failed in answer.get("Failed", [])]
                if not group:
                    break
                pause(attempt)
            else:
                raise StoreBusyError(f"SQS refused {len(group)} work items {ATTEMPTS} times; the next schedule retries")
        return sent

    def unfinished(self) -> int:
        """About how many items wait, are being worked on, or were given up."""
        waiting, in_work = self._counts(self._url)
        given_up, _ = self._counts(self._dead_letters_url)
        return waiting + in_work + given_up

    def _counts(self, url: str) -> tuple[int, int]:
        """About how many messages wait in a queue, and how many are being worked on."""
        found = self._client.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        )["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def items_in(event: Mapping[str, Any], kind: Any) -> Iterator[Any]:
    """The work items, of a type that msgspec decodes, in the event of an SQS queue."""
    decoder = msgspec.json.Decoder(kind)
    return (decoder.decode(record["body"]) for record in event["Records"])
