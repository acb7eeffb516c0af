"""Roles: which groups have which, what each may ask for, and that no function of the pages' data is left unguarded."""

import ast
import re
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import streamlit as st

from analytics.questions import questions
from analytics.template import ROOT
from dashboard import data
from dashboard.access import guard, screens, visitor
from dashboard.access import login as login_settings
from dashboard.access.guard import needs
from dashboard.access.login import Login, login_of, secrets_file
from dashboard.access.roles import PAGES, ROLES, Data
from dashboard.access.visitor import (
    NotLoggedInError,
    RefusedError,
    Visitor,
    acting_for,
    for_this_user,
    roles_of,
    visitor_of,
)
from dashboard.bills import bill_data, invoices
from dashboard.customers import account_data, weather_data
from dashboard.exceptions import exception_data
from dashboard.forecast import forecast_data
from dashboard.health import health_data
from dashboard.meter import meter_data
from dashboard.questions import question_data
from dashboard.studies import study_data
from electrocloud.domain.errors import SettingsError
from tests.kits.dashboard_kit import page, texts

DASHBOARD = Path(data.__file__).parent
SETTINGS = Login("https://login.example/meta", "id", "secret", "cookie", "https://meters.example/")
MODULES = (
    data, account_data, bill_data, exception_data, forecast_data, health_data, invoices, meter_data, question_data,
    study_data, weather_data,
)  # fmt: skip
JUDGING = {"has_stopped"}  # say something of data that was given
# These return no data.
DRAWING = {
    "forget_rejected",
    "warm_up",
    "warm_up_charts",
    "pace_s",
}
# These make a download whose reading is guarded.
DOWNLOADS = {"answer_file", "green_button_file", "pdf", "csv", "csv_file", "excel_file"}


def claims(**more: object) -> dict[str, object]:
    return {"is_logged_in": True, "iat": time.time(), "sub": "u1", "email": "ann@example.com", **more}


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["electrocloud-clerk", "staff"], ("clerk",)),
        (["electrocloud-agent", "electrocloud-operator"], ("operator", "agent")),
        ("electrocloud-analyst", ("analyst",)),
        (["clerk", "electrocloud-", "electrocloud-boss", 7, None], ()),
        (None, ()),
        ({"electrocloud-admin": True}, ()),
    ],
)
def test_a_user_has_the_roles_of_the_groups_with_the_prefix_and_no_others(groups, roles):
    assert roles_of(groups, "electrocloud-") == roles


def test_a_user_in_no_group_sees_no_page_and_no_data():
    who = visitor_of(claims(), SETTINGS)
    assert who.pages == ()
    for kind in Data:
        with pytest.raises(RefusedError, match="has no role"):
            who.check(kind)


def test_a_session_ends_so_many_hours_after_the_login():
    groups = {"groups": ["electrocloud-clerk"]}
    who = visitor_of(claims(iat=time.time() - 7.9 * 3600, **groups), SETTINGS)
    who.check(Data.BILLS)
    with pytest.raises(NotLoggedInError, match="session has ended"):
        visitor_of(claims(iat=time.time() - 8.1 * 3600, **groups), SETTINGS)
    with pytest.raises(NotLoggedInError, match="session has ended"):
        who._replace(ends=time.time() - 1).check(Data.BILLS)


@pytest.mark.parametrize("broken", [{"iat": None}, {"is_logged_in": False}, {"iat": "soon"}])
def test_claims_without_a_login_or_its_time_are_nobodys(broken):
    with pytest.raises(NotLoggedInError):
        visitor_of(claims(groups=["electrocloud-admin"]) | broken, SETTINGS)


def test_every_role_has_pages_that_exist_and_some_role_has_each_kind_of_data():
    for role in ROLES.values():
        assert role.pages
        assert {*role.pages} <= {*PAGES}
    without_admin = {kind for name, role in ROLES.items() if name != "admin" for kind in role.data}
    assert without_admin == {*Data} - {Data.ACCESS_LOG}
    assert ROLES["admin"].data == {*Data}


