"""A queue of work items in memory, and the event source mapping that hands them to a function."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

Handler = Callable[[dict[str, Any], Any], dict[str, int]]


class MemoryQueue:
    """The function's queue and its dead letters; `set_environment` tells the function of them."""

    def __init__(self) -> None:
        self.client = boto3.client("sqs")
        self.url = self.client.create_queue(QueueName="work")["QueueUrl"]
        self.dead_letters_url = self.client.create_queue(QueueName="dead")["QueueUrl"]

    def set_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("QUEUE_URL", self.url)
        monkeypatch.setenv("DEAD_LETTERS_URL", self.dead_letters_url)

    def take(self) -> dict[str, Any] | None:
        """One message as a function gets it, and deleted; None if there is none."""
        found = self.client.receive_message(QueueUrl=self.url).get("Messages")
        if not found:
            return None
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=found[0]["ReceiptHandle"])
        return {"Records": [{"messageId": found[0]["MessageId"], "body": found[0]["Body"]}]}

    def drain(self, handler: Handler, context: Any, deliveries: int = 1) -> dict[str, int]:
        """Hand over every message, so many times each, until none is left; returns the sums of what came of them."""
        sums: dict[str, int] = {}
        while event := self.take():
            for _ in range(deliveries):
                for name, count in handler(event, context).items():
                    sums[name] = sums.get(name, 0) + count
        return sums
