"""Energy prices of every hour or quarter-hour, day-ahead or real time, with ceiling, floor and daily cap."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.local_time import HOUR_S
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.urdb_values import number, text

MOST_VALUES = 10_000  # a document is one item of a table: a year of hours, or three months of quarter-hours
_TERMS = ("name", "ceiling", "floor", "daily_cap", "start", "interval_s", "values")
NANO = 10**9  # prices are kept in 10^-9 $ a kWh, so that their sums are whole numbers


@dataclass(frozen=True, eq=False)
class PriceSeries:
    """The price (10^-9 $/kWh) of the `step_s` from each start (s since 1970 UTC); energy outside of these has none.

    `daily_cap` is the most that the energy of a local day costs, $.
    """

    name: str
    step_s: int
    prices: Mapping[int, int]
    daily_cap: Decimal | None = None

    def at(self, instant: int) -> int | None:
        """The price at an instant; None where there is none."""
        return self.prices.get(instant - instant % self.step_s)

    @cached_property
    def digest(self) -> str:
        """12 hex digits that stand for the prices and the cap."""
        content = repr((self.step_s, sorted(self.prices.items()), self.daily_cap))
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def price_series(rows: Iterable[tuple[int, Decimal]], step_s: int = HOUR_S) -> PriceSeries:
    """A series of prices ($/kWh) by their starts (s since 1970 UTC), in any order.

    The step is the shortest distance of two starts, at most `step_s`, and a part of an hour. `TariffError` names two
    prices of one start, and a price that has more than 9 decimals.
    """
    prices: dict[int, int] = {}
    for start, price in rows:
        nano = Fraction(price) * NANO
        if nano.denominator != 1:
            raise TariffError("prices", f"{price} $/kWh has more than 9 decimals; round it")
        if prices.setdefault(start, nano.numerator) != nano.numerator:
            raise TariffError("prices", f"two prices start at {start} s since 1970; leave one of them")
    step = min([step_s, *(after - before for before, after in pairwise(sorted(prices)))])
    if HOUR_S % step or any(start % step for start in prices):
        raise TariffError("prices", f"prices start {step} s apart; a price must hold an hour, or a whole part of one")
    return PriceSeries("", step, prices)


def with_terms(series: PriceSeries | None, rate: Mapping[str, Any]) -> PriceSeries | None:
    """The prices of a tariff with `energy_prices`, under the terms in it: `name`, `ceiling`, `floor` ($/kWh) and
    `daily_cap` ($). None where the tariff has no such field.

    The field may have the prices too: `values` ($/kWh, null for none) from `start` on, each for `interval_s`.
    """
    terms = rate.get("energy_prices")
    if terms is None:
        return None
    if not isinstance(terms, Mapping):
        raise TariffError("energy_prices", 'must be such as {"name": "Day-ahead", "ceiling": 0.5}')
    for name in terms:
        if name not in _TERMS:
            raise TariffError(f"energy_prices.{name}", f"is not a known field; there are {', '.join(_TERMS)}")
    label = text("energy_prices.name", terms.get("name"))
    series = series or _given(terms)
    if series is None:
        raise TariffError("energy_prices", "needs the price of each hour; for files, give it by --prices FILE")
    low, high, cap = (_amount(name, terms) for name in ("floor", "ceiling", "daily_cap"))
    prices = {start: _bounded(price, low, high) for start, price in series.prices.items()}
    return PriceSeries(label, series.step_s, prices, None if cap is None else exact(cap))


def as_terms(series: PriceSeries) -> dict[str, object]:
    """A series as the fields of `energy_prices` that give its prices."""
    first, last = min(series.prices), max(series.prices)
    instants = range(first, last + 1, series.step_s)
    values = [None if at not in series.prices else series.prices[at] / NANO for at in instants]
    start = datetime.fromtimestamp(first, UTC).isoformat()
    return {"start": start, "interval_s": series.step_s, "values": values}


def _given(terms: Mapping[str, Any]) -> PriceSeries | None:
    values = terms.get("values")
    if values is None:
        return None
    if not isinstance(values, list | tuple) or not 0 < len(values) <= MOST_VALUES:
        raise TariffError(
            "energy_prices.values", f"must be a list of 1 to {MOST_VALUES:,} prices; begin a version after them"
        )
    seconds = terms.get("interval_s", HOUR_S)
    if not isinstance(seconds, int) or not 0 < seconds <= HOUR_S or HOUR_S % seconds:
        raise TariffError("energy_prices.interval_s", f"{seconds!r:.40} must be an hour or a whole part of one, in s")
    try:
        start = datetime.fromisoformat(text("energy_prices.start", terms.get("start")))
    except ValueError:
        start = datetime.min  # noqa: DTZ901 - without a zone, which is the fault that is named
    if start.tzinfo is None:
        raise TariffError(
            "energy_prices.start", f"{terms.get('start')!r:.40} is not a time like 2026-07-01T00:00-07:00"
        )
    fields = ((f"energy_prices.values[{place}]", value) for place, value in enumerate(values))
    rows = [
        (int(start.timestamp()) + place * seconds, exact(number(field, value)))
        for place, (field, value) in enumerate(fields)
        if value is not None
    ]
    return price_series(rows, seconds)


def _amount(name: str, terms: Mapping[str, Any]) -> Fraction | None:
    value = terms.get(name)
    return None if value is None else number(f"energy_prices.{name}", value)


def _bounded(price: int, low: Fraction | None, high: Fraction | None) -> int:
    price = price if high is None else min(price, round(high * NANO))
    return price if low is None else max(price, round(low * NANO))
