"""Events on EventBridge: each entry's detail is the whole CloudEvent as JSON."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from electrocloud.domain.billing.bill_events import BillEvent
from electrocloud.domain.errors import ElectroCloudError
from electrocloud.domain.pipeline_events import PipelineEvent

ENTRIES_A_CALL = 10  # the most that PutEvents takes
ATTEMPTS = 4

Event = BillEvent | PipelineEvent


class EventsNotSentError(ElectroCloudError):
    """EventBridge did not take events; they stay in their outbox."""


class EventBus(NamedTuple):
    """An event bus by its name, on a boto3 EventBridge client; `pause` waits between attempts."""

    client: Any
    name: str
    pause: Callable[[int], None]

    def put(self, events: Sequence[Event]) -> None:
        """Send events, at least once. Raises `EventsNotSentError` if some were refused at each attempt."""
        entries = [self._entry(event) for event in events]
        for first in range(0, len(entries), ENTRIES_A_CALL):
            self._put(entries[first : first + ENTRIES_A_CALL])

    def _put(self, entries: list[dict[str, str]]) -> None:
        fault = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(attempt)
            answer = self.client.put_events(Entries=entries)
            results = list(zip(entries, answer["Entries"], strict=True))
            entries = [entry for entry, result in results if "EventId" not in result]
            if not entries:
                return
            fault = next(str(result.get("ErrorMessage")) for _, result in results if "EventId" not in result)
        raise EventsNotSentError(f"{len(entries)} events were not taken by the event bus {self.name}: {fault}")

    def _entry(self, event: Event) -> dict[str, str]:
        return {
            "EventBusName": self.name,
            "Source": event.source.strip("/").replace("/", "."),
            "DetailType": event.type,
            "Detail": msgspec.json.encode(event).decode(),
        }
