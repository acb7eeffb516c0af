"""The search field of every page. It opens Customers, or Meter for a user whose role has no customers."""

from collections.abc import Collection

import streamlit as st

from dashboard.access.roles import Data
from dashboard.access.visitor import may

FIELD, WANTED = "search_everywhere", "search_everywhere_for"
CUSTOMERS, METER = "customers", "meter"


def draw(path: str, menu: Collection[str]) -> tuple[str, dict[str, str]] | None:
    """Draw the field on the page of a path; the path and the parameters to go to once something was typed.

    The page that it leads to has a field of its own. `menu` are the paths of the user's pages.
    """
    to, key = (CUSTOMERS, "search") if CUSTOMERS in menu and may(Data.CUSTOMERS) else (METER, "meter")
    if path == to or to not in menu:
        return None
    if wanted := st.session_state.pop(WANTED, ""):
        return to, {key: wanted}
    what = "Name, address, account, meter or feeder" if to == CUSTOMERS else "Meter ID, or part of it"
    with st.container(key="search-field"):
        st.text_input(
            "Search everywhere",
            placeholder=what,
            key=FIELD,
            on_change=_submit,
            icon=":material/search:",
            label_visibility="collapsed",
        )
    return None


def _submit() -> None:
    st.session_state[WANTED] = st.session_state[FIELD].strip()
    st.session_state[FIELD] = ""
