"""The operator's page of exceptions: rejected uploads and suspect readings, and what to do about them."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import data
from dashboard.access.roles import Data
from dashboard.access.visitor import may
from dashboard.exceptions import actions, exception_data
from dashboard.exceptions.queue import SUSPECT, UPLOAD, Queued, matching, queue, table
from dashboard.forecast import forecast_data
from dashboard.show_errors import show_errors
from presentation import units

PERIODS = {"Last hour": timedelta(hours=1), "Last 24 hours": timedelta(days=1), "Last 7 days": timedelta(days=7)}
KINDS = {"Uploads and readings": "", "Rejected uploads": UPLOAD, "Suspect readings": SUSPECT}
EVERY_REASON = "All reasons"
CHOSEN = "exception"  # the address's parameter


def filtered(found: list[Queued]) -> tuple[list[Queued], str]:
    """Draw the filters; the exceptions that pass them, and the reason that is chosen, if one is."""
    what, why, whose = st.columns(3)
    kind = what.selectbox("Show", [*KINDS], key="kind", bind="query-params")
    reasons = sorted({one.reason for one in found if KINDS[kind] in ("", one.kind)})
    reason = why.selectbox("Reason", [EVERY_REASON, *reasons], key="reason", bind="query-params")
    text = whose.text_input("Find", placeholder="meter, sender or message", key="find", bind="query-params")
    reason = "" if reason == EVERY_REASON else reason
    return matching(found, KINDS[kind], reason, text), reason


def choose(key: str, shown: list[Queued]) -> None:
    """Put the selected exception into the address, which says what the page shows."""
    rows = st.session_state[key].selection.rows
    if rows:
        st.query_params[CHOSEN] = shown[rows[0]].exception_id
    else:
        st.query_params.pop(CHOSEN, None)


def draw(since: datetime, period: str) -> None:
    """Draw the queue since an instant, and the selected exception."""
    uploads = exception_data.rejected(since)
    zone = data.zone()
    found = queue(uploads, forecast_data.suspects(), since, zone)
    shown, reason = filtered(found)
    if not shown:
        nothing = (
            "No exceptions match. Clear a filter." if found else f"No uploads were rejected in the {period.lower()}."
        )
        st.info(nothing, icon=":material/check_circle:")
        return
    more = (
        f" Only the newest {exception_data.MOST_REJECTED:,} uploads are listed."
        if len(uploads) == exception_data.MOST_REJECTED
        else ""
    )
    st.caption(f"{units.count(len(shown), 'exception')}. Select one to see it and act on it.{more}")
    notes = exception_data.notes(min(since, min(one.at for one in shown)).date())
    key = f"exceptions_{period}_{reason}"
    st.dataframe(
        table(shown, notes, zone),
        hide_index=True,
        height=min(38 + 35 * len(shown), 400),
        on_select=lambda: choose(key, shown),
        selection_mode="single-row",
        key=key,
    )
    chosen = st.query_params.get(CHOSEN)
    if one := next((one for one in shown if one.exception_id == chosen), None):
        own = notes.get(one.exception_id, ())
        if one.upload:
            actions.upload(one.upload, own, zone)
        elif one.suspect:
            actions.suspect(one.suspect, own, one.message, zone)
    if not may(Data.PUT_BACK):
        return
    if reason and any(one.upload for one in shown):
        actions.put_back_all(reason)
    else:
        st.caption("Choose a reason to put all its uploads back.")


st.title("Exceptions")
with show_errors(again=True):
    actions.done_before()
    chosen_period = st.selectbox("Arrived", list(PERIODS), key="period", bind="query-params")
    draw(datetime.now(UTC).replace(second=0, microsecond=0) - PERIODS[chosen_period], chosen_period)
