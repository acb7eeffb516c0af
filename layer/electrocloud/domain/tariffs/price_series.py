"""Energy prices of every hour or quarter-hour, day-ahead or real time, with ceiling, floor and daily cap."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.local_time import HOUR_S
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.urdb_values import number, text

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


def price_series(rows: Iterable[tuple[int, Decimal]]) -> PriceSeries:
    """A series of prices ($/kWh) by their starts (s since 1970 UTC), in any order.

    The step is the shortest distance of two starts, at most an hour, and a part of an hour. `TariffError` names two
    prices of one start, and a price that has more than 9 decimals.
    """
    prices: dict[int, int] = {}
    for start, price in rows:
        nano = Fraction(price) * NANO
        if nano.denominator != 1:
            raise TariffError("prices", f"{price} $/kWh has more than 9 decimals; round it")
        if prices.setdefault(start, nano.numerator) != nano.numerator:
            raise TariffError("prices", f"two prices start at {start} s since 1970; leave one of them")
    step = min([HOUR_S, *(after - before for before, after in pairwise(sorted(prices)))])
    if HOUR_S % step or any(start % step for start in prices):
        raise TariffError("prices", f"prices start {step} s apart; a price must hold an hour, or a whole part of one")
    return PriceSeries("", step, prices)


def with_terms(series: PriceSeries | None, rate: Mapping[str, Any]) -> PriceSeries | None:
    """The series under the terms that a tariff's `energy_prices` has: `name`, `ceiling`, `floor` ($/kWh) and
    `daily_cap` ($). None where the tariff has no such field."""
    terms = rate.get("energy_prices")
    if terms is None:
        return None
    if not isinstance(terms, Mapping):
        raise TariffError("energy_prices", 'must be such as {"name": "Day-ahead", "ceiling": 0.5}')
    for name in terms:
        if name not in ("name", "ceiling", "floor", "daily_cap"):
            raise TariffError(
                f"energy_prices.{name}", "is not a known field; there are name, ceiling, floor, daily_cap"
            )
    label = text("energy_prices.name", terms.get("name"))
    if series is None:
        raise TariffError("energy_prices", "needs the price of each hour, which bills of files have by --prices FILE")
    low, high, cap = (_amount(name, terms) for name in ("floor", "ceiling", "daily_cap"))
    prices = {start: _bounded(price, low, high) for start, price in series.prices.items()}
    return PriceSeries(label, series.step_s, prices, None if cap is None else exact(cap))


def _amount(name: str, terms: Mapping[str, Any]) -> Fraction | None:
    value = terms.get(name)
    return None if value is None else number(f"energy_prices.{name}", value)


def _bounded(price: int, low: Fraction | None, high: Fraction | None) -> int:
    price = price if high is None else min(price, round(high * NANO))
    return price if low is None else max(price, round(low * NANO))
