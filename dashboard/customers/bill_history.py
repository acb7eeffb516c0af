"""A customer's bills as a table."""

from collections.abc import Iterable
from datetime import date

import pandas as pd

from electrocloud.domain.billing.bill_document import Bill
from presentation.invoice_text import period


def current(bills: Iterable[Bill]) -> list[Bill]:
    """The current version of each bill, in order of periods."""
    newest: dict[tuple[str, str], Bill] = {}
    for bill in bills:
        key = bill.agreement_id, bill.month or str(bill.period_start)
        if key not in newest or newest[key].version < bill.version:
            newest[key] = bill
    return sorted(newest.values(), key=_begin)


def finished(bills: Iterable[Bill], today: date) -> list[Bill]:
    """The current bills of periods that are over, with anything to bill, in order."""
    return [bill for bill in current(bills) if bill.lines and bill.period_end and bill.period_end <= today]


def table(bills: Iterable[Bill]) -> pd.DataFrame:
    """One row per bill, newest first; `owner` and `month` name its invoice on the Bills page."""
    return pd.DataFrame(
        {
            "period": period(bill),
            "days": bill.served_days or bill.days,
            "energy": float(bill.energy_kwh),
            "daily": float(bill.energy_kwh) / bill.days if bill.days else None,
            "amount": float(bill.total_rounded),
            "state": bill.status,
            "estimated": bill.intervals.estimated,
            "agreement": bill.agreement_id,
            "owner": bill.agreement_id or bill.meter_id,
            "month": bill.month or f"{bill.period_start:%Y-%m}",
        }
        for bill in reversed(current(bills))
    )


def _begin(bill: Bill) -> str:
    return str(bill.period_start) if bill.period_start else f"{bill.month}-01"
