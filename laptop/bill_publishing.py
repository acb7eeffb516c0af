"""The publishing function's work on this laptop: issued bills to Parquet and events, now and then, in the delivery's
process."""

from collections.abc import Callable
from datetime import UTC, datetime

from electrocloud.aws.backoff import pause
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import BillOutbox
from lake.publishing import Lake, publish_bills

EVERY_S = 15.0


class BillPublisher:
    """Publishes the outbox of a stack's bills at most once in EVERY_S; `clock` counts s."""

    def __init__(self, stack: Stack, clock: Callable[[], float]) -> None:
        self._outbox = BillOutbox(stack.client("dynamodb"), stack.bills_table)
        self._lake = Lake(stack.client("s3"), stack.bucket)
        self._bus = EventBus(stack.client("events"), stack.event_bus, pause) if stack.event_bus else None
        self._clock = clock
        self._last = float("-inf")

    def poll(self) -> int:
        """Publish what waits, if it is time to; returns how many bills that were."""
        if self._clock() - self._last < EVERY_S:
            return 0
        self._last = self._clock()
        return publish_bills(self._outbox, self._lake, datetime.now(UTC), lambda: False, self._bus)
