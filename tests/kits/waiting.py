"""Waiting for a condition with a limit, instead of sleeping for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, limit_s: float = 60) -> Found:
    """What `look` finds, as soon as it finds something; fails with `what` was waited for after the limit."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {limit_s:.0f} s still not: {what}")
        time.sleep(0.2)
    return found
