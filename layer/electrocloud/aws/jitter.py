"""Waiting before another try."""

import random
import time

MOST_S = 2.0


def pause(attempt: int) -> None:
    """Full jitter, doubling up to MOST_S, so that two workers which met once do not meet again."""
    time.sleep(random.uniform(0, min(MOST_S, 0.05 * 2**attempt)))
