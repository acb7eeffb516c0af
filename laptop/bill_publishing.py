"""The publishing function's work on this laptop: issued bills and forecasts to Parquet, and events, now and then, in
the delivery's process."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from electrocloud.aws.backoff import pause
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.event_publishing import publish_events
from electrocloud.aws.ingest.rejections import Rejections
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.aws.store.event_outbox import EventOutbox
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.registry_state import RegistryState
from lake.publishing import Lake, publish_bills, write_forecasts_made

EVERY_S = 15.0
AT_ONCE_S = 5.0  # then the readings have their turn; a file's bills are written to the end


class BillPublisher:
    """Publishes a stack's events and issued bills at most once in EVERY_S; `clock` counts s.

    While a command rates the bills that a change of the registry touches, they wait: it needs the laptop's cloud more.
    """

    def __init__(self, stack: Stack, clock: Callable[[], float]) -> None:
        dynamodb = stack.client("dynamodb")
        self._outbox = BillOutbox(dynamodb, stack.bills_table)
        self._registry = RegistryState(dynamodb, stack.service_points_table, pause)
        self._lake = Lake(stack.client("s3"), stack.bucket)
        self._to_lake = partial(write_forecasts_made, Forecasts(dynamodb, stack.forecasts_table), self._lake)
        self._events = EventOutbox(dynamodb, stack.forecasts_table)
        self._rejections = Rejections(stack.client("s3"), stack.bucket, dynamodb, stack.forecasts_table)
        self._bus = EventBus(stack.client("events"), stack.event_bus, pause) if stack.event_bus else None
        self._clock = clock
        self._next = float("-inf")

    def poll(self) -> int:
        """Publish what waits, if it is time to; returns how many bills that were."""
        began = self._clock()
        if began < self._next:
            return 0
        self._next = began + EVERY_S
        if self._is_rating():
            return 0
        now, end = datetime.now(UTC), began + AT_ONCE_S

        def out_of_time() -> bool:
            return self._clock() >= end

        if self._bus:
            publish_events(self._events, self._rejections, self._bus, now, out_of_time, self._to_lake)
        published = publish_bills(self._outbox, self._lake, now, out_of_time, self._bus)
        if self._clock() >= end:
            self._next = began  # there may be more
        return published

    def _is_rating(self) -> bool:
        change = self._registry.pending(int(time.time()))
        return change is not None and change.held
