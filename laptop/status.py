"""How the system on a laptop does: what the fleet sent, and what the stack has stored of it."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from analytics.pipeline_health import Counts, HealthReader
from electrocloud.aws.stack import STATE, Stack

CAUGHT_UP_S = 60  # a fleet's clock that is not farther behind runs with ours


class Status(NamedTuple):
    """The fleet's own counts, and what is at the other end."""

    fleet: dict[str, Any]
    counts: Counts

    @property
    def caught_up(self) -> bool:
        """Whether the fleet's clock has reached the present: it sends a reading when its interval ends."""
        if self.fleet.get("phase") != "live":
            return False
        behind = datetime.now(UTC) - datetime.fromisoformat(self.fleet["clock"])
        return behind.total_seconds() < CAUGHT_UP_S


class StatusReader:
    """Reads a stack's status through the AWS interfaces."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.health = HealthReader(stack)

    def read(self) -> Status:
        """The status now."""
        return Status(fleet_status() if self._stack.local else {}, self.health.counts())


def fleet_status() -> dict[str, Any]:
    """What the fleet says of itself: its `phase` is `history` or `live`. Empty until it has sent something."""
    with suppress(FileNotFoundError):
        return dict(json.loads((STATE / "fleet.json").read_text()))
    return {}
