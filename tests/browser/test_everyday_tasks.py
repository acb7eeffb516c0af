"""Everyday questions of a utility's people: answered on the dashboard in at most three actions, as the source has it.

An action opens a page, types into a field and confirms, chooses, or clicks. `Actions` counts them.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect

from electrocloud.aws.backoff import pause
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.record_parts import EQUIPMENT, RecordParts
from electrocloud.aws.store.search_index import SearchIndex
from presentation.invoice_text import money, period
from tests.browser.backend import ALARM_ON
from tests.browser.conftest import PATIENCE_MS, Running

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)
MOST_ACTIONS = 3
ESTIMATES = 8


class Actions:
    """Does actions, and fails at one more than MOST_ACTIONS."""

    def __init__(self) -> None:
        self._done = 0

    def __call__(self, act: Callable[[], object]) -> None:
        self._done += 1
        assert self._done <= MOST_ACTIONS, "the answer takes too many actions"
        act()


def open_row(grid: Locator, row: int) -> Callable[[], None]:
    """Select a row of Streamlit's data table by its checkbox, which is drawn on a canvas."""

    def click() -> None:
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        assert box
        grid.page.mouse.click(box["x"] + 15, box["y"] + 50 + 35 * row)

    return click


def typed(field: Locator, text: str) -> Callable[[], None]:
    def enter() -> None:
        field.fill(text)
        field.press("Enter")

    return enter


def cells(grid: Locator) -> list[list[str]]:
    """The rows of a data table, as a screen reader has them."""
    rows = grid.locator("table tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_text_contents()] for row in rows.all()]


def test_which_meters_are_silent_now(page: Page, running: Running) -> None:
    reader = Reader(running.fleet.stack)
    registered = reader.meters()
    newest = reader.newest_days([one.meter_id for one in registered])
    ends = {meter_id: day.latest.start + day.latest.seconds for meter_id, day in newest.items()}
    silent = {one.meter_id for one in registered if max(ends.values()) - ends[one.meter_id] > one.allowed_silence_s}
    act = Actions()
    act(lambda: page.goto(running.url))
    expect(page.get_by_text(f"{len(silent)} of {len(registered)} meters are more than")).to_be_visible()
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.locator("table tbody tr")).to_have_count(len(silent))
    assert silent
    assert {row[0] for row in cells(grid)} == silent


def test_why_a_customer_s_bill_is_higher_or_lower_than_the_month_before(page: Page, running: Running) -> None:
    meter, fleet = running.fleet.meters[4], running.fleet
    first = (fleet.today.replace(day=1) - timedelta(days=40)).replace(day=1)
    fleet.send_days(4, first, (fleet.today.replace(day=1) - first).days + 1)
    reader = Reader(fleet.stack)
    before, after = [
        bill for bill in reader.history(meter.meter_id) if bill.month and bill.month < f"{fleet.today:%Y-%m}"
    ][-2:]
    (entry,) = SearchIndex(fleet.stack.client("s3"), fleet.stack.bucket).search(meter.meter_id, 2)
    act = Actions()
    act(lambda: page.goto(running.url))
    act(typed(page.get_by_label("Search everywhere"), str(entry.account_id)))
    change = after.total_rounded - before.total_rounded
    said = page.get_by_test_id("stAlert")
    expect(said).to_contain_text(f"{period(after)}: {money(abs(change))}")
    expect(said).to_contain_text(f"{'more' if change > 0 else 'less'} than in {period(before)}")
    for bill in (before, after):
        expect(said).to_contain_text(f"{bill.energy_kwh / bill.days:,.1f} kWh")
    page.wait_for_url(re.compile("/customers.*search="))
    months = page.get_by_role("region", name="Bills side by side")
    titles = months.get_by_role("columnheader").all_text_contents()
    (total,) = months.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Total", exact=True)).all()
    totals = dict(zip(titles[1:], total.get_by_role("cell").all_text_contents(), strict=True))
    for bill in (before, after):
        assert totals[period(bill)] == money(bill.total_rounded)


def test_which_transformer_is_near_its_rating(page: Page, running: Running) -> None:
    stack = running.fleet.stack
    store = RecordParts(stack.client("dynamodb"), stack.service_points_table, pause, EQUIPMENT)
    rating = next(one for one in store.load().values() if one.kind == "transformer")
    store.put([msgspec.structs.replace(rating, rating_kva=rating.rating_kva / 1000)])
    try:
        act = Actions()
        act(lambda: page.goto(f"{running.url}/network"))
        near = page.get_by_role("region", name="Over 80% of the rating")
        # Others may be near theirs on a cold day; the nearest is first.
        expect(near.get_by_role("rowheader").first).to_have_text(rating.equipment_id, timeout=2 * PATIENCE_MS)
    finally:
        store.put([rating])


def test_how_many_readings_were_estimated_by_month_and_reason(page: Page, running: Running) -> None:
    fleet = running.fleet
    day = fleet.today - timedelta(days=3)
    fleet.send_estimates(fleet.meters[6].meter_id, datetime.combine(day, time(2), UTC), ESTIMATES)
    act = Actions()
    act(lambda: page.goto(f"{running.url}/analytics?question=estimated_readings"))
    act(page.get_by_role("button", name="Run").click)
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.locator("table tbody tr").first).to_be_attached()
    assert [f"{day:%Y-%m}", "estimated by the sender", "1", str(ESTIMATES)] in cells(grid)


def test_whether_the_pipeline_is_healthy_which_alarm_is_on_and_what_it_means(page: Page, running: Running) -> None:
    running.fleet.fail_api()
    act = Actions()
    act(lambda: page.goto(f"{running.url}/health"))
    expect(page.get_by_text(ALARM_ON)).to_be_visible()
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.locator("table tbody tr").first).to_be_attached()
    on = [row[1] for row in cells(grid)].index("ApiErrorsAlarm")
    act(open_row(grid, on))
    page.wait_for_url(re.compile("alarm=ApiErrorsAlarm"))
    expect(page.get_by_role("heading", name="ApiErrorsAlarm")).to_be_visible()
    expect(page.get_by_text("Fix.", exact=True).first).to_be_visible()


def test_who_looked_at_a_customer(page: Page, running: Running) -> None:
    meter = running.fleet.meters[2]
    stack = running.fleet.stack
    (entry,) = SearchIndex(stack.client("s3"), stack.bucket).search(meter.meter_id, 2)
    act = Actions()
    act(lambda: page.goto(f"{running.url}/customers?search={entry.account_id}"))
    act(page.get_by_role("button", name="Who looked at this customer?").click)
    table = page.get_by_role("region", name="Access")
    expect(table.get_by_role("row").nth(1)).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"))
    expect(table.get_by_role("row").nth(1)).to_contain_text("view")
