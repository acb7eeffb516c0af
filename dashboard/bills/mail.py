"""Mailing invoices: what can be mailed, one button to send it, what became of each, and what was mailed before."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard.access.roles import Data
from dashboard.access.visitor import may
from dashboard.bills import invoices
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.mail_log import Mailing, latest
from electrocloud.aws.store.statements import Statement
from presentation import units
from presentation.invoice_mail import MailResult, obstacle

REQUEST, RESULTS = "mail_request", "mail_results"  # the session's keys
MOST = 250  # invoices of one click: some 20 s


class MailRequest(NamedTuple):
    """What a click asked to mail: its own ID, which sends no invoice twice; what names the bills; their number."""

    click: str
    of: object
    bills: int


def draw_button(of: object, count: int, key: str) -> None:
    """Draw the button that opens the form for `count` bills, which `of` names."""
    if may(Data.MAIL) and st.button(f"Mail {units.count(count, 'invoice')}", icon=":material/mail:", key=key):
        st.session_state[REQUEST] = MailRequest(str(uuid.uuid4()), of, count)


def draw_form(of: object, issued: Callable[[], Iterable[IssuedBill]]) -> None:
    """Draw the form for the bills that `of` names, if its button was pressed, and send when it says so."""
    request: MailRequest | None = st.session_state.get(REQUEST)
    if request is None or request.of != of:
        return
    with st.container(border=True):
        done: tuple[str, list[MailResult]] = st.session_state.get(RESULTS, ("", []))
        if done[0] == request.click:  # also where the button was pressed twice
            _results(done[1])
            return
        if request.bills > MOST:
            st.warning(f"A click mails at most {MOST:,} invoices. Use a filter, or `electrocloud bill mail`.")
            return
        statements = invoices.statements(list(issued()))
        again = _preview(statements)
        if st.button("Send", type="primary", key="mail_send", disabled=all(map(obstacle, statements))):
            st.session_state[RESULTS] = (request.click, _send(statements, request.click, again=again))
            st.rerun()


def _preview(statements: Sequence[Statement]) -> bool:
    """Say what can be mailed and what not; whether versions that were mailed before shall be mailed again."""
    faults = Counter(filter(None, map(obstacle, statements)))
    able = [one for one in statements if not obstacle(one)]
    to = f" to {units.in_markdown(able[0].account.email)}" if len(able) == 1 and able[0].account else ""
    st.markdown(f"**{units.count(len(able), 'invoice')}** can be mailed{to}.")
    for fault, count in faults.items():
        st.caption(f"{units.count(count, 'invoice')}: {units.in_markdown(fault)}.")
    logged = invoices.mailings([one.key for one in able])
    before = [found for one in able if (found := latest(logged.get(one.key, []), one.bill.version))]
    if not before:
        return False
    when = f"on {before[0].at:%Y-%m-%d} by {before[0].sent_by}" if len(before) == 1 else "before"
    text = f"{units.count(len(before), 'invoice')} of these {'was' if len(before) == 1 else 'were'} mailed {when}."
    return st.checkbox(f"{units.in_markdown(text)} Mail again.", value=len(statements) == 1, key="mail_again")


def _send(statements: Sequence[Statement], click: str, *, again: bool) -> list[MailResult]:
    bar = st.progress(0.0)
    results = []
    for result in invoices.mail(statements, click, again):
        results.append(result)
        bar.progress(len(results) / len(statements), f"{len(results):,} of {units.count(len(statements), 'invoice')}")
    return results


def _results(results: Sequence[MailResult]) -> None:
    sent = sum(one.sent for one in results)
    show = st.success if sent == len(results) else st.warning
    show(f"{units.count(sent, 'invoice')} of {len(results):,} mailed.")
    if len(results) == 1 or sent < len(results):
        st.dataframe(
            pd.DataFrame(
                {
                    "Bill number": one.statement.bill.number or one.statement.bill.meter_id,
                    "Account": one.statement.bill.account_id,
                    "Result": "mailed" if one.sent else "not mailed",
                    "Note": one.note,
                }
                for one in results
                if len(results) == 1 or not one.sent
            ),
            hide_index=True,
        )


def draw_log(issued: IssuedBill) -> None:
    """Draw the mailings of a bill, newest first, if it has any."""
    if logged := invoices.mailings([issued.key]).get(issued.key):
        st.header("Mailed")
        st.dataframe(_table(logged, issued.bill.zone), hide_index=True)


def _table(logged: Sequence[Mailing], zone: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Time": f"{units.moment(one.at.timestamp(), zone)} {units.zone_abbreviation(one.at.timestamp(), zone)}",
            "Version": one.version,
            "To": one.address or "erased",
            "By": one.sent_by,
            "Result": one.state,
            "Note": one.error,
        }
        for one in logged
    )
