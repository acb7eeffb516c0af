"""The Live page in a browser."""

import contextlib
import math
import re
from datetime import UTC, datetime, time

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from dashboard.fleet import fleet_of
from dashboard.live import fleet_map
from electrocloud.aws.store.reader import Reader
from producers.fleet.fleet import Meter
from tests.browser.backend import HOSTILE, METERS
from tests.browser.conftest import PATIENCE_MS, Running

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)


def metric(page: Page, label: str) -> Locator:
    card = page.get_by_test_id("stMetric").filter(has_text=label)
    return card.get_by_test_id("stMetricValue")


def test_the_live_page_shows_the_fleet_its_day_and_its_map(page: Page, running: Running) -> None:
    page.goto(running.url)
    expect(metric(page, "Fleet power")).to_have_text(re.compile(r"^[\d.]+ kW$"))
    expect(page.get_by_text(f"{METERS} meters on 2 feeders")).to_be_visible()
    expect(page.get_by_text("Europe/Berlin").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"Now .* a week before"))).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator(".marks").first).to_be_visible()
    expect(page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first).to_be_visible()


def test_a_silent_meter_is_counted_and_opens_from_the_list(page: Page, running: Running) -> None:
    page.goto(running.url)
    expect(metric(page, "Reporting")).to_have_text(f"{METERS - 1} of {METERS}")
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 50)  # the first row's checkbox, drawn on a canvas
    page.wait_for_url(re.compile(rf"/meter\?meter={running.fleet.silent.meter_id}"))


def test_a_click_on_the_map_opens_the_meter_and_going_back_stays_on_the_map(page: Page, running: Running) -> None:
    page.goto(running.url)
    canvas = page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    meter = running.fleet.meters[20]
    east, south = on_the_map(running, meter)
    click_until_it_leads_to_the_meter(page, east, south)
    assert page.url.endswith(f"/meter?meter={meter.meter_id}")
    page.go_back()
    expect(metric(page, "Fleet power")).to_be_visible()
    page.wait_for_timeout(6_000)  # a refresh of the map
    assert "/meter" not in page.url


def test_a_click_on_another_page_s_link_right_after_opening_is_not_undone(page: Page, running: Running) -> None:
    for _ in range(8):
        page.goto("about:blank")
        page.goto(running.url)
        page.get_by_role("link", name="Health").click()
        expect(page.get_by_role("heading", name="Health", exact=True)).to_be_visible()


def click_until_it_leads_to_the_meter(page: Page, east: float, south: float) -> None:
    """Click at a point of the map, px from its center; a map that the browser has not drawn yet does not take it."""
    opened = re.compile(r"/meter")
    for _ in range(int(PATIENCE_MS / 5_000)):
        box = page.get_by_test_id("stDeckGlJsonChart").bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2 + east, box["y"] + box["height"] / 2 + south)
        with contextlib.suppress(PlaywrightTimeoutError):
            page.wait_for_url(opened, timeout=5_000)
            break
    page.wait_for_url(re.compile(r"/meter\?meter="))


def on_the_map(running: Running, meter: Meter) -> tuple[float, float]:
    """Where a meter is drawn, in px east and south of the map's center (Web Mercator)."""
    reader = Reader(running.fleet.stack)
    registered = reader.meters()
    fleet = fleet_of(registered, reader.newest_days([one.meter_id for one in registered]))
    assert fleet
    view = fleet_map.deck(fleet, None, fleet_map.LIGHT).initial_view_state
    size = 512 * 2**view.zoom
    north = [math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) for lat in (meter.lat, view.latitude)]
    return (meter.lon - view.longitude) * size / 360, (north[1] - north[0]) * size / (2 * math.pi)


def test_a_new_reading_changes_the_fleet_s_power_on_screen(page: Page, running: Running) -> None:
    page.goto(running.url)
    value = metric(page, "Fleet power")
    expect(value).to_have_text(re.compile("kW"))
    before = float(value.inner_text().split()[0])
    midnight = datetime.combine(running.fleet.today, time(), UTC)
    running.fleet.send(running.fleet.meters[0].meter_id, midnight, 200_000)  # 800 kW
    page.wait_for_function(
        """before => [...document.querySelectorAll('[data-testid=stMetric]')].some(card =>
            card.innerText.includes('Fleet power')
            && parseFloat(card.innerText.match(/([\\d.]+) kW/)?.[1]) > before + 700)""",
        arg=before,
    )


def test_the_map_keeps_its_zoom_when_the_page_refreshes(page: Page, running: Running) -> None:
    page.goto(running.url)
    chart = page.get_by_test_id("stDeckGlJsonChart")
    canvas = chart.locator("canvas").first
    expect(canvas).to_be_visible()
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(3_000)
    at_first = chart.screenshot()
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -400)
    page.mouse.move(5, 5)
    page.wait_for_timeout(3_000)
    zoomed = chart.screenshot()
    page.wait_for_timeout(6_500)  # a refresh of the map and more
    assert zoomed != at_first
    assert chart.screenshot() == zoomed


def test_a_feeder_s_name_with_markup_is_shown_as_text(page: Page, running: Running) -> None:
    page.goto(running.url)
    expect(metric(page, "Fleet power")).to_be_visible()
    page.get_by_test_id("stSelectbox").locator("input").click()
    page.get_by_role("option", name=HOSTILE).click()
    expect(page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first).to_be_visible()
    page.goto(f"{running.url}/meter?meter={running.fleet.silent.meter_id}")
    expect(page.get_by_text("onerror=").first).to_be_visible()
    assert page.locator("img[onerror]").count() == 0
    assert page.title() != "taken"


def test_the_page_reports_an_unreachable_backend_and_recovers(page: Page, running: Running) -> None:
    page.goto(running.url)
    expect(metric(page, "Fleet power")).to_be_visible()
    running.backend.off()
    try:
        expect(page.get_by_text("cannot be reached").first).to_be_visible()
        assert page.get_by_test_id("stException").count() == 0
    finally:
        running.backend.on()
    expect(metric(page, "Fleet power")).to_be_visible()
    expect(page.get_by_text("cannot be reached")).to_have_count(0)
