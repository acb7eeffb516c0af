"""The message shown when what a page reads cannot be read."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from dashboard.access.visitor import NotLoggedInError
from electrocloud.aws import athena
from electrocloud.domain.errors import ElectroCloudError, SettingsError


@contextmanager
def show_errors(*, first: bool = True, again: bool = False) -> Iterator[None]:
    """Draw the body; if its data cannot be read, show what is wrong and what to do instead.

    Parts of a page that are not the `first` do not repeat the first one's message. With `again`, the page reruns until
    there is data; fragments with `run_every` need not set it.
    """
    try:
        yield
    except SettingsError as fault:
        _show_once(st.info, f"There is nothing to show yet: {fault}.", ":material/power_settings_new:", first)
    except (BotoCoreError, ClientError, athena.QueryError) as fault:
        reason = str(fault).splitlines()[0][:300]
        _show_once(
            st.warning,
            "The data cannot be reached. The page will retry; if this persists, run `electrocloud status`."
            f"\n\n{reason}",
            ":material/cloud_off:",
            first,
        )
    except NotLoggedInError:
        st.rerun(scope="app")  # the app asks for the login
    except ElectroCloudError as fault:
        _show_once(st.warning, str(fault), ":material/error:", first)
    else:
        if first and not again:  # a block around other parts exits before some of them are drawn
            st.session_state.pop("shown_error", None)
        return
    if again:
        _try_again(time.monotonic())


def _show_once(show: Callable[..., object], message: str, icon: str, first: bool) -> None:
    if first or st.session_state.get("shown_error") != message:
        show(message, icon=icon)
    if first:
        st.session_state["shown_error"] = message


@st.fragment(run_every=5)
def _try_again(since: float) -> None:
    if time.monotonic() - since > 4:
        st.rerun()
