"""The stale-while-revalidate cache."""

from collections.abc import Callable
from threading import Event

import pytest

from dashboard.stale_while_revalidate import StaleWhileRevalidate
from tests.kits.waiting import until


class Backend:
    """Returns the number of the fetch once `may_answer` is set, and has a settable clock."""

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


def cached(backend: Backend, fetch: Callable[[], object] | None = None) -> StaleWhileRevalidate[object]:
    return StaleWhileRevalidate(fetch or backend, lambda: 10, good_s=100, clock=backend.clock)


def test_a_fresh_answer_is_not_fetched_again(backend: Backend) -> None:
    answer = cached(backend)
    assert [answer(), answer()] == [1, 1]


def test_a_stale_answer_is_returned_until_the_next_one_has_been_fetched(backend: Backend) -> None:
    answer = cached(backend)
    answer()
    backend.now = 11
    backend.may_answer.clear()
    assert [answer(), answer()] == [1, 1]
    backend.may_answer.set()
    assert until(lambda: answer() == 2, "the second answer", 10)


def test_an_expired_answer_is_not_returned(backend: Backend) -> None:
    answer = cached(backend)
    answer()
    backend.now = 101
    assert answer() == 2


def test_an_empty_answer_is_not_cached(backend: Backend) -> None:
    answers = iter([[], ["a meter"]])
    answer = cached(backend, lambda: next(answers))
    assert [answer(), answer()] == [[], ["a meter"]]


def test_a_failed_refresh_raises_for_the_next_caller_and_then_recovers(backend: Backend) -> None:
    answer = cached(backend)
    answer()
    backend.now, backend.fault = 11, OSError("away")
    assert answer() == 1

    def raises() -> bool:
        try:
            answer()
        except OSError:
            return True
        return False

    assert until(raises, "the error", 10)
    backend.fault = None
    assert answer() == 2
