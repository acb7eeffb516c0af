"""Why a bill differs from the one before it, in parts that add up to the difference, and in a sentence to read out.

The energy charge changes with the days of the period, the energy used per day, and the price per kWh:
kWh1 p1 - kWh0 p0 = (d1 - d0) u0 p0 + d1 (u1 - u0) p0 + kWh1 (p1 - p0), where u is kWh per day, and p the energy charge
per kWh, which changes with prices, tiers and the times of use. All other charges are compared as they stand.
"""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.currency import written
from presentation.invoice_text import period
from presentation.money_text import money

SMALL = Decimal("0.01")  # smaller parts are not named


class Part(NamedTuple):
    """A part of the difference: why, in words, and how much (in the bill's currency, exact)."""

    why: str
    amount: Fraction


def parts(before: Bill, after: Bill) -> list[Part]:
    """The parts of the difference of the totals, the largest first. They add up to it exactly."""
    days = Fraction(after.days - before.days)
    use, use_before = _per_day(after), _per_day(before)
    price, price_before = _price(after, before), _price(before, after)
    found = [
        Part(_days_text(after.days - before.days), days * use_before * price_before),
        Part(f"{_use(use)} per day instead of {_use(use_before)}", after.days * (use - use_before) * price_before),
        Part(
            f"an average energy price of {_cents(price, after.currency)} instead of "
            f"{_cents(price_before, after.currency)} per kWh",
            Fraction(after.energy_kwh) * (price - price_before),
        ),
        *(Part(name, Fraction(getattr(after, field)) - Fraction(getattr(before, field))) for field, name in _OTHERS),
    ]
    return sorted((part for part in found if part.amount), key=lambda part: -abs(part.amount))


def sentence(before: Bill, after: Bill) -> str:
    """The difference in one sentence, such as a clerk reads out."""
    change = after.total_rounded - before.total_rounded
    if not change:
        return f"{period(after)}: the same amount as in {period(before)}."
    share = f" ({abs(change) / abs(before.total_rounded):.0%})" if before.total_rounded else ""
    text = f"{money(abs(change), after.currency)}{share} {'more' if change > 0 else 'less'} than in {period(before)}"
    named = [part for part in parts(before, after) if abs(part.amount) >= SMALL]
    reasons = ", ".join(f"{part.why} ({_amount(part, after.currency)})" for part in named)
    estimated = (
        f" {after.intervals.estimated:,} of {after.intervals.expected:,} readings are estimated."
        if after.intervals.estimated
        else ""
    )
    return f"{period(after)}: {text}: {reasons}.{estimated}" if reasons else f"{period(after)}: {text}.{estimated}"


_OTHERS = (
    ("demand_charge", "demand charges"),
    ("fixed_charge", "fixed charges"),
    ("minimum_top_up", "minimum-bill charge"),
    ("rider_charge", "riders"),
    ("tax", "taxes"),
    ("export_credit", "credit for export"),
)


def _per_day(bill: Bill) -> Fraction:
    return Fraction(bill.energy_kwh) / bill.days if bill.days else Fraction(0)


def _price(bill: Bill, other: Bill) -> Fraction:
    """The energy charge per kWh; of a bill without energy that of the other one, since none was charged."""
    for one in (bill, other):
        if one.energy_kwh:
            return Fraction(one.energy_charge) / Fraction(one.energy_kwh)
    return Fraction(0)


def _days_text(days: int) -> str:
    return f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'more' if days > 0 else 'less'}"


def _use(kwh: Fraction) -> str:
    return f"{float(kwh):,.1f} kWh"


def _cents(price: Fraction, currency: str) -> str:
    return written(Decimal(price.numerator) / price.denominator, 4, currency)


def _amount(part: Part, currency: str) -> str:
    return money(round(Decimal(part.amount.numerator) / part.amount.denominator, 2), currency, sign=True)