def titles() -> dict[str, str]:
    """The titles of the pages in the menu's order, by the last part of their address."""
    tree = ast.parse((DASHBOARD / "app.py").read_text())
    (listed,) = (
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PAGES"
    )
    return {path: title for path, _, title, _ in ast.literal_eval(listed)}


def test_the_menu_has_the_pages_of_the_table_in_its_order():
    assert [*titles()] == [*PAGES]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_function_of_the_pages_data_is_guarded(module: ModuleType):
    """Put `@needs(Data.…)` above a new function, and its kind of data into the table of roles."""
    public = {
        name
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    }
    unguarded = {name for name in public if not hasattr(getattr(module, name), "needs")}
    assert unguarded <= DRAWING | DOWNLOADS | JUDGING, f"{sorted(unguarded - DRAWING)} answer any user"


def test_only_the_pages_data_modules_and_the_forecasts_process_reach_the_deployment():
    reaching = {
        path for path in DASHBOARD.rglob("*.py") if re.search("find_stack|boto3|dashboard.deployment", path.read_text())
    }
    own = {DASHBOARD / name for name in ("deployment.py", "access/access_log.py", "forecast/meter_forecast.py")}
    assert reaching == {Path(str(module.__file__)) for module in MODULES} | own


@contextmanager
def hosted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(visitor, "login", lambda: SETTINGS)
        yield


def test_outside_a_session_a_hosted_dashboard_answers_nobody(monkeypatch):
    answer = needs(Data.FLEET)(lambda: "power")
    with hosted(monkeypatch):
        with pytest.raises(NotLoggedInError):
            answer()
        with acting_for(Visitor("ann", ("clerk",))):
            assert answer() == "power"
        with pytest.raises(NotLoggedInError):
            answer()


@pytest.mark.parametrize("role", ROLES)
def test_the_data_of_a_role_is_given_and_all_other_data_refused_also_from_a_cache(role):
    read = []
    cached = st.cache_resource(lambda: read.append(1) or "answer")
    cached.clear()
    for kind in Data:
        answer = needs(kind)(cached)
        with acting_for(Visitor("root", ("admin",))):
            assert answer() == "answer"
        with acting_for(Visitor("ann", (role,))):
            if kind in ROLES[role].data:
                assert answer() == "answer"
            else:
                with pytest.raises(RefusedError, match=f"role {role} does not include {kind}"):
                    answer()
    assert len(read) == 1


def test_a_download_is_made_for_the_user_who_saw_its_button_until_the_session_ends(monkeypatch):
    secret = needs(Data.BILLS)(lambda: b"bill")
    with hosted(monkeypatch):
        with acting_for(Visitor("ann", ("clerk",))):
            make = for_this_user(secret)
        with acting_for(Visitor("ann", ("clerk",), ends=time.time() - 1)):
            late = for_this_user(secret)
        assert make() == b"bill"
        with pytest.raises(NotLoggedInError):
            late()


def test_on_a_laptop_the_user_of_the_machine_is_an_admin(monkeypatch):
    monkeypatch.setattr(visitor, "login", lambda: None)
    monkeypatch.setenv("LOGNAME", "sam")
    assert visitor.visitor() == Visitor("sam", ("admin",))


def environment(**changed: str | None) -> dict[str, str]:
    values = {"PATH": "/bin"} | {
        f"{login_settings.PREFIX}{name.upper()}": str(getattr(SETTINGS, name))
        for name in ("metadata_url", "client_id", "client_secret", "cookie_secret", "dashboard_url")
    }
    values |= {f"{login_settings.PREFIX}{name}": value for name, value in changed.items() if value is not None}
    return {name: value for name, value in values.items() if name.removeprefix(login_settings.PREFIX) not in {
        name for name, value in changed.items() if value is None
    }}  # fmt: skip


