"""Answers that are kept, and fetched anew behind what is shown."""

from collections.abc import Callable
from threading import Event

import pytest

from dashboard.stale_while_revalidate import StaleWhileRevalidate
from tests.kits.waiting import until


class Backend:
    """Answers with the number of the fetch, when it may; and a clock to set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fetched = 0
        self.fault: Exception | None = None
        self.may_answer = Event()
        self.may_answer.set()

    def __call__(self) -> int:
        self.may_answer.wait(10)
        if self.fault:
            raise self.fault
        self.fetched += 1
        return self.fetched

    def clock(self) -> float:
        return self.now


@pytest.fixture
def backend() -> Backend:
    return Backend()


def kept(backend: Backend, fetch: Callable[[], object] | None = None) -> StaleWhileRevalidate[object]:
    return StaleWhileRevalidate(fetch or backend, lambda: 10, good_s=100, clock=backend.clock)


def test_a_fresh_answer_is_not_fetched_again(backend: Backend) -> None:
    answer = kept(backend)
    assert [answer(), answer()] == [1, 1]


def test_one_that_is_no_longer_fresh_is_shown_until_the_next_is_there(backend: Backend) -> None:
    answer = kept(backend)
    answer()
    backend.now = 11
    backend.may_answer.clear()
    assert [answer(), answer()] == [1, 1]
    backend.may_answer.set()
    assert until(lambda: answer() == 2, "the second answer", 10)


def test_one_that_is_no_longer_good_is_not_shown(backend: Backend) -> None:
    answer = kept(backend)
    answer()
    backend.now = 101
    assert answer() == 2


def test_an_empty_answer_is_not_kept(backend: Backend) -> None:
    answers = iter([[], ["a meter"]])
    answer = kept(backend, lambda: next(answers))
    assert [answer(), answer()] == [[], ["a meter"]]


def test_an_error_behind_the_answer_reaches_whoever_asks_next_and_passes(backend: Backend) -> None:
    answer = kept(backend)
    answer()
    backend.now, backend.fault = 11, OSError("away")
    assert answer() == 1

    def told() -> bool:
        try:
            answer()
        except OSError:
            return True
        return False

    assert until(told, "the error", 10)
    backend.fault = None
    assert answer() == 2
