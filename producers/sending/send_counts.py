"""Counts of the readings that a producer sent."""

import time
from dataclasses import dataclass, field


@dataclass
class SendCounts:
    """Counts of readings: queued, accepted by the API or the stream, refused for good, and retried (once per retry)."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    retried: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def a_second(self) -> float:
        """Accepted readings per second since the start."""
        return self.accepted / max(1e-9, time.monotonic() - self.began)

    def __str__(self) -> str:
        return (
            f"sent {self.sent:,} · accepted {self.accepted:,} · refused {self.refused:,} · "
            f"retried {self.retried:,} · {self.a_second:,.0f} readings/s"
        )
