"""Every page by the rules of WCAG 2.1 A and AA, at both widths and in both themes; layout shift, and the keyboard."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from electrocloud.aws.store.reader import Reader
from tests.browser.conftest import PATIENCE_MS, Running

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "rules": {"heading-order": {"enabled": True}},
}
SIZES = {"desktop": {"width": 1440, "height": 1100}, "phone": {"width": 390, "height": 844}}
SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => list.getEntries().forEach(one => {
    window.shifted += one.hadRecentInput ? 0 : one.value;
})).observe({type: 'layout-shift', buffered: true});"""
MOST_SHIFT = 0.1  # "good" by Core Web Vitals
LOADS = 3  # on a busy machine a style sheet may come late; the best one counts
QUIET_MS = 2_000
# A control of each page that is reached with the Tab key: its role and name.
CONTROLS = {
    "live": ("combobox", "Feeder"),
    "network": ("region", "Transformers"),
    "meter": ("textbox", "Meter"),
    "customers": ("textbox", "Search"),
    "bills": ("combobox", "Month"),
    "forecast": ("combobox", "Forecast for"),
    "exceptions": ("combobox", "Arrived"),
    "studies": ("link", "Studies"),
    "analytics": ("button", "Run"),
    "health": ("link", "Health"),
}


def address(running: Running, name: str) -> str:
    """The page with something on it."""
    meter_id = running.fleet.meters[2].meter_id
    shown = {
        "meter": f"meter={meter_id}",
        "customers": f"search={meter_id}",
        "health": "alarm=ApiErrorsAlarm",
    }
    if name == "bills":
        shown[name] = f"month={Reader(running.fleet.stack).history(meter_id)[-1].month}&bill={meter_id}"
    return f"{running.url}/{name}?{shown.get(name, '')}"


def drawn(page: Page, url: str) -> None:
    """Open a page, and wait until all of it is drawn."""
    page.goto(url)
    expect(page.get_by_test_id("stHeading").first).to_be_visible()
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')")
    page.wait_for_timeout(QUIET_MS)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')")


@pytest.mark.parametrize("name", CONTROLS)
def test_a_page_breaks_no_rule_of_wcag_in_light_and_dark_on_a_desktop_and_a_phone(
    page: Page, running: Running, name: str
) -> None:
    if name == "health":
        running.fleet.fail_api()
        running.fleet.fail_delivery()
    for size in SIZES.values():
        page.set_viewport_size(size)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            drawn(page, address(running, name))
            found = Axe().run(page, options=RULES)
            assert not found.violations_count, f"{size['width']} px, {theme}: {found.generate_report()}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sql_of_a_question_breaks_no_rule_of_wcag(
    page: Page, running: Running, theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    drawn(page, address(running, "analytics"))
    page.get_by_text("SQL for the Athena console").click()
    expect(page.get_by_text("SELECT", exact=True).first).to_be_visible()
    found = Axe().run(page, options=RULES)
    assert not found.violations_count, found.generate_report()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CONTROLS)
def test_what_a_page_has_drawn_stays_where_it_is(opened: Browser, running: Running, name: str, size: str) -> None:
    shifts = []
    for _ in range(LOADS):
        with opened.new_context(viewport=SIZES[size]) as context:
            context.set_default_timeout(PATIENCE_MS)
            context.add_init_script(SHIFTS)
            page = context.new_page()
            drawn(page, address(running, name))
            shifts.append(page.evaluate("window.shifted"))
        if shifts[-1] <= MOST_SHIFT:
            return
    pytest.fail(f"{name} shifts by {min(shifts):.3f}")


@pytest.mark.parametrize(("name", "control"), CONTROLS.items())
def test_the_controls_of_a_page_are_reached_with_the_tab_key(
    page: Page, running: Running, name: str, control: tuple[str, str]
) -> None:
    role, label = control
    drawn(page, address(running, name))
    wanted = page.get_by_role(role, name=label, exact=True).last  # type: ignore[arg-type]  # a role's name
    expect(wanted).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    pytest.fail(f"60 times Tab do not reach the {role} {label}")
