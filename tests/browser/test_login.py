"""The hosted dashboard's login with an OpenID Connect provider: roles' pages, refusals, log-out and a session's end."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Page, expect

from analytics.ask import ask
from analytics.questions import questions
from dashboard.access.login import PREFIX
from dashboard.access.roles import PAGES, ROLES
from tests.browser.backend import tell
from tests.browser.conftest import PATIENCE_MS, START_S, Running
from tools.browser import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the provider's libraries
]
expect.set_options(timeout=PATIENCE_MS)
USERS = [
    *(User(sub=role, claims={"email": f"{role}@example.com", "groups": [f"electrocloud-{role}"]}) for role in ROLES),
    User(sub="guest", claims={"email": "guest@example.com", "groups": ["staff", "clerk"]}),
]


class Hosted(NamedTuple):
    """A dashboard with a login, and the fleet that it shows."""

    url: str
    running: Running


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(user_claims=USERS) as server:
        yield f"http://localhost:{server.server_port}"


def settings(provider: str, **more: str) -> dict[str, str]:
    values = {
        "METADATA_URL": f"{provider}/.well-known/openid-configuration",
        "CLIENT_ID": "electrocloud",
        "CLIENT_SECRET": "secret",
        "COOKIE_SECRET": "a cookie secret of this test",
        "DASHBOARD_URL": "http://127.0.0.1:{port}",  # Streamlit fills the port in
    }
    return {f"{PREFIX}{name}": value for name, value in (values | more).items()}


@pytest.fixture(scope="module")
def hosted(running: Running, provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    state = tell(running.fleet.stack, tmp_path_factory.mktemp("hosted"))
    with serving(state, limit_s=START_S, environment=settings(provider)) as served:
        yield Hosted(served.url, running)


def log_in(page: Page, url: str, user: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=user, exact=True).click()
    page.wait_for_url(f"{url}/**")
    expect(page.get_by_role("button", name="Log in")).to_have_count(0)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_its_pages_and_is_refused_the_others(page: Page, hosted: Hosted, role: str) -> None:
    log_in(page, hosted.url, role)
    first, *_ = ROLES[role].pages
    page.wait_for_url(re.compile(rf"/{first}(\?.*)?$"))
    links = page.get_by_test_id("stTopNavLink")
    expect(links.filter(visible=True).first).to_be_visible()
    shown = [str(link.get_attribute("href")).rpartition("/")[2] for link in links.all()]
    assert [name for name in shown if name != "logout"] == [name for name in PAGES if name in ROLES[role].pages]
    for name in PAGES:
        page.goto(f"{hosted.url}/{name}")
        expect(page.get_by_test_id("stHeading").first).to_be_visible()
        refused = page.get_by_text(re.compile(rf"role {role} does not include the page {name.capitalize()}"))
        expect(refused).to_have_count(0 if name in ROLES[role].pages else 1)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if name in ROLES[role].pages:
            expect(page.get_by_text("does not include")).to_have_count(0)


def test_an_operator_sees_a_meter_s_readings_and_no_bill(page: Page, hosted: Hosted) -> None:
    log_in(page, hosted.url, "operator")
    page.goto(f"{hosted.url}/meter?meter={hosted.running.fleet.meters[1].meter_id}")
    expect(page.get_by_text("Data completeness")).to_be_visible()
    expect(page.get_by_text(re.compile("Bill so far|Service history|does not include"))).to_have_count(0)


def test_an_agent_sees_the_bill_of_a_customer_and_no_list_of_all(page: Page, hosted: Hosted) -> None:
    meter_id = hosted.running.fleet.meters[2].meter_id
    log_in(page, hosted.url, "agent")
    page.goto(f"{hosted.url}/bills?bill={meter_id}")
    expect(page.get_by_test_id("amount-due")).to_be_visible()
    expect(page.get_by_text("All bills")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_an_admin_asks_who_looked_at_a_meter_and_exported_it(page: Page, hosted: Hosted) -> None:
    meter_id = hosted.running.fleet.meters[4].meter_id
    log_in(page, hosted.url, "agent")
    page.goto(f"{hosted.url}/meter?meter={meter_id}")
    expect(page.get_by_role("heading", name="Service history")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").last).to_be_visible()
    with page.expect_download():
        page.get_by_role("button", name="Download Green Button").click()
    stack = hosted.running.fleet.stack
    question = questions()["access_log"]
    rows = ask(stack, stack.client("athena"), question.render({"customer": meter_id}), 60).rows
    looked = {(row[1], row[3], row[4]) for row in rows if row[7] == meter_id}
    assert {
        ("agent@example.com", "view", "usage"),
        ("agent@example.com", "view", "bills"),
        ("agent@example.com", "view", "customers"),
        ("agent@example.com", "export", "bills"),
    } <= looked
    page.context.clear_cookies()
    log_in(page, hosted.url, "admin")
    page.goto(f"{hosted.url}/analytics?question=access_log")
    page.get_by_label("Customer", exact=True).fill(meter_id)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text(re.compile(r"^[1-9]\d* rows? · "))).to_be_visible()


def test_without_a_login_a_sent_link_shows_nothing_but_the_login(page: Page, hosted: Hosted) -> None:
    meter_id = hosted.running.fleet.meters[2].meter_id
    page.context.add_cookies([{"name": "_streamlit_user", "value": "forged", "url": hosted.url}])
    page.goto(f"{hosted.url}/bills?bill={meter_id}")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_text("Log in to see this page.")).to_be_visible()
    expect(page.get_by_text(meter_id)).to_have_count(0)
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)


def test_a_sent_link_is_where_the_user_is_after_the_login(page: Page, hosted: Hosted) -> None:
    meter_id = hosted.running.fleet.meters[2].meter_id
    page.goto(f"{hosted.url}/meter?meter={meter_id}")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="agent", exact=True).click()
    page.wait_for_url(f"{hosted.url}/meter?meter={meter_id}")
    expect(page.get_by_text(meter_id).first).to_be_visible()
    page.goto(hosted.url)  # which is not that link any more
    page.wait_for_url(f"{hosted.url}/{ROLES['agent'].pages[0]}**")


def test_a_user_of_no_known_group_is_told_which_groups_there_are(page: Page, hosted: Hosted) -> None:
    log_in(page, hosted.url, "guest")
    expect(
        page.get_by_text(re.compile("guest@example.com is in none of the groups.*electrocloud-clerk"))
    ).to_be_visible()
    page.goto(f"{hosted.url}/live")
    expect(page.get_by_text("is in none of the groups")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_user_logs_out_here_and_at_the_provider(page: Page, hosted: Hosted) -> None:
    log_in(page, hosted.url, "clerk")
    page.get_by_text("clerk@example.com").first.click()
    page.get_by_text("Log out").first.click()
    page.get_by_role("button", name="End session").click()
    page.wait_for_url(f"{hosted.url}/**")
    page.goto(f"{hosted.url}/bills")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_session_that_has_ended_leads_to_the_login(page: Page, provider: str, tmp_path: Path) -> None:
    short = settings(provider, SESSION_HOURS=str(15 / 3600))
    with serving(tmp_path, limit_s=START_S, environment=short) as served:
        log_in(page, served.url, "clerk")
        expect(page.get_by_text("There is nothing to show yet").first).to_be_visible()
        expect(page.get_by_text("Your session has ended. Log in again.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Your session has ended. Log in again.")).to_be_visible()
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="clerk", exact=True).first.click()
        expect(page.get_by_text("There is nothing to show yet").first).to_be_visible()
