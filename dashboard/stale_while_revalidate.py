"""A cache that serves the last value while it fetches the next one in the background."""

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class StaleWhileRevalidate(Generic[Answer]):
    """Caches what `fetch` returns. Times are in s.

    Up to `fresh_s()` old, the value is returned as is; up to `good_s`, it is returned and refreshed in the background.
    If it is older, empty or missing, callers wait for a fetch, which concurrent callers share. After a background
    fetch fails, the next caller waits for a new one and sees its error.
    """

    def __init__(
        self,
        fetch: Callable[[], Answer],
        fresh_s: Callable[[], float],
        good_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._fresh_s = fresh_s
        self._good_s = good_s
        self._clock = clock
        self._fetching = Lock()
        self._last: tuple[float, Answer] | None = None

    def __call__(self) -> Answer:
        """The answer to show now."""
        last = self._last
        if last is None or not last[1] or self._clock() - last[0] > self._good_s:
            return self._fetch_now(last)
        if self._clock() - last[0] > self._fresh_s() and self._fetching.acquire(blocking=False):
            Thread(target=self._refresh, daemon=True).start()
        return last[1]

    def _fetch_now(self, last: tuple[float, Answer] | None) -> Answer:
        with self._fetching:
            if self._last is None or self._last is last:
                self._last = (self._clock(), self._fetch())
            return self._last[1]

    def _refresh(self) -> None:
        """Fetch in the background. The caller has acquired the lock; this releases it."""
        answer = None
        try:
            answer = (self._clock(), self._fetch())
        except Exception:  # noqa: BLE001, S110  the next caller fetches again and sees the error
            pass
        finally:
            self._last = answer
            self._fetching.release()
