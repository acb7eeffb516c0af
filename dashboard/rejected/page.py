"""The operator's page of rejected uploads: what was refused, why, whose it is, and how to put it back."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from analytics.rejected_uploads import Rejected
from dashboard import data
from presentation import units

PERIODS = {"Last hour": timedelta(hours=1), "Last 24 hours": timedelta(days=1), "Last 7 days": timedelta(days=7)}
EVERY_REASON = "All reasons"
SHOWN_BYTES = 20_000


def listed(found: list[Rejected]) -> Rejected | None:
    """Draw the uploads, one per row; the selected one."""
    table = pd.DataFrame(
        {
            "Arrived, UTC": f"{one.arrived:%Y-%m-%d %H:%M:%S}",
            "Reason": one.reason,
            "What was wrong": one.message,
            "Meter": one.meter_id or "–",
            "Sender": one.caller or "–",
            "Partition key": one.partition_key,
        }
        for one in found
    )
    chosen = st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(found), 400),
        on_select="rerun",
        selection_mode="single-row",
        key=f"rejected_{st.session_state['period']}_{st.session_state['reason']}",
    )
    rows = chosen.selection["rows"]
    return found[rows[0]] if rows else None


def upload(one: Rejected) -> None:
    """Draw one upload as it was sent."""
    st.header(f"Rejected: {units.in_markdown(one.reason)}")
    st.markdown(units.in_markdown(one.message))
    st.code(one.text[:SHOWN_BYTES], language="json")
    if len(one.text) > SHOWN_BYTES:
        st.caption(f"The first {SHOWN_BYTES:,} of {len(one.text):,} characters.")
    with st.container(horizontal=True):
        st.download_button("Download payload", one.payload, "upload.bin", on_click="ignore", icon=":material/download:")
        if one.meter_id and st.button("Open meter", icon=":material/electric_meter:"):
            st.switch_page("meter/page.py", query_params={"meter": one.meter_id})


def put_back(reason: str) -> None:
    """Draw the button that puts all uploads of a reason back into the stream, and what came of it."""
    st.caption(
        "Fix the cause first, such as a missing registration or an older version of the system. Uploads that are still "
        "wrong stay here; a reading that is there already counts once."
    )
    if st.button(f"Put back all uploads rejected for {reason}", icon=":material/replay:"):
        with st.spinner("Putting uploads back …"):
            outcome = data.put_back(reason)
        lines = [f"{units.count(count, 'upload')} {fate}" for fate, count in sorted(outcome.items())]
        st.success("; ".join(lines) + "." if lines else f"No uploads were rejected for {reason}.")


st.title("Rejected uploads")
with data.show_errors(again=True):
    when, why = st.columns(2)
    period = when.selectbox("Arrived", list(PERIODS), key="period", bind="query-params")
    found = data.rejected(datetime.now(UTC).replace(second=0, microsecond=0) - PERIODS[period])
    reasons = sorted({one.reason for one in found})
    reason = why.selectbox("Reason", [EVERY_REASON, *reasons], key="reason")
    shown = [one for one in found if reason in (EVERY_REASON, one.reason)]
    if not shown:
        st.info(f"No uploads were rejected in the {period.lower()}.", icon=":material/check_circle:")
    else:
        more = f" Only the newest {data.MOST_REJECTED:,} are listed." if len(found) == data.MOST_REJECTED else ""
        st.caption(f"{units.count(len(shown), 'upload')}. Select one to see what was sent.{more}")
        if chosen := listed(shown):
            upload(chosen)
        if reason != EVERY_REASON:
            put_back(reason)
        else:
            st.caption("Choose a reason to put its uploads back.")
