"""Runs concurrent invocations one step at a time, in an order decided by the seed alone."""

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


class Scheduler:
    """Runs calls in threads of which one is awake at a time; at each `switch` another may take its place."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._back = Semaphore(0)
        self._running: dict[Thread, _Runner] = {}

    def run(self, calls: Sequence[Callable[[], Any]]) -> list[tuple[Any, BaseException | None]]:
        """The result of each call, or what it raised."""
        runners = [_Runner() for _ in calls]
        threads = [Thread(target=self._one, args=pair, daemon=True) for pair in zip(calls, runners, strict=True)]
        self._running = dict(zip(threads, runners, strict=True))
        for thread in threads:
            thread.start()
        while awake := [runner for runner in runners if not runner.done]:
            self._rng.choice(awake).go.release()
            self._back.acquire()
        for thread in threads:
            thread.join()
        self._running = {}
        return [(runner.result, runner.fault) for runner in runners]

    def switch(self, *_: float) -> None:
        """Let another call run; a call that runs alone continues. Takes the place of `time.sleep`."""
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
