"""Who looks at a page: the user who logged in, with roles from groups; on a laptop the user of the machine."""

import getpass
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.access.login import Login, login
from dashboard.access.roles import ROLES, Data
from electrocloud.domain.errors import ElectroCloudError


class NotLoggedInError(ElectroCloudError):
    """Nobody has logged in, or the session has ended."""


class RefusedError(ElectroCloudError):
    """A user asks for what none of the user's roles includes."""


class Visitor(NamedTuple):
    """A user's name, roles, and when the session ends (s since 1970 UTC; None on a laptop)."""

    name: str
    roles: tuple[str, ...]
    ends: float | None = None

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages of all roles: those of the first role's first."""
        first = [page for role in self.roles for page in ROLES[role].pages]
        return tuple(dict.fromkeys(first))

    def may(self, data: Data) -> bool:
        """Whether one of the roles includes this kind of data."""
        return any(data in ROLES[role].data for role in self.roles)

    def check(self, data: Data) -> None:
        """Raise `NotLoggedInError` if the session has ended, and `RefusedError` if no role includes the data."""
        if self.ends is not None and time.time() >= self.ends:
            raise NotLoggedInError("Your session has ended. Log in again.")
        if not self.may(data):
            roles = f"role {self.roles[0]} does" if len(self.roles) == 1 else f"roles {', '.join(self.roles)} do"
            raise RefusedError(f"Your {roles if self.roles else 'account has no role and does'} not include {data}.")


_acting: ContextVar[Visitor | None] = ContextVar("acting", default=None)


@contextmanager
def acting_for(who: Visitor) -> Iterator[None]:
    """Run the body for a user, outside a session: a download that Streamlit makes later, in a thread of its own."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


def visitor() -> Visitor:
    """The user of the session that this runs in. Raises `NotLoggedInError` if there is none."""
    if acting := _acting.get():
        return acting
    settings = login()
    if settings is None:
        return Visitor(_name_on_laptop(), ("admin",))
    if get_script_run_ctx(suppress_warning=True) is None:
        raise NotLoggedInError("This belongs to no session. Open the page again.")
    return visitor_of(st.user.to_dict(), settings)


def visitor_of(claims: Mapping[str, Any], settings: Login) -> Visitor:
    """The visitor that the claims of an ID token describe. Raises `NotLoggedInError` if nobody is logged in.

    The session's end counts from the token's issue, since the token's own end, often an hour later, is meant for calls
    to APIs, and Streamlit's cookie is good for 30 days.
    """
    issued = claims.get("iat")
    if not claims.get("is_logged_in") or not isinstance(issued, int | float):
        raise NotLoggedInError("Log in to see this page.")
    found = Visitor(
        str(claims.get("email") or claims.get("preferred_username") or claims["sub"]),
        roles_of(claims.get(settings.groups_claim), settings.group_prefix),
        issued + settings.session_hours * 3600,
    )
    if found.ends is not None and time.time() >= found.ends:
        raise NotLoggedInError("Your session has ended. Log in again.")
    return found


def roles_of(groups: object, prefix: str) -> tuple[str, ...]:
    """The roles of a claim that lists groups, or is one group; in the order of ROLES."""
    listed: Iterable[object] = groups if isinstance(groups, list) else [groups]
    named = {group for group in listed if isinstance(group, str)}
    return tuple(role for role in ROLES if f"{prefix}{role}" in named)


def may(data: Data) -> bool:
    """Whether the user may ask for this kind of data, for parts of a page that are left out otherwise."""
    return visitor().may(data)


def for_this_user(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """What makes a download for the user of now: Streamlit calls it later, outside the session."""
    who = visitor()

    def made() -> bytes:
        with acting_for(who):
            return make()

    return made


def _name_on_laptop() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user ID without a name
        return "local"