def test_the_logins_settings_are_those_of_the_environment():
    assert login_of({"PATH": "/bin"}) is None
    assert login_of(environment()) == SETTINGS
    assert login_of(environment(SESSION_HOURS="0.5", GROUPS_CLAIM="roles")) == SETTINGS._replace(
        session_hours=0.5, groups_claim="roles"
    )


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"CLIENT_SECRET": None}, "missing: ELECTROCLOUD_LOGIN_CLIENT_SECRET"),
        ({"CLIENT": "x"}, "not known: ELECTROCLOUD_LOGIN_CLIENT"),
        ({"DASHBOARD_URL": "http://meters.example"}, "must begin with https://"),
        ({"METADATA_URL": "file:///etc/passwd"}, "must begin with https://"),
        ({"SESSION_HOURS": "long"}, "number of hours"),
    ],
)
def test_wrong_settings_of_the_login_are_named(changed, fault):
    with pytest.raises(SettingsError, match=fault):
        login_of(environment(**changed))


def test_streamlits_secrets_are_readable_by_their_user_alone_and_say_what_was_set():
    file = secrets_file(SETTINGS._replace(client_secret='a"b\\c\n#'))
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    auth = tomllib.loads(file.read_text())["auth"]
    assert auth["redirect_uri"] == "https://meters.example/oauth2callback"
    assert auth["client_secret"] == 'a"b\\c\n#'
    assert auth["client_kwargs"] == {"scope": "openid email profile"}


@pytest.mark.parametrize(("address", "refused"), [("127.0.0.1", False), ("0.0.0.0", True), (None, True)])
def test_without_a_login_the_dashboard_shows_nothing_unless_it_listens_on_the_loopback_alone(
    monkeypatch, address, refused
):
    monkeypatch.setattr(st, "get_option", {"server.address": address}.get)
    assert screens.open_to_others() is refused
    monkeypatch.setattr(screens, "login", lambda: SETTINGS)
    assert not screens.open_to_others()


def as_role(monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    for module in (visitor, guard):
        monkeypatch.setattr(module, "visitor", lambda: Visitor("ann", (role,)))


def test_a_page_says_in_a_sentence_what_the_users_role_does_not_include(monkeypatch):
    as_role(monkeypatch, "operator")
    for name in ("customers", "bills", "analytics"):
        assert not page(name, search="Smith").exception
    assert "Your role operator does not include names, addresses and service histories." in texts(
        page("customers", search="Smith")
    )


def test_an_agent_is_sent_from_the_bills_to_the_customers(monkeypatch):
    as_role(monkeypatch, "agent")
    assert "Find a customer on the Customers page" in texts(page("bills"))


def test_the_documentation_has_the_table_of_roles():
    documented = (ROOT / "docs" / "security.md").read_text()
    for name, role in ROLES.items():
        pages = "all" if role.pages == PAGES else ", ".join(titles()[path] for path in role.pages)
        kinds = "all" if role.data == {*Data} else "; ".join(kind for kind in Data if kind in role.data)
        assert f"| {name} | {pages} | {kinds} |\n" in documented


def test_only_an_admin_may_ask_who_looked_at_whom(monkeypatch):
    monkeypatch.setattr(guard, "access_log", lambda: Nowhere())
    monkeypatch.setattr(question_data, "_answer", lambda sql, watch: sql)
    sql = questions()["access_log"].render({})
    with acting_for(Visitor("ann", ("analyst",))):
        assert "access_log" not in question_data.questions_of_user()
        assert question_data.answer("SELECT 1") == "SELECT 1"
        with pytest.raises(RefusedError, match="does not include the access log"):
            question_data.answer(sql)
        assert question_data.answer_file("SELECT 1", str.encode)() == b"SELECT 1"
        with pytest.raises(RefusedError, match="does not include the access log"):
            question_data.answer_file(sql, str.encode)()
    with acting_for(Visitor("root", ("admin",))):
        assert "access_log" in question_data.questions_of_user()
        assert question_data.answer(sql) == sql


class Nowhere:
    def record(self, *_: object) -> None: ...
