"""Several invocations at once, one step at a time, in an order that the seed alone decides."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Semaphore, Thread, current_thread
from typing import Any


@dataclass
class _Runner:
    go: Semaphore = field(default_factory=lambda: Semaphore(0))
    done: bool = False
    result: Any = None
    fault: BaseException | None = None


class Turns:
    """Runs calls in threads of which just one is awake; at each `switch` another may be woken in its place."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._back = Semaphore(0)
        self._running: dict[Thread, _Runner] = {}

    def run(self, calls: Sequence[Callable[[], Any]]) -> list[tuple[Any, BaseException | None]]:
        """What each call gave, or what it raised."""
        runners = [_Runner() for _ in calls]
        threads = [Thread(target=self._one, args=pair, daemon=True) for pair in zip(calls, runners, strict=True)]
        self._running = dict(zip(threads, runners, strict=True))
        for thread in threads:
            thread.start()
        while awake := [runner for runner in runners if not runner.done]:
            self._chance.choice(awake).go.release()
            self._back.acquire()
        for thread in threads:
            thread.join()
        self._running = {}
        return [(runner.result, runner.fault) for runner in runners]

    def switch(self, *_: float) -> None:
        """Let another go on; it does nothing in a call that runs by itself. It stands in for `time.sleep`."""
        runner = self._running.get(current_thread())
        if runner:
            self._back.release()
            runner.go.acquire()

    def _one(self, call: Callable[[], Any], runner: _Runner) -> None:
        runner.go.acquire()
        try:
            runner.result = call()
        except BaseException as fault:  # noqa: BLE001  killed ones too: the caller tells them apart
            runner.fault = fault
        runner.done = True
        self._back.release()
