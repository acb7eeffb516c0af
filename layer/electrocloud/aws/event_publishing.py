"""Publishing the pipeline's events: what waits in the outbox, and what is new in the quarantine."""

from collections.abc import Callable, Sequence
from datetime import datetime

from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.ingest.rejections import Rejections
from electrocloud.aws.store.event_outbox import EventOutbox
from electrocloud.domain.pipeline_events import PipelineEvent


def publish_events(
    outbox: EventOutbox,
    rejections: Rejections,
    bus: EventBus,
    now: datetime,
    out_of_time: Callable[[], bool],
    to_lake: Callable[[Sequence[PipelineEvent], datetime], None],
) -> int:
    """Send what waits, at least once; returns how many events. What is left when the time is over waits on.

    `to_lake` writes what events are about to the lake, before they are sent.
    """
    count = 0
    for events in outbox.pages():
        to_lake(events, now)
        bus.put(events)
        outbox.remove(events)
        count += len(events)
        if out_of_time():
            return count
    return count + rejections.publish(bus, now)
