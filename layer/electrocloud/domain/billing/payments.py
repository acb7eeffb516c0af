"""Payments of customers, and what an account owes: its issued bills minus its payments, exact, in each currency."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

import msgspec

from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.currency import CURRENCIES
from electrocloud.domain.errors import UsageError
from electrocloud.domain.registry.records import RecordId

MOST = Decimal(10) ** 12
EARLIEST = date(1970, 1, 1)

PaymentId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
Reference = Annotated[str, msgspec.Meta(max_length=140)]


class Payment(msgspec.Struct, frozen=True):
    """Money that an account paid on a day; below 0, money that went back, such as a returned check.

    `payment_id` is the bank's or the cashier's, unique among all accounts. `recorded_by` and `recorded_at` (UTC)
    say who entered it and when.
    """

    payment_id: PaymentId
    account_id: RecordId
    paid_on: date
    amount: Decimal
    currency: str
    reference: Reference = ""
    recorded_by: str = ""
    recorded_at: datetime | None = None

    def same_as(self, other: "Payment") -> bool:
        """Whether both say the same of the money; a reference that was erased since is no difference."""
        facts = ("payment_id", "account_id", "paid_on", "amount", "currency")
        return all(getattr(self, name) == getattr(other, name) for name in facts)


class Balance(NamedTuple):
    """What was billed and what was paid in a currency. Above 0 the account owes the difference, below 0 it has it."""

    billed: Decimal
    paid: Decimal

    @property
    def due(self) -> Decimal:
        """Billed minus paid."""
        return self.billed - self.paid


_NONE = Balance(Decimal(0), Decimal(0))


def check_payment(payment: Payment, today: date) -> None:
    """Raise `UsageError`, which says why a payment cannot be recorded; `today` is the last day that it can be of."""
    amount = payment.amount
    if not amount.is_finite() or not amount or abs(amount) > MOST:
        raise UsageError(f"the amount {amount} must be a number other than 0")
    if amount != round(amount, 2):
        raise UsageError(f"the amount {amount:f} has more than two decimals")
    if payment.currency not in CURRENCIES:
        raise UsageError(f"{payment.currency!r} is no currency that is known; choose one of {', '.join(CURRENCIES)}")
    if not EARLIEST <= payment.paid_on <= today:
        raise UsageError(f"the date {payment.paid_on} is not between {EARLIEST} and today, {today}")


def balances(bills: Iterable[Bill], payments: Iterable[Payment]) -> dict[str, Balance]:
    """The balance in each currency that an account was billed or paid in.

    `bills` are the versions that count now; those that are not final are not owed yet. A version that replaces another
    counts in its place, so that each rebill adjustment is in the balance once, from its version on.
    """
    found: dict[str, Balance] = {}
    for bill in bills:
        if bill.status == "final":
            so_far = found.get(bill.currency, _NONE)
            found[bill.currency] = so_far._replace(billed=so_far.billed + bill.total_rounded)
    for payment in payments:
        so_far = found.get(payment.currency, _NONE)
        found[payment.currency] = so_far._replace(paid=so_far.paid + payment.amount)
    return found
