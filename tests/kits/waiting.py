"""Waits for a condition up to a limit, instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, limit_s: float = 60) -> Found:
    """The result of `look` as soon as it is truthy; after the limit, fails with `what` was awaited."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {limit_s:.0f} s still not: {what}")
        time.sleep(0.2)
    return found
