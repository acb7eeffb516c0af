"""A customer's account: what it owes, and its payments."""

import streamlit as st

from dashboard import layout
from dashboard.customers import account_data
from presentation import units
from presentation.invoice_text import day
from presentation.money_text import money

MOST_PAYMENTS = 24  # the newest; `electrocloud account show` lists all


def draw(account_id: str) -> None:
    """Draw the balance in each currency, and the newest payments."""
    found = account_data.account_statement(account_id)
    st.header("Account")
    with layout.metrics("account"):
        for currency, balance in found.balances.items():
            name = "Balance due" if balance.due >= 0 else "Credit balance"
            note = "Final bills of all the account's agreements, minus its payments. Open bills are not due yet."
            st.metric(name, money(abs(balance.due), currency), help=note, border=True)
            st.metric("Billed", money(balance.billed, currency), border=True)
            st.metric("Paid", money(balance.paid, currency), border=True)
    if not found.payments:
        st.caption("No payments of this account are recorded.")
        return
    newest = found.payments[: -MOST_PAYMENTS - 1 : -1]
    older = len(found.payments) - len(newest)
    st.caption(f"{units.count(len(found.payments), 'payment')}{f', the newest {MOST_PAYMENTS}' if older else ''}.")
    rows = [
        {
            "Paid on": day(one.paid_on),
            "Amount": money(one.amount, one.currency),
            "Reference": one.reference or "–",
            "Payment": one.payment_id,
            "Recorded by": one.recorded_by or "–",
        }
        for one in newest
    ]
    layout.table("Payments", rows)
