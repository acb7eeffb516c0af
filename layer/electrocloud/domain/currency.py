"""How amounts of a currency are written: the mark, its place, and the marks between digits. No amount is converted."""

from decimal import Decimal
from typing import NamedTuple


class Currency(NamedTuple):
    """`mark` before or after the number (`{}`), what groups its thousands, and what its decimals begin with."""

    pattern: str
    group: str = ","
    point: str = "."


_NBSP = "\N{NO-BREAK SPACE}"
# As the main locale of each currency writes it (Unicode CLDR).
CURRENCIES = {
    "USD": Currency("${}"),
    "CAD": Currency("${}"),
    "AUD": Currency("${}"),
    "NZD": Currency("${}"),
    "MXN": Currency("${}"),
    "GBP": Currency("£{}"),
    "JPY": Currency("¥{}"),
    "INR": Currency("₹{}"),
    "EUR": Currency(f"{{}}{_NBSP}€", ".", ","),
    "CHF": Currency(f"CHF{_NBSP}{{}}", "’", "."),
    "BRL": Currency(f"R${_NBSP}{{}}", ".", ","),
    "SEK": Currency(f"{{}}{_NBSP}kr", _NBSP, ","),
    "NOK": Currency(f"{{}}{_NBSP}kr", _NBSP, ","),
    "DKK": Currency(f"{{}}{_NBSP}kr.", ".", ","),
    "PLN": Currency(f"{{}}{_NBSP}zł", _NBSP, ","),
    "CZK": Currency(f"{{}}{_NBSP}Kč", _NBSP, ","),
    "ZAR": Currency(f"R{_NBSP}{{}}", _NBSP, ","),
}


def written(amount: Decimal, decimals: int, currency: str = "USD") -> str:
    """An amount, not below 0, with so many decimals: `$1,234.50`, `1.234,50 €`. `currency` is one of CURRENCIES."""
    form = CURRENCIES[currency]
    number = _grouped_in_lakhs(amount, decimals) if currency == "INR" else f"{amount:,.{decimals}f}"
    swapped = number.translate({ord(","): form.group, ord("."): form.point})
    return form.pattern.format(swapped)


def _grouped_in_lakhs(amount: Decimal, decimals: int) -> str:
    whole, _, part = f"{amount:.{decimals}f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ",".join([*pairs, tail]) + (f".{part}" if part else "")
