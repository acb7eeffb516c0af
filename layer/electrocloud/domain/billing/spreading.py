"""Readings that span more than one price, demand window or bill: found, and shared by time where somebody says so."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

from electrocloud.domain.local_time import DAY_S
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import PeriodSpan, Tariff, period_spans


class Crossing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A reading of `seconds` from `start` (s since 1970 UTC) that spans more than one of `what`."""

    start: int
    seconds: int
    what: Literal["prices", "demand windows", "bills"]


class Instants(Protocol):
    """Instants from `start` to before `end`, in s since 1970 UTC: a month, a period, or a span of service in it."""

    @property
    def start(self) -> int:
        """The first instant."""

    @property
    def end(self) -> int:
        """The first instant after them."""


def crossing_of(tariff: Tariff, span: Instants, beyond: Sequence[Interval]) -> Crossing | None:
    """The first of the readings `beyond` that spans two prices, or reaches out of the span."""
    for reading in beyond:
        start, seconds, _ = reading
        if start + seconds > span.end:
            return Crossing(start, seconds, "bills")
        prices = {_prices(tariff, period_span) for period_span in _period_spans(tariff, start, start + seconds)}
        if len(prices) > 1:
            return Crossing(start, seconds, "prices")
    return None


def overlapped(tariff: Tariff, span: Instants, sample: tuple[Any, ...]) -> Iterator[PeriodSpan]:
    """The parts of one period that a reading or a demand window has instants of, cut to both of them."""
    start, seconds = sample[:2]
    low, high = max(start, span.start), min(start + seconds, span.end)
    for period_span in _period_spans(tariff, low, high):
        yield period_span._replace(start=max(low, period_span.start), end=min(high, period_span.end))


def energy_between(reading: Interval, low: int, high: int) -> int:
    """The whole Wh of a reading from instant `low` to `high`, by time: parts that follow each other add up to it."""
    until_low, until_high = ((at - reading.start) * reading.wh // reading.seconds for at in (low, high))
    return until_high - until_low


def _period_spans(tariff: Tariff, low: int, high: int) -> Iterator[PeriodSpan]:
    for midnight in range(low // DAY_S * DAY_S, high, DAY_S):
        for period_span in period_spans(tariff, midnight):
            if period_span.start < high and low < period_span.end:
                yield period_span


def _prices(tariff: Tariff, period_span: PeriodSpan) -> tuple[object, ...]:
    sell = tariff.metering.sell if tariff.metering else ()
    return (
        tariff.energy[period_span.energy],
        sell[period_span.energy] if sell else (),
        tariff.demand[period_span.demand] if tariff.demand else (),
    )
