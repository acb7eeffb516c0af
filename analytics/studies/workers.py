"""Rates a study's parts, by all CPUs where there are many customers."""

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from typing import Any

from analytics.studies.customers import Part, PartResult, Prices, rate_part, revenue_of_part
from electrocloud.domain.studies.price_change import PriceChange
from electrocloud.domain.studies.study import StudyRequest

FEW_PARTS = 2  # are rated here: to start processes takes longer


class Rater:
    """Rates parts for one request, `now` and `then`. Each worker process has one, so that tariffs are sent once."""

    def __init__(self, request: StudyRequest, now: Prices, then: Prices) -> None:
        self._request = request
        self._now = now
        self._then = then

    def results(self, part: Part) -> PartResult:
        """The customers of a part by both prices."""
        return rate_part(part, self._request, self._now, self._then)

    def revenue(self, part: Part, change: PriceChange, agreements: frozenset[str]) -> Decimal:
        """What the customers of these agreements pay by the other prices with one more change."""
        then = self._then._replace(changes=(*self._then.changes, change))
        return revenue_of_part(part, self._request, then, agreements)


class Workers:
    """Rates many parts, in order, on a pool of processes or, without one, here."""

    def __init__(self, rater: Rater, pool: ProcessPoolExecutor | None) -> None:
        self._rater = rater
        self._pool = pool

    def results(self, parts: Sequence[Part]) -> Iterator[PartResult]:
        """As `Rater.results` of each."""
        return self._each(Rater.results, parts)

    def revenues(self, parts: Sequence[Part], change: PriceChange, agreements: frozenset[str]) -> Iterator[Decimal]:
        """As `Rater.revenue` of each."""
        return self._each(partial(_revenue, change=change, agreements=agreements), parts)

    def _each(self, work: Callable[[Rater, Part], Any], parts: Sequence[Part]) -> Iterator[Any]:
        if self._pool is None:
            return (work(self._rater, part) for part in parts)
        return self._pool.map(partial(_in_worker, work), parts)


@contextmanager
def workers(rater: Rater, parts: int) -> Iterator[Workers]:
    """What rates so many parts; processes that it starts end with the block."""
    if parts <= FEW_PARTS:
        yield Workers(rater, None)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_begin, initargs=(rater,)) as pool:
        yield Workers(rater, pool)


def _revenue(rater: Rater, part: Part, *, change: PriceChange, agreements: frozenset[str]) -> Decimal:
    own = frozenset(one.agreement_id for history in part.histories for one in history.agreements) & agreements
    return rater.revenue(part, change, own)


_rater: Rater  # of a worker process


def _begin(rater: Rater) -> None:
    global _rater
    _rater = rater
    gc.set_threshold(50_000)


def _in_worker(work: Callable[[Rater, Part], Any], part: Part) -> Any:
    return work(_rater, part)
