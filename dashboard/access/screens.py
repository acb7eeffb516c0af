"""What is drawn in place of a page: the login, a refusal, and the end of a session."""

import streamlit as st
from streamlit.errors import StreamlitAuthError

from dashboard.access.login import login
from dashboard.access.roles import ROLES
from dashboard.access.visitor import Visitor

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def open_to_others() -> bool:
    """Whether other machines can reach this dashboard although it has no login."""
    return login() is None and st.get_option("server.address") not in LOOPBACK


def draw_open_to_others() -> None:
    """Say why nothing is shown without a login."""
    st.error(
        "This dashboard has no login, so it must listen on 127.0.0.1 alone. Set the login (docs/security.md), or start "
        "it with `--server.address 127.0.0.1`.",
        icon=":material/lock:",
    )


def draw_login(reason: str) -> None:
    """Draw the button that leads to the login."""
    st.title("ElectroCloud")
    st.info(reason, icon=":material/lock:")
    if st.button("Log in", type="primary", icon=":material/login:"):
        try:
            st.login()
        except StreamlitAuthError:
            st.error("The login is not set up. Its settings are in docs/security.md.", icon=":material/error:")


def draw_no_role(who: Visitor) -> None:
    """Say that a user is in none of the groups, and how to get in."""
    settings = login()
    prefix = settings.group_prefix if settings else ""
    groups = ", ".join(prefix + role for role in ROLES)
    st.title("ElectroCloud")
    st.warning(
        f"{who.name} is in none of the groups that may use this dashboard: {groups}. "
        "Ask the administrator of your login for one of them, then log out and in.",
        icon=":material/lock:",
    )
    if st.button("Log out", icon=":material/logout:"):
        st.logout()


def draw_refused(who: Visitor, title: str) -> None:
    """Say that a page is not one of the user's."""
    st.title(title)
    st.warning(f"Your role {', '.join(who.roles)} does not include the page {title}.", icon=":material/lock:")


def log_out() -> None:
    """The menu's entry that ends the session, here and at the login's provider."""
    st.logout()
