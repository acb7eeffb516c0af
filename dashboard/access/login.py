"""How people log in where the dashboard is hosted: an OpenID Connect provider, set in the environment.

Streamlit does the login itself, and reads its settings from a secrets file; `secrets_file` writes it. A laptop's
dashboard has none of these settings: it has no login and listens on the loopback address alone.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from electrocloud.domain.errors import SettingsError

PREFIX = "ELECTROCLOUD_LOGIN_"
HTTPS, LOOPBACK = "https://", ("http://localhost:", "http://127.0.0.1:")


class Login(NamedTuple):
    """The settings of the login; each is the variable of its name in capitals, after ELECTROCLOUD_LOGIN_.

    `dashboard_url` is the dashboard's own address. `groups_claim` is the claim of the ID token that lists a user's
    groups; a role's group is its name after `group_prefix`. A session ends `session_hours` after the login.
    """

    metadata_url: str
    client_id: str
    client_secret: str
    cookie_secret: str
    dashboard_url: str
    scopes: str = "openid email profile"
    groups_claim: str = "groups"
    group_prefix: str = "electrocloud-"
    session_hours: float = 8.0


@cache
def login() -> Login | None:
    """The settings of this process's environment; None on a laptop."""
    return login_of(os.environ)


def login_of(environment: Mapping[str, str]) -> Login | None:
    """The settings in an environment, if it has any. Raises `SettingsError` if it lacks one or has a wrong one."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    if not given:
        return None
    unknown = sorted(given.keys() - {*Login._fields})
    missing = [name for name in Login._fields if name not in given and name not in Login._field_defaults]
    if unknown or missing:
        named = ", ".join(f"{PREFIX}{name.upper()}" for name in unknown or missing)
        raise SettingsError(f"the login's settings {'are not known' if unknown else 'are missing'}: {named}")
    for name in ("metadata_url", "dashboard_url"):
        if not given[name].startswith((HTTPS, *LOOPBACK)):
            raise SettingsError(f"{PREFIX}{name.upper()} must begin with {HTTPS}, not {given[name]}")
    hours = given.pop("session_hours", "8")
    try:
        return Login(**given, session_hours=float(hours))
    except ValueError:
        raise SettingsError(f"{PREFIX}SESSION_HOURS must be a number of hours, not {hours}") from None


def secrets_file(settings: Login) -> Path:
    """Write Streamlit's secrets file, which only this user can read, and return its path."""
    auth = {
        "redirect_uri": f"{settings.dashboard_url.rstrip('/')}/oauth2callback",
        "cookie_secret": settings.cookie_secret,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "server_metadata_url": settings.metadata_url,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in auth.items()]  # a JSON string is a TOML string
    lines.append(f"client_kwargs = {{ scope = {json.dumps(settings.scopes)} }}")
    file = Path(tempfile.mkdtemp(prefix="electrocloud-")) / "secrets.toml"
    file.touch(mode=0o600)
    file.write_text("\n".join(["[auth]", *lines, ""]))
    return file
