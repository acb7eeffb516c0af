"""The months behind `electrocloud up`'s fleet: each situation is in the stored data and on the dashboard's pages."""

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import Page, expect

from electrocloud.aws.stack import Stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.billing.bill import Bill
from presentation import invoice_documents as invoice
from presentation import units
from producers.fleet.fleet import typical_fleet
from producers.fleet.story import LEAST_METERS, MONTHS, NEW_CUSTOMER, RAISED_TARIFF, Story, first_day
from registry.desk import RegistryDesk
from tests.kits.laptop_kit import Laptop
from tests.kits.waiting import until
from tools.browser import browser, chromium, serving

pytestmark = [pytest.mark.deploy, pytest.mark.slow, pytest.mark.timeout(1800)]

HISTORY_S = 600  # on a busy machine
PATIENCE_MS = 60_000


class Demo:
    """A running fleet with its history: its stack, its story, and the dashboard's address."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.stack = msgspec.json.decode((laptop.state / "stack.json").read_bytes(), type=Stack)
        self.reader = Reader(self.stack)
        self.first = first_day(datetime.now(UTC).date())
        self.fleet = typical_fleet(LEAST_METERS, 1, "US")
        self.story = Story(self.fleet, self.first)

    def bills(self, meter_id: str) -> list[Bill]:
        return self.reader.history(meter_id)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    laptop = Laptop(tmp_path_factory.mktemp("demo") / "state")
    up = laptop.up("--meters", str(LEAST_METERS))
    try:
        laptop.wait_until_up(up)
        until(lambda: laptop.status()["fleet"].get("phase") == "live", "the end of the history", HISTORY_S)
        one = Demo(laptop)
        gapped = one.story.unread[0]
        month = f"{gapped.start:%Y-%m}"
        until(lambda: _final(one.reader, gapped.meter_id, month), "the closing of bills", HISTORY_S)
        misread = one.story.misread[0]
        until(lambda: any(bill.version > 1 for bill in one.bills(misread.meter_id)), "the correction", HISTORY_S)
        yield one
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)


def _final(reader: Reader, meter_id: str, month: str) -> bool:
    bill = reader.bill(meter_id, month)
    return bill is not None and bill.status == "final"


@pytest.fixture
def page(demo: Demo) -> Iterator[Page]:
    if chromium() is None:
        pytest.skip("no Chromium here")
    with browser() as opened:
        context = opened.new_context(viewport={"width": 1440, "height": 1100})
        context.set_default_timeout(PATIENCE_MS)
        window = context.new_page()
        yield window
        context.close()


@pytest.fixture(scope="module")
def url(demo: Demo) -> Iterator[str]:
    with serving(demo.laptop.state) as served:
        yield served.url


def test_every_meter_has_thirteen_whole_months_of_bills(demo: Demo) -> None:
    months = units.months_until(datetime.now(UTC).date())[1:]
    assert len(months) == MONTHS
    silent = demo.story.silence.meter_id
    for month in months:
        meters = {row.meter_id for row in demo.reader.bills_of_month(month)}
        assert len(meters - {silent}) == LEAST_METERS - 1, month


def test_most_bills_are_final_and_some_are_re_billed_estimated_and_open(demo: Demo) -> None:
    rows = [row for month in units.months_until(datetime.now(UTC).date()) for row in demo.reader.bills_of_month(month)]
    states = Counter(row.status for row in rows)
    assert states["final"] > states["provisional"] >= LEAST_METERS - 1
    assert {row.meter_id for row in rows if row.version > 1} == {span.meter_id for span in demo.story.misread}
    gapped = demo.story.unread[0].meter_id
    assert gapped in {row.meter_id for row in rows if row.estimated and row.status == "final"}


def test_a_re_billed_month_has_the_reason_and_a_lower_amount(demo: Demo) -> None:
    meter = demo.story.misread[0].meter_id
    month = f"{demo.story.misread[0].start:%Y-%m}"
    first, second = [bill for bill in demo.bills(meter) if bill.month == month]
    assert second.reason == "reading corrected"
    assert second.total_rounded < first.total_rounded


def test_a_move_has_a_bill_for_each_customer_and_an_exchange_one_for_both_meters(demo: Demo) -> None:
    moved = [bill for bill in demo.bills(demo.story.moved) if bill.month == f"{demo.story.move_day:%Y-%m}"]
    assert len({bill.account_id for bill in moved}) == 2
    assert {bill.status for bill in moved} == {"final"}
    exchange = demo.story.exchange
    (bill,) = [bill for bill in demo.bills(exchange.new_id) if bill.month == f"{exchange.at:%Y-%m}"]
    assert (bill.status, bill.intervals.missing) == ("final", 0)
    for meter_id in (exchange.meter_id, exchange.new_id):
        assert demo.reader.days(meter_id, exchange.at.date(), exchange.at.date())


def test_a_price_change_cuts_the_bills_of_its_tariff_in_two(demo: Demo) -> None:
    month = f"{demo.story.price_day:%Y-%m}"
    rows = [row for row in demo.reader.bills_of_month(month) if row.tariff_id == RAISED_TARIFF]
    assert rows
    for row in rows:
        bill = demo.reader.bill(row.agreement_id, month)
        assert bill
        assert len(bill.segments) == 2


def test_a_home_with_solar_exports_by_day_and_imports_in_the_evening(demo: Demo) -> None:
    (meter,) = [one for one in demo.fleet.meters if one.solar]
    (day,) = demo.reader.days(meter.meter_id, demo.story.price_day, demo.story.price_day)
    kwh = {direction: sum(one.wh for one in day.intervals(direction)) / 1000 for direction in ("delivered", "received")}
    assert kwh["received"] > 1
    assert kwh["delivered"] > 1


def test_an_upload_is_rejected_and_the_account_that_moved_in_is_found(demo: Demo) -> None:
    assert demo.reader.quarantined_in_all() == 1
    (found,) = RegistryDesk(demo.stack).search("whitman")
    assert (found.name, found.service_point_id) == (NEW_CUSTOMER, f"SP-{demo.story.moved}")


def test_what_the_town_s_station_observed_is_stored_with_the_weather_forecasts_for_it(demo: Demo) -> None:
    assert [*RegistryDesk(demo.stack).store.stations.load()] == ["US-Fresno"]
    answered = demo.laptop.call("query", "weather_forecast_errors", "--json")
    rows = json.loads(answered.stdout)
    assert {row["station_id"] for row in rows} == {"US-Fresno"}
    assert [row["days_ahead"] for row in rows] == list(range(9))
    assert all(row["hours"] > 24 * 24 for row in rows)


def test_the_audit_of_a_month_with_all_of_it_passes(demo: Demo) -> None:
    for when in (demo.first, demo.story.exchange.at, demo.story.move_day, demo.story.misread[1].start):
        checked = demo.laptop.call("audit", "--month", f"{when:%Y-%m}")
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_newcomer_finds_re_billed_estimated_and_open_bills(page: Page, demo: Demo, url: str) -> None:
    page.goto(f"{url}/bills?month={demo.story.misread[0].start:%Y-%m}")
    for name in ("Estimated", "Re-billed"):
        card = page.get_by_test_id("stMetric").filter(has_text=name)
        expect(card.get_by_test_id("stMetricValue")).to_have_text("1", timeout=PATIENCE_MS)
    page.goto(f"{url}/bills")
    card = page.get_by_test_id("stMetric").filter(has_text="Open")
    expect(card.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"[1-9]\d*"), timeout=PATIENCE_MS)


def test_a_newcomer_finds_both_bills_of_a_move_and_both_prices_of_a_change(page: Page, demo: Demo, url: str) -> None:
    move = f"{demo.story.move_day:%Y-%m}"
    moved = [bill for bill in demo.bills(demo.story.moved) if bill.month == move]
    assert len(moved) == 2
    for bill in moved:
        page.goto(f"{url}/bills?month={move}&bill={bill.agreement_id}")
        expect(page.get_by_text(invoice.heading(bill))).to_be_visible(timeout=PATIENCE_MS)
    raise_month = f"{demo.story.price_day:%Y-%m}"
    row = next(row for row in demo.reader.bills_of_month(raise_month) if row.tariff_id == RAISED_TARIFF)
    page.goto(f"{url}/bills?month={raise_month}&bill={row.agreement_id}")
    for days in (f"{demo.story.price_day:%b} 1-15", f"{demo.story.price_day:%b} 16-"):
        expect(page.locator("table.invoice")).to_contain_text(days, timeout=PATIENCE_MS)


def test_what_is_not_due_yet_is_not_missing_on_the_page(demo: Demo) -> None:
    for row in demo.reader.bills_of_month(f"{datetime.now(UTC):%Y-%m}"):
        if row.meter_id != demo.story.silence.meter_id and row.status == "provisional":
            assert row.not_yet_due > row.missing


def test_a_newcomer_finds_the_exchange_and_the_silent_meter(page: Page, demo: Demo, url: str) -> None:
    page.goto(f"{url}/meter?meter={demo.story.exchange.new_id}")
    expect(page.get_by_text("Service history")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(url)
    card = page.get_by_test_id("stMetric").filter(has_text="Reporting")
    shown = f"{LEAST_METERS - 1} of {LEAST_METERS}"
    expect(card.get_by_test_id("stMetricValue")).to_have_text(shown, timeout=PATIENCE_MS)
    card = page.get_by_test_id("stMetric").filter(has_text="Rejected uploads")
    expect(card.get_by_test_id("stMetricValue")).to_have_text("1", timeout=PATIENCE_MS)
