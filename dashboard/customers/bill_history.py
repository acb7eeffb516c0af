"""A customer's bills: months side by side, why each differs from the one before, and a list of all."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

import pandas as pd

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill_document import Bill
from presentation import bill_change, bill_columns
from presentation.invoice_text import period

MOST_COLUMNS = 13  # a year, and the same month of the year before


def finished(bills: Iterable[IssuedBill], today: date) -> list[Bill]:
    """The bills of periods that are over, with anything to bill, in order."""
    return [bill for _, bill in bills if bill.lines and bill.period_end and bill.period_end <= today]


def side_by_side(bills: Sequence[IssuedBill], today: date) -> list[dict[str, str]]:
    """The newest MOST_COLUMNS bills as columns, the newest first, with the difference of those of past periods."""
    shown = [bill for _, bill in bills[-MOST_COLUMNS:]][::-1]
    changes = {id(after): after.total_rounded - before.total_rounded for before, after in _pairs(bills, today)}
    return bill_columns.columns(shown, [changes.get(id(bill)) for bill in shown])


def explained(bills: Sequence[IssuedBill], today: date) -> list[str]:
    """Why each of the newest bills of periods that are over differs from the one before it, the newest first."""
    return [bill_change.sentence(before, after) for before, after in _pairs(bills, today)[: -MOST_COLUMNS - 1 : -1]]


def _pairs(bills: Iterable[IssuedBill], today: date) -> list[tuple[Bill, Bill]]:
    """Each finished bill with the one before it."""
    return [(before, after) for before, after in pairwise(finished(bills, today)) if before.currency == after.currency]


def table(bills: Sequence[IssuedBill]) -> pd.DataFrame:
    """One row per bill, newest first; `owner` and `month` name its invoice on the Bills page."""
    return pd.DataFrame(
        {
            "period": period(bill),
            "amount": float(bill.total_rounded),
            "state": bill.status,
            "agreement": bill.agreement_id,
            "owner": key.agreement_id,
            "month": key.month,
        }
        for key, bill in reversed(bills)
    )
