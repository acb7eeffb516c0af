"""Answers that are there at once, since they are fetched anew while the last one is shown."""

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class StaleWhileRevalidate(Generic[Answer]):
    """What `fetch` last answered: within `fresh_s()` as it is, within `good_s` while it is fetched anew behind it.

    An older one, an empty one and none are waited for, by all who ask for it together. After a fetch that failed the
    next one is waited for too, so that its error reaches whoever asks. Times are in s.
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
            return self._waited_for(last)
        if self._clock() - last[0] > self._fresh_s() and self._fetching.acquire(blocking=False):
            Thread(target=self._anew, daemon=True).start()
        return last[1]

    def _waited_for(self, last: tuple[float, Answer] | None) -> Answer:
        with self._fetching:
            if self._last is None or self._last is last:
                self._last = (self._clock(), self._fetch())
            return self._last[1]

    def _anew(self) -> None:
        """With the lock, which it gives back."""
        answer = None
        try:
            answer = (self._clock(), self._fetch())
        except Exception:  # noqa: BLE001, S110  whoever asks next meets the error
            pass
        finally:
            self._last = answer
            self._fetching.release()
