"""Waiting before another try."""

import random
import time
from collections.abc import Callable

Pause = Callable[[int], None]  # waits after try n


def pause(attempt: int, first_s: float = 0.05, most_s: float = 2.0) -> None:
    """Full jitter, doubling from `first_s` up to `most_s`, so that two workers that collided do not collide again."""
    time.sleep(random.uniform(0, min(most_s, first_s * 2**attempt)))
