"""Amounts of money as text, each in its own currency."""

from decimal import Decimal

from presentation.money_text import mark, money, rough, total

NBSP = "\N{NO-BREAK SPACE}"


def test_amounts_are_written_as_their_currency_is() -> None:
    assert money(Decimal("-1234.5")) == "-$1,234.50"
    assert money(Decimal("1234.5"), "EUR", sign=True) == f"+1.234,50{NBSP}€"
    assert (rough(Decimal("950.12"), "GBP"), rough(Decimal("-48120.4"), "EUR")) == ("£950.12", f"-48.120{NBSP}€")
    assert [mark(one) for one in ("USD", "EUR", "CHF", "SEK")] == ["$", "€", "CHF", "kr"]


def test_a_total_is_of_each_currency_by_itself() -> None:
    assert total([("USD", Decimal(2)), ("EUR", Decimal(1)), ("USD", Decimal("0.5"))]) == f"1,00{NBSP}€ and $2.50"
    assert total([]) == "0.00"
