"""Amounts of money as text."""

from collections.abc import Iterable
from decimal import Decimal

from electrocloud.domain.currency import CURRENCIES, written

CENTS_BELOW = 10_000


def money(amount: Decimal, currency: str = "USD", *, sign: bool = False) -> str:
    """`$1,234.50`, `-$3.20`; with `sign`, positive amounts as `+$3.20`; in the currency's own format."""
    before = "-" if amount < 0 else "+" if sign and amount > 0 else ""
    return before + written(abs(amount), 2, currency)


def rough(amount: Decimal, currency: str) -> str:
    """`$950.12`; amounts of 10,000 or more are shown without cents: `$48,120`."""
    if abs(amount) < CENTS_BELOW:
        return money(amount, currency)
    return ("-" if amount < 0 else "") + written(abs(amount), 0, currency)


def total(amounts: Iterable[tuple[str, Decimal]]) -> str:
    """The sum of amounts and their currencies, in each currency by itself: `$1,200.00 and 30,00 €`."""
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, Decimal()) + amount
    return " and ".join(money(sums[currency], currency) for currency in sorted(sums)) or "0.00"


def mark(currency: str) -> str:
    """How a currency is marked, for the title of a column of its amounts: `$`, `€`, `CHF`."""
    return CURRENCIES[currency].pattern.replace("{}", "").strip()
