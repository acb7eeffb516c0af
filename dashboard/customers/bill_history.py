"""A customer's bills: months side by side, why each differs from the one before, and a list of all."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from dashboard.customers.bill_weather import BillWeather
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill_document import Bill
from presentation import bill_change, bill_columns
from presentation.invoice_text import period
from presentation.money_text import money
from presentation.temperature_text import Scale

MOST_COLUMNS = 13  # a year, and the same month of the year before


def finished(bills: Iterable[IssuedBill], today: date) -> list[Bill]:
    """The bills of periods that are over, with anything to bill, in order."""
    return [bill for _, bill in bills if bill.lines and bill.period_end and bill.period_end <= today]


class Explained(NamedTuple):
    """Bills as columns, the newest first, and why each of past periods differs from the one before it."""

    columns: list[dict[str, str]]
    sentences: list[str]


def explained(bills: Sequence[IssuedBill], today: date, temperatures: Mapping[date, float], scale: Scale) -> Explained:
    """The newest MOST_COLUMNS bills, with the weather from the mean temperature (°C) of each local day."""
    done = finished(bills, today)
    weather = BillWeather(done, temperatures)
    shown = [bill for _, bill in bills[-MOST_COLUMNS:]][::-1]
    pairs = [(before, after) for before, after in pairwise(done) if before.currency == after.currency]
    changes = {id(after): after.total_rounded - before.total_rounded for before, after in pairs}

    def temperature(bill: Bill) -> str:
        mean_c = weather.mean_c(bill)
        return "" if mean_c is None else scale.text(mean_c)

    return Explained(
        bill_columns.columns(shown, [changes.get(id(bill)) for bill in shown], temperature),
        [
            bill_change.sentence(before, after, weather.change(before, after), scale)
            for before, after in pairs[: -MOST_COLUMNS - 1 : -1]
        ],
    )


def table(bills: Sequence[IssuedBill]) -> pd.DataFrame:
    """One row per bill, newest first; `owner` and `month` name its invoice on the Bills page."""
    return pd.DataFrame(
        {
            "period": period(bill),
            "amount": money(bill.total_rounded, bill.currency),
            "state": bill.status,
            "agreement": bill.agreement_id,
            "owner": key.agreement_id,
            "month": key.month,
        }
        for key, bill in reversed(bills)
    )
