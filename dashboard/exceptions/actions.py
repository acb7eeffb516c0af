"""What can be done about one exception: put it back, edit it, void it, or write a note."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

from analytics.exceptions_desk import LONGEST_NOTE, Note
from analytics.rejected_uploads import Rejected
from dashboard.access.roles import Data
from dashboard.access.visitor import may
from dashboard.exceptions import exception_data
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.readings.meter_day import Interval
from presentation import units

SHOWN_BYTES = 20_000
DONE = "exception_done"  # the session's key of what was done last


def done_before() -> None:
    """Say what was done last, on the page that no longer lists it."""
    if text := st.session_state.pop(DONE, ""):
        st.success(text, icon=":material/check_circle:")


def notes_of(notes: Sequence[Note], zone: str) -> None:
    """Draw what was done about an exception, the last first."""
    for one in reversed(notes):
        what = f"{units.time_text(one.at, zone)} · {one.by} · {one.action}"
        st.markdown(units.in_markdown(f"{what} · {one.text}" if one.text else what))


def upload(one: Rejected, notes: Sequence[Note], zone: str) -> None:
    """Draw one rejected upload as it was sent, and what can be done about it."""
    st.header(f"Rejected: {units.in_markdown(one.reason)}")
    st.markdown(units.in_markdown(one.message))
    st.code(one.text[:SHOWN_BYTES], language="json")
    if len(one.text) > SHOWN_BYTES:
        st.caption(f"The first {SHOWN_BYTES:,} of {len(one.text):,} characters.")
    with st.container(horizontal=True):
        st.download_button("Download payload", one.payload, "upload.bin", on_click="ignore", icon=":material/download:")
        _open_meter(one.meter_id)
    notes_of(notes, zone)
    why = _why(one.exception_id)
    with st.container(horizontal=True):
        if st.button("Save note", icon=":material/edit_note:"):
            _do(lambda: exception_data.note(one, why), "The note is saved.")
        if may(Data.PUT_BACK):
            if st.button("Put back this upload", icon=":material/replay:"):
                _do(lambda: exception_data.put_back(one, why), "The upload is back in the stream.")
            if st.button("Void this upload", icon=":material/block:", help="It is not put back; its bytes are kept."):
                _do(lambda: exception_data.void(one, why), "The upload is voided.")
    if may(Data.PUT_BACK) and len(one.text) <= SHOWN_BYTES:
        with st.expander("Edit and put back"):
            st.caption(
                "What arrived is kept as it is. The edited upload is checked before it goes back into the stream."
            )
            edited = st.text_area("Edited upload", one.text, height=260, key=f"edited_{one.exception_id}")
            if st.button("Put back the edited upload", icon=":material/edit:"):
                _do(
                    lambda: exception_data.put_back(one, why, edited.encode()),
                    "The edited upload is back in the stream.",
                )


def suspect(one: Suspect, notes: Sequence[Note], message: str, zone: str) -> None:
    """Draw suspect readings, and what can be done about them."""
    st.header(f"Suspect readings of {units.in_markdown(one.meter_id)}")
    st.markdown(units.in_markdown(message))
    st.caption("They are billed unless they are voided or corrected.")
    _open_meter(one.meter_id)
    notes_of(notes, zone)
    why = _why(f"{one.meter_id}_{one.start}_{one.kind}")
    with st.container(horizontal=True):
        if st.button("Save note", icon=":material/edit_note:"):
            _do(lambda: exception_data.note_suspect(one, why), "The note is saved.")
        if (
            one.kind != "silent"
            and may(Data.PUT_BACK)
            and st.button(
                "Void these readings", icon=":material/block:", help="They count as missing, and bills estimate them."
            )
        ):
            _do(lambda: exception_data.void_suspect(one, why), "The readings are voided as soon as the stream is read.")
    if one.kind != "silent" and may(Data.PUT_BACK):
        with st.expander("Correct a reading"):
            _correct(one, why, zone)


def _correct(one: Suspect, why: str, zone: str) -> None:
    """Draw the readings of a suspect one's time, and what puts another value in the place of one of them."""
    readings = exception_data.readings_of(one)
    if not readings:
        st.caption("No reading counts in this time: they were voided, or replaced by others.")
        return
    st.caption("The corrected value goes through the stream as all readings do; bills follow. What arrived is kept.")
    name = f"{one.meter_id}_{one.start}_{one.kind}"
    at, value = st.columns(2)
    chosen = at.selectbox(
        "Reading",
        readings,
        format_func=lambda found: f"{units.time_text(_start(found), zone)}: {found.wh:,} Wh",
        key=f"reading_{name}",
    )
    wh = value.number_input("Corrected energy, Wh", min_value=0, value=None, step=1, key=f"corrected_{name}")
    if st.button("Correct this reading", icon=":material/edit:", disabled=wh is None) and wh is not None:
        _do(
            lambda: exception_data.correct_suspect(one, _start(chosen), int(wh), why),
            "The reading is corrected as soon as the stream is read.",
        )


def _start(reading: Interval) -> datetime:
    return datetime.fromtimestamp(reading.start, UTC)


def _why(name: str) -> str:
    return st.text_input(
        "Why", key=f"why_{name}", max_chars=LONGEST_NOTE, help="It is kept with your name and the time."
    )


def _open_meter(meter_id: str) -> None:
    if meter_id and st.button("Open meter", icon=":material/electric_meter:"):
        st.switch_page("meter/page.py", query_params={"meter": meter_id})


def _do(act: Callable[[], None], done: str) -> None:
    """Do it, and draw the page again; say what is wrong where it cannot be done."""
    try:
        with st.spinner("Working …"):
            act()
    except UsageError as fault:
        st.warning(str(fault), icon=":material/error:")
        return
    st.session_state[DONE] = done
    st.rerun()


def put_back_all(reason: str) -> None:
    """Draw the button that puts all uploads of a reason back into the stream, and what came of it."""
    st.caption(
        "Fix the cause first, such as a missing registration or an older version of the system. Uploads that are still "
        "wrong stay here; a reading that is there already counts once."
    )
    if st.button(f"Put back all uploads rejected for {reason}", icon=":material/replay:"):
        with st.spinner("Putting uploads back …"):
            outcome = exception_data.put_back_all(reason)
        lines = [f"{units.count(count, 'upload')} {fate}" for fate, count in sorted(outcome.items())]
        st.success("; ".join(lines) + "." if lines else f"No uploads were rejected for {reason}.")
