"""The other pages in a browser: with a fleet, without one, and without a stack."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import streamlit
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Page, expect

from analytics.pipeline_health import HealthReader
from dashboard import layout
from electrocloud.aws.backoff import pause
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.record_parts import EQUIPMENT, RecordParts
from electrocloud.aws.store.search_index import SearchIndex
from electrocloud.domain.billing.service import BillKey
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from presentation import units
from presentation.invoice_text import money
from tests.browser.conftest import PATIENCE_MS, Running
from tests.kits.waiting import until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)
PATHS = (
    "/",
    "/network",
    "/meter",
    "/customers",
    "/bills",
    "/forecast",
    "/studies",
    "/exceptions",
    "/analytics",
    "/health",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_without_data_says_what_to_do(page: Page, empty_url: str, path: str) -> None:
    page.goto(empty_url + path)
    expect(page.get_by_test_id("stHeading").first).to_be_visible()
    if path not in ("/analytics", "/customers", "/health", "/exceptions"):
        expect(page.get_by_test_id("stAlert").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("path", PATHS)
def test_each_page_has_an_address_and_a_title_of_its_own(page: Page, empty_url: str, path: str) -> None:
    page.goto(empty_url + path)
    path = "/live" if path == "/" else path
    expect(page).to_have_title(f"{path[1:].capitalize()} · ElectroCloud")
    page.wait_for_url(re.compile(rf"{path}(\?.*)?$"))


def test_a_dashboard_without_a_stack_says_how_to_start_one(page: Page, nowhere_url: str) -> None:
    page.goto(nowhere_url)
    expect(page.get_by_text("electrocloud up").first).to_be_visible()


def test_a_meter_shows_its_bill_so_far_and_its_days(page: Page, running: Running) -> None:
    meter = running.fleet.meters[1]
    bill = Reader(running.fleet.stack).history(meter.meter_id)[-1]
    page.goto(f"{running.url}/meter?meter={meter.meter_id}")
    card = page.get_by_test_id("stMetric").filter(has_text="Bill so far")
    expect(card.get_by_test_id("stMetricValue")).to_have_text(money(bill.total_rounded))
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()


def test_a_customer_is_found_by_a_part_of_the_address_and_a_sent_link_shows_the_same(
    page: Page, running: Running
) -> None:
    meter_id = running.fleet.meters[2].meter_id
    stack = running.fleet.stack
    (entry,) = SearchIndex(stack.client("s3"), stack.bucket).search(meter_id, 2)
    page.goto(f"{running.url}/customers")
    page.get_by_label("Search").fill(entry.account_id)
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_role("heading", name=entry.name)).to_be_visible()
    expect(page.get_by_text(entry.address).first).to_be_visible()
    page.wait_for_url(re.compile("search="))
    page.goto(page.url)
    expect(page.get_by_role("heading", name=entry.name)).to_be_visible()
    page.get_by_role("button", name="Open meter").click()
    page.wait_for_url(re.compile(rf"/meter\?.*{meter_id}"))


def test_the_transformers_near_their_rating_are_listed_with_their_load(page: Page, running: Running) -> None:
    fleet, stack = running.fleet, running.fleet.stack
    reader, ratings = (
        Reader(stack),
        RecordParts(stack.client("dynamodb"), stack.service_points_table, pause, EQUIPMENT).load(),
    )
    meters = reader.meters()
    feeder = fleet.meters[0].feeder
    (rating,) = (one.rating_kva for one in ratings.values() if one.equipment_id == feeder)
    newest = reader.newest_days([one.meter_id for one in meters if one.feeder == feeder])
    power_w = sum(day.latest.wh * 3600 / day.latest.seconds for day in newest.values())
    kva = power_w / 1000 / 0.95
    page.goto(f"{running.url}/network?kind=Feeders")
    row = page.get_by_role("table").last.get_by_role("row").filter(has_text=feeder)
    expect(row).to_contain_text(f"{kva / rating:.0%} · {kva:,.1f} kVA")
    expect(row).to_contain_text("40 of 40")
    expect(page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first).to_be_visible()
    page.goto(f"{running.url}/network")
    named = {one.equipment_id for one in ratings.values() if one.kind == "transformer"}
    cells = page.get_by_role("table").last.get_by_role("rowheader")
    expect(cells).to_have_count(len(named))
    assert {*cells.all_inner_texts()} == named


def test_an_unknown_meter_gets_a_message(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/meter?meter=NOBODY-1")
    expect(page.get_by_text(re.compile("NOBODY"))).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_bill_on_the_page_and_in_its_files_is_the_stored_one(page: Page, running: Running) -> None:
    meter_id = running.fleet.meters[2].meter_id
    bill = Reader(running.fleet.stack).history(meter_id)[-1]
    page.goto(f"{running.url}/bills?month={bill.month}&bill={meter_id}")
    expect(page.get_by_test_id("amount-due")).to_have_text(money(bill.total_rounded))
    rows = page.locator(".invoice tbody tr")
    expect(rows).to_have_count(len(bill.lines))
    assert [row.locator("td").last.inner_text() for row in rows.all()] == [
        money(line.amount_rounded) for line in bill.lines
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [Decimal(line["amount_rounded"]) for line in lines] == [
        *(line.amount_rounded for line in bill.lines), bill.total_rounded,
    ]  # fmt: skip
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_the_green_button_file_of_a_meter_has_its_readings(page: Page, running: Running, tmp_path: Path) -> None:
    meter_id = running.fleet.meters[2].meter_id
    page.goto(f"{running.url}/meter?meter={meter_id}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Green Button").click()
    download.value.save_as(tmp_path / "usage.xml")
    (load,) = read_load(tmp_path / "usage.xml", ReadOptions()).meters
    days = Reader(running.fleet.stack).days(meter_id, running.fleet.today - timedelta(days=30), running.fleet.today)
    assert load.meter == meter_id
    assert load.readings.wh.tolist() == [reading.wh for day in days for reading in day.intervals()]


def test_the_workbook_of_a_month_has_every_bill_and_line_to_the_cent(page: Page, running: Running) -> None:
    reader = Reader(running.fleet.stack)
    month = reader.history(running.fleet.meters[2].meter_id)[-1].month
    rows = reader.bills_of_month(month)
    page.goto(f"{running.url}/bills?month={month}")
    page.get_by_role("button", name=re.compile("^Excel of")).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(r"^Download bills-.*\.xlsx")).click()
    book = load_workbook(io.BytesIO(download.value.path().read_bytes()))
    stated = table_rows(book["Bills"])
    assert [Decimal(str(row["Amount due"])) for row in stated] == [row.total for row in rows]
    lines = table_rows(book["Lines"])
    for row in rows:
        own = [Decimal(str(line["Amount"])) for line in lines if line["Agreement"] == row.agreement_id]
        assert sum(own) == row.total
    stored = list(reader.bills(BillKey(row.agreement_id, row.cycle) for row in rows))
    assert [(line["Meter"], line["Description"], Decimal(str(line["Amount"]))) for line in lines] == [
        (bill.meter_id, line.explanation, line.amount_rounded) for _, bill in stored for line in bill.lines
    ]
    rates = [line.unit_rate * (100 if line.unit == "%" else 1) for _, bill in stored for line in bill.lines]
    assert [line["Rate per unit"] for line in lines] == pytest.approx([float(rate) for rate in rates])


def table_rows(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_the_address_is_that_of_the_bill_on_the_screen_after_a_row_and_a_month_were_chosen(
    page: Page, running: Running
) -> None:
    meter_id = running.fleet.meters[2].meter_id
    month = Reader(running.fleet.stack).history(meter_id)[-1].month
    page.goto(f"{running.url}/bills?month={month}&bill={meter_id}")
    expect(page.get_by_text(f"Meter {meter_id}").first).to_be_visible()
    page.get_by_label("Meter", exact=True).fill(running.fleet.meters[5].meter_id)
    page.get_by_label("Meter", exact=True).press("Enter")
    expect(page.get_by_text("1 bill totaling")).to_be_visible()
    rows = page.get_by_test_id("stDataFrame").nth(2)
    rows.scroll_into_view_if_needed()
    box = rows.bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 50)  # the row's checkbox, drawn on a canvas
    other = running.fleet.meters[5].meter_id
    expect(page.get_by_text(f"Meter {other}").first).to_be_visible()
    page.wait_for_url(re.compile(rf"month={month}.*bill=[\w-]*{other}|bill=[\w-]*{other}.*month={month}"))
    page.get_by_test_id("stSelectbox").first.locator("input").click()
    page.get_by_role("option").nth(3).click()
    page.wait_for_url(lambda url: f"month={month}" not in url and other in url)


def test_the_search_field_is_in_sight_and_no_number_of_a_metric_is_cut(page: Page, running: Running) -> None:
    page.set_viewport_size({"width": 1_440, "height": 900})
    page.goto(f"{running.url}/bills")
    values = page.get_by_test_id("stMetricValue")
    expect(values.first).to_be_visible()
    cut = values.evaluate_all(
        """all => all.filter(one => one.scrollWidth > one.clientWidth || [...one.querySelectorAll("*")].some(
             part => part.clientWidth && part.scrollWidth > part.clientWidth)).map(one => one.textContent)"""
    )
    assert cut == []
    page.get_by_label("Search everywhere").click(timeout=PATIENCE_MS)  # nothing lies above it


def test_tomorrow_s_peak_of_a_feeder_and_its_hour_are_found_in_three_actions(page: Page, running: Running) -> None:
    feeder, stack = running.fleet.meters[0].feeder, running.fleet.stack
    (made,) = Forecasts(stack.client("dynamodb"), stack.forecasts_table).newest(f"feeder/{feeder}")
    tomorrow = next(day for day in made.days if day.lead == 1)
    page.goto(running.url)
    page.get_by_role("link", name="Forecast").click()
    page.get_by_label("Forecast for").click()  # not the box of the page before, which may still be there
    page.get_by_role("option", name=feeder, exact=True).click()
    page.wait_for_url(re.compile(rf"/forecast\?.*load={feeder}"))
    for visit in range(2):
        if visit:
            page.goto(page.url)  # the address is the page's state
        for name, value in (
            ("Peak tomorrow", units.scaled(tomorrow.peak.value, "W")),
            ("Peak hour tomorrow", f"{tomorrow.peak.timestamp:%H:%M}"),
            ("Energy tomorrow", units.scaled(tomorrow.energy, "Wh")),
        ):
            card = page.get_by_test_id("stMetric").filter(has=page.get_by_text(name, exact=True))
            expect(card.get_by_test_id("stMetricValue")).to_have_text(value)
        expect(page.get_by_test_id("stVegaLiteChart").locator(".marks").first).to_be_visible()
        expect(page.get_by_text("Error by days ahead")).to_be_visible()


def test_a_meter_s_month_end_bill_is_found_by_its_id(page: Page, running: Running) -> None:
    meter_id = running.fleet.meters[3].meter_id
    stack = running.fleet.stack
    store = Forecasts(stack.client("dynamodb"), stack.forecasts_table)
    end = store.month_end(meter_id, f"{running.fleet.today - timedelta(days=1):%Y-%m}")
    assert end
    page.goto(f"{running.url}/forecast?meter={meter_id}")
    card = page.get_by_test_id("stMetric").filter(has_text="Month-end bill")
    expect(card.get_by_test_id("stMetricValue")).to_have_text(money(end.total.value))
    expect(card.get_by_text(f"{money(end.total.low)} to {money(end.total.high)}")).to_be_visible()


def test_the_forecast_page_reports_an_unreachable_backend_and_recovers(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/forecast")
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    running.backend.off()
    try:
        page.reload()
        page.goto(f"{running.url}/forecast?load={running.fleet.meters[0].feeder}")
        expect(page.get_by_text("cannot be reached").first).to_be_visible()
    finally:
        running.backend.on()
    expect(page.get_by_test_id("stMetric").first).to_be_visible()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_a_phone(page: Page, running: Running, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(running.url + path)
    expect(page.get_by_test_id("stHeading").first).to_be_visible()
    page.wait_for_timeout(2_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_browser_that_has_had_the_code_of_charts_is_remembered(page: Page, running: Running) -> None:
    page.goto(f"{running.url}/network")
    expect(page.get_by_test_id("stMetric").first).to_be_visible()

    def kept() -> list[str]:
        return [one["value"] for one in page.context.cookies() if one["name"] == layout.COOKIE]

    assert until(kept, "the cookie") == [streamlit.__version__]


def test_an_alarm_that_is_on_is_named_and_its_address_shows_what_to_do(page: Page, running: Running) -> None:
    running.fleet.fail_api()
    page.goto(f"{running.url}/health?alarm=ApiErrorsAlarm")
    health = HealthReader(running.fleet.stack)
    on = [one.name for one in health.alarms() if one.state == "ALARM"]
    is_on = "alarm is" if len(on) == 1 else "alarms are"
    assert "ApiErrorsAlarm" in on
    expect(page.get_by_text(f"{len(on)} {is_on} on: {', '.join(on)}. Select one below")).to_be_visible()
    expect(page.get_by_text("Fix.", exact=True).first).to_be_visible()
    windows = health.counts().windows
    card = page.get_by_test_id("stMetric").filter(has_text="meter-days")
    expect(card.get_by_test_id("stMetricValue")).to_have_text(f"{windows:,} meter-days")


def test_a_running_question_says_how_far_it_is_until_it_is_cancelled(page: Page, running: Running) -> None:
    millennia = "question=load_trend&first_day=0900-01-01&last_day=2026-11-01"
    page.goto(f"{running.url}/analytics?{millennia}")
    expect(page.get_by_text(re.compile(r"Running for \d+ s · \d+% done"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Set the parameters and press Run.")).to_be_visible()
    expect(page.get_by_text("Running for")).to_have_count(0)
    page.wait_for_url(re.compile(r"question=load_trend$"))


def test_analytics_shows_the_same_after_a_reload_from_a_link_and_back(page: Page, running: Running) -> None:
    first = running.fleet.today - timedelta(days=3)
    page.goto(f"{running.url}/analytics?question=load_duration&first_day={first}&last_day={first}")
    expect(page.get_by_test_id("stDataFrame").locator("table tbody tr").first).to_be_attached()
    page.locator('[data-test-script-state="notRunning"]').wait_for()  # a list that is open closes when the run ends
    page.get_by_role("combobox", name="Question").fill("meters are silent")  # the list draws only what is in sight
    page.get_by_role("option", name="Which meters are silent?").click()
    page.wait_for_url(re.compile(r"question=silent_meters$"))
    page.get_by_role("button", name="Run").click()
    page.wait_for_url(re.compile(r"question=silent_meters&at=[^&]*Z&margin=2"))
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.locator("table tbody tr")).to_have_count(1)
    expect(grid).to_contain_text(running.fleet.silent.meter_id)
    page.reload()
    expect(grid).to_contain_text(running.fleet.silent.meter_id)
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert running.fleet.silent.meter_id in download.value.path().read_text("utf-8-sig")
    page.go_back()
    page.go_back()
    page.wait_for_url(re.compile(rf"question=load_duration&first_day={first}"))
    expect(page.get_by_text("24 rows")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="day, First day")).to_have_text(f"{first.day:02}")
