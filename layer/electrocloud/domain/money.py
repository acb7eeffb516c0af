"""Exact amounts, and how they are written. They are fractions until then, for 365/12 has no decimal."""

from decimal import Context, Decimal, Inexact
from fractions import Fraction

_LONG = Context(prec=100, traps=[Inexact])
_SHORT = Context(prec=28)


def exact(value: Fraction) -> Decimal:
    """The decimal that equals `value`, or its first 28 significant digits where there is no such decimal.

    In its one plain form: no zeros at the end and no exponent above zero.
    """
    numerator, denominator = Decimal(value.numerator), value.denominator
    if denominator == 1:
        return numerator
    try:
        return _LONG.divide(numerator, Decimal(denominator))
    except Inexact:
        return _SHORT.divide(numerator, Decimal(denominator))


def cents(value: Fraction) -> Decimal:
    """`value` rounded to two decimals, half to even."""
    return Decimal(round(value * 100)).scaleb(-2)
