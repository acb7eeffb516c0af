"""Amounts of money as text."""

from decimal import Decimal

from electrocloud.domain.currency import written


def money(amount: Decimal, currency: str = "USD", *, sign: bool = False) -> str:
    """`$1,234.50`, `-$3.20`; with `sign`, positive amounts as `+$3.20`; in the currency's own format."""
    before = "-" if amount < 0 else "+" if sign and amount > 0 else ""
    return before + written(abs(amount), 2, currency)
