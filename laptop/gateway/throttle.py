"""API Gateway's stage throttle."""

import time
from collections.abc import Callable
from threading import Lock


class Throttle:
    """A token bucket: bursts of up to `burst` calls, and `rate` calls per second on average. `clock` returns
    seconds.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._filled_at = float(burst), clock()
        self._lock = Lock()

    def take(self) -> bool:
        """Whether one more call is allowed now."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
