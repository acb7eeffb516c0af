"""A customer's bills as a table."""

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill_document import Bill
from presentation.daily_use import daily_kwh
from presentation.invoice_text import period


def finished(bills: Iterable[IssuedBill], today: date) -> list[Bill]:
    """The bills of periods that are over, with anything to bill, in order."""
    return [bill for _, bill in bills if bill.lines and bill.period_end and bill.period_end <= today]


def table(bills: Sequence[IssuedBill]) -> pd.DataFrame:
    """One row per bill, newest first; `owner` and `month` name its invoice on the Bills page."""
    return pd.DataFrame(
        {
            "period": period(bill),
            "days": bill.served_days or bill.days,
            "energy": float(bill.energy_kwh),
            "daily": daily_kwh(bill),
            "amount": float(bill.total_rounded),
            "state": bill.status,
            "estimated": bill.intervals.estimated,
            "agreement": bill.agreement_id,
            "owner": key.agreement_id,
            "month": key.month,
        }
        for key, bill in reversed(bills)
    )
