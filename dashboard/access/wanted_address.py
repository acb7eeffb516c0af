"""Back to the address that led to the login: the provider sends everybody to the dashboard's root."""

from collections.abc import Collection, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

import streamlit as st

COOKIE = "electrocloud_wanted"
_TEN_MINUTES_S = 600
_REMEMBER = f"""<script>
document.cookie = "{COOKIE}=" + encodeURIComponent(location.pathname + location.search)
  + "; path=/; samesite=lax; max-age={_TEN_MINUTES_S}";
</script>"""
_FORGET = f'<script>document.cookie = "{COOKIE}=; path=/; max-age=0";</script>'


def remember() -> None:
    """Let the browser keep the address of now, in a cookie of ten minutes."""
    st.html(_REMEMBER, unsafe_allow_javascript=True)


def forget() -> None:
    """Have the browser drop what it kept, once in a session."""
    if COOKIE in st.context.cookies and not st.session_state.get(COOKIE):
        st.session_state[COOKIE] = "forgotten"
        st.html(_FORGET, unsafe_allow_javascript=True)


def wanted(pages: Collection[str]) -> tuple[str, dict[str, list[str]]] | None:
    """The page that the browser kept, if it is one of these, and its parameters. Not once it was dropped."""
    return None if st.session_state.get(COOKIE) else wanted_in(st.context.cookies, pages)


def wanted_in(cookies: Mapping[str, str], pages: Collection[str]) -> tuple[str, dict[str, list[str]]] | None:
    """The page and parameters of the address in a browser's cookies, if the page is one of these."""
    address = urlsplit(unquote(cookies.get(COOKIE, "")))
    page = address.path.strip("/").rsplit("/", 1)[-1]
    return (page, parse_qs(address.query)) if page in pages else None
