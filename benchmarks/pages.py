"""Measures the dashboard's pages with 10 million readings of 10,000 meters: `python -m benchmarks.pages`.

Deploys the template to a separate local cloud and fills it: Parquet as the delivery writes it, one file per day, and
the windows of the last two days and their bills by the metering core. Then a headless Chromium opens each page: cold (a
freshly started dashboard and an empty browser cache), warm (a new tab of the same browser), and switched to from
another page. It prints the seconds to the first useful paint, compared with an empty Streamlit page, and the server's
CPU time per page.
"""

import argparse
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from analytics.template import ROOT, load
from electrocloud.aws.clients import S3Client
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.store import open_store
from electrocloud.domain.forecast import Forecast, ForecastDay, ForecastHour, MonthEnd, Range, Score
from electrocloud.domain.readings.upload import decode
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from laptop import cloud
from laptop.delivery import Plan
from laptop.forecasting_loop import run_once
from laptop.processes import ProcessGroup
from producers.fleet.fleet import FEEDER_METERS, Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.registration import register
from producers.sending.uploads import uploads
from registry.folder import read_tariffs
from tools.browser import browser, serving

INTERVAL_S = 900
STORED_DAYS = 2
METERS_AT_ONCE = 500
METRIC = "[data-testid=stMetric]"
SIZE: ViewportSize = {"width": 1440, "height": 1000}


class View(NamedTuple):
    """A page, its path, and a CSS selector for its first useful content."""

    name: str
    path: str
    useful: str
    complete: str


def fill(stack: Stack, fleet: Fleet, days: int) -> int:
    """Register the fleet, store its newest days and bills, and write all its days as Parquet; returns the readings."""
    documents = read_tariffs(ROOT / "tariffs")
    rules = {name: tariff_from_urdb(document) for name, document in documents.items()}
    tariff_of = {meter.meter_id: rules[meter.tariff_id] for meter in fleet.meters}
    first = datetime.now(UTC).date() - timedelta(days=days)
    register(stack, fleet.registered, fleet.place, documents, first)
    tables = open_store(stack.client("dynamodb"), stack).tables
    for number in range(0, len(fleet), METERS_AT_ONCE):
        part = fleet.part(slice(number, number + METERS_AT_ONCE))
        newest = simulate(part, first + timedelta(days=days - STORED_DAYS), STORED_DAYS, INTERVAL_S)
        sent = (decode(msgspec.json.encode(delivery.upload)) for delivery in uploads(part, newest))
        ingest_uploads(
            sent, tables, FixedServices(lambda ids: {meter_id: tariff_of[meter_id] for meter_id in ids}), time.sleep
        )
    update_forecasts(stack, fleet, 16)
    plan, s3 = Plan.of(load(), cloud.PARAMETERS), stack.client("s3")
    rows = 0
    for number in range(days):
        day = first + timedelta(days=number)
        rows += put_day(s3, stack.bucket, plan, fleet, day)
    run_once(stack, kinds=("loads",))
    return rows


def put_day(s3: S3Client, bucket: str, plan: Plan, fleet: Fleet, day: date) -> int:
    """Write a day of the fleet's readings as one Parquet file; returns how many they are."""
    table = pa.concat_tables(parquet_rows(fleet, day))
    for field in plan.schema:
        if field.name not in table.column_names:
            table = table.append_column(field.name, pa.nulls(table.num_rows, field.type))
    body = BytesIO()
    pq.write_table(table.select(plan.schema.names).cast(plan.schema), body, compression=plan.compression)
    prefix = plan.prefix.replace("!{partitionKeyFromLambda:dt}", str(day))
    s3.put_object(Bucket=bucket, Key=f"{prefix}{day}.parquet", Body=body.getvalue())
    return int(table.num_rows)


def update_forecasts(stack: Stack, fleet: Fleet, days: int) -> None:
    """Store as many forecasts as the nights would have made, for the fleet, each feeder, and each meter's month-end.

    Their values are made up, because making forecasts is not measured here.
    """
    store = Forecasts(stack.client("dynamodb"), stack.forecasts_table)
    midnight = datetime.combine(datetime.now(UTC).date(), datetime.min.time(), UTC)
    scores = tuple(Score(f"model-{number}", 0.05 + number / 100, 0.8, 60, 0.1) for number in range(6))
    for series in ("fleet", *sorted({f"feeder/{meter.feeder}" for meter in fleet.meters})):
        size = 400.0 * (len(fleet) if series == "fleet" else FEEDER_METERS)
        for start in (midnight - timedelta(days=number) for number in range(days)):
            rows = tuple(
                ForecastHour(start + timedelta(hours=hour), size, size * 0.8, size * 1.2) for hour in range(7 * 24)
            )
            by_day = tuple(
                ForecastDay(row.timestamp.date(), 24, 24 * size, row, 0.05, lead)
                for lead, row in enumerate(rows[::24], start=1)
            )
            store.put(Forecast(series, start, scores[0].model, "", 0.8, scores, rows, None, start, by_day))
    month, amount = f"{midnight:%Y-%m}", Range(Decimal(80), Decimal(70), Decimal(95))
    made_at = int(midnight.timestamp())
    store.put_month_ends(MonthEnd(meter.meter_id, month, made_at, amount, amount) for meter in fleet.meters)


def parquet_rows(fleet: Fleet, day: date) -> Iterator[pa.Table]:
    """A day of the fleet's readings as the columns of the `readings` table."""
    ids = np.array([meter.meter_id for meter in fleet.meters])
    for block in simulate(fleet, day, 1, INTERVAL_S):
        meters, columns = block.wh.shape
        start = np.tile((block.start + np.arange(columns) * INTERVAL_S) * 1000, meters)
        yield pa.table(
            {
                "meter_id": np.repeat(ids[block.meters], columns),
                "start": pa.array(start, pa.timestamp("ms")),
                "interval_s": np.full(start.size, INTERVAL_S),
                "wh": block.wh.ravel(),
                "voltage_v": block.decivolts.ravel() / 10,
                "revision": np.zeros(start.size, np.int32),
                "ingested_at": pa.array(start + (INTERVAL_S + 60) * 1000, pa.timestamp("ms")),
            }
        )


class Times(NamedTuple):
    """Seconds from requesting a page to its first useful paint, and to its last content."""

    useful: float
    complete: float


def paint(window: BrowserContext, url: str, view: View) -> Times:
    """Time a page in a new tab."""
    page = window.new_page()
    times = seen(page, view, lambda: page.goto(url + view.path, wait_until="commit"))
    page.close()
    return times


def switched(window: BrowserContext, url: str, view: View, other: View) -> Times:
    """Time a page opened from another page."""
    page = window.new_page()
    seen(page, other, lambda: page.goto(url + other.path))
    times = seen(page, view, page.get_by_role("link", name=view.name).click)
    page.close()
    return times


def seen(page: Page, view: View, ask: Callable[[], object]) -> Times:
    """How long a page took, by the browser's own clock, until it showed what the view waits for."""
    began = time.perf_counter()
    ask()
    page.locator(view.useful).first.wait_for(timeout=120_000)
    useful = time.perf_counter() - began
    page.locator(view.complete).first.wait_for(timeout=120_000)
    return Times(useful, time.perf_counter() - began)


def measured(act: Callable[[], None], seen: Callable[[], None]) -> float:
    """The s from an action until what it leads to is seen."""
    began = time.perf_counter()
    act()
    seen()
    return time.perf_counter() - began


def interactions(page: Page, url: str, meter_id: str) -> Iterator[tuple[str, float]]:
    """Names and seconds of user actions on drawn pages, until their result is visible."""
    page.goto(url)
    page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first.wait_for(timeout=60_000)
    page.get_by_test_id("stVegaLiteChart").locator(".marks").first.wait_for(timeout=60_000)
    yield "Live: choose a feeder", measured(choose(page), page.get_by_text("Click a meter to open it").wait_for)
    page.goto(f"{url}/bills")
    page.get_by_test_id("stDataFrame").nth(1).wait_for(timeout=60_000)
    box = page.get_by_role("textbox", name="Meter")
    box.fill(meter_id)
    yield "Bills: find a meter", measured(lambda: box.press("Enter"), page.get_by_text("1 bill over").wait_for)
    page.goto(f"{url}/meter")
    page.get_by_text("meters, the first").wait_for(timeout=60_000)
    box = page.get_by_role("textbox", name="Meter")
    box.fill(meter_id)
    bill = page.get_by_text("Bill so far")
    yield "Meter: open one by its id", measured(lambda: box.press("Enter"), lambda: bill.wait_for(timeout=60_000))
    page.goto(f"{url}/forecast")
    page.get_by_text("Select one to see its forecast").wait_for(timeout=60_000)
    energy = page.locator(METRIC, has_text="Energy tomorrow").get_by_text("kWh")
    yield "Forecast: choose a feeder", measured(choose(page), energy.wait_for)
    page.goto(f"{url}/analytics?question=peak_hour_of_fleet")
    run, table = page.get_by_role("button", name="Run"), page.get_by_test_id("stDataFrame")
    run.wait_for(timeout=60_000)
    page.get_by_test_id("stExpander").first.wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle")
    began = time.perf_counter()
    yield "Analytics: run, until it says so", measured(run.click, page.get_by_text("Running on Athena").wait_for)
    table.wait_for(timeout=120_000)
    yield "Analytics: Athena's answer of 10 days", time.perf_counter() - began


def choose(page: Page) -> Callable[[], None]:
    """Open the list at the top of a page; returns the option of its third feeder."""
    page.get_by_test_id("stSelectbox").first.locator("input").click()
    return page.get_by_role("option").nth(3).click


def memory(pid: int) -> tuple[float, float]:
    """A process's current and peak memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status))
    return int(found["VmRSS"]) / 1e3, int(found["VmHWM"]) / 1e3


def blank(opened: Browser, folder: Path) -> tuple[float, float]:
    """Cold and warm paint of a page with a single number: Streamlit's own share."""
    app = folder / "blank.py"
    app.write_text("import streamlit as st\nst.metric('Nothing', 0)\n")
    view = View("blank", "", METRIC, METRIC)
    with serving(folder, ("streamlit", "run", str(app))) as served, opened.new_context(viewport=SIZE) as window:
        return paint(window, served.url, view).useful, paint(window, served.url, view).useful


def views_of(meter_id: str) -> list[View]:
    """The pages to time, for one meter where they show one."""
    table, chart = "[data-testid=stDataFrame]", "[data-testid=stVegaLiteChart] .marks"
    return [
        View("Live", "/", f"{METRIC}:has-text('Fleet power')", chart),
        View("Meter", f"/meter?meter={meter_id}", f"{METRIC}:has-text('Bill so far')", chart),
        View("Bills", "/bills", f"{METRIC}:has-text('Amount due')", table),
        View("Forecast", "/forecast", f"{METRIC}:has-text('Peak tomorrow')", chart),
        View("Analytics", "/analytics", "[data-testid=stFormSubmitButton]", "[data-testid=stExpander]"),
    ]


def report(opened: Browser, state: Path, stack: Stack) -> None:
    """Time every page, and print a table."""
    meters = Reader(stack).meters()
    meter_id = meters[len(meters) // 2].meter_id
    views = views_of(meter_id)
    cold, warm = blank(opened, state)
    print(f"{'':26}{'useful paint':>16}{'all of it':>26}{'server CPU':>24}")
    print(f"{'seconds':26}{'cold':>8}{'warm':>8}{'switched':>10}{'cold':>8}{'warm':>8}{'cold':>16}{'warm':>8}")
    print(f"{'(an empty Streamlit page)':26}{cold:8.2f}{warm:8.2f}")
    for number, view in enumerate(views):
        with serving(state) as served, opened.new_context(viewport=SIZE) as window:
            started = cpu(served.pid)
            first = paint(window, served.url, view)
            between = cpu(served.pid)
            again = paint(window, served.url, view)
            worked = f"{between - started:16.2f}{cpu(served.pid) - between:8.2f}"
            # A meter's page without its id in the address has no figures.
            there = None if view.name == "Meter" else switched(window, served.url, view, views[number - 1])
            went = f"{there.useful:10.2f}" if there else f"{'–':>10}"
            print(f"{view.name:26}{first.useful:8.2f}{again.useful:8.2f}{went}", end="")
            print(f"{first.complete:8.2f}{again.complete:8.2f}{worked}", flush=True)
    with serving(state) as served, opened.new_context(viewport=SIZE) as window:
        page = window.new_page()
        for name, seconds in interactions(page, served.url, meter_id):
            print(f"{name:40}{seconds:8.2f}", flush=True)
        before, _ = memory(served.pid)
        for _ in range(10):
            for view in views:
                paint(window, served.url, view)
        now, most = memory(served.pid)
        pages = 10 * len(views)
        print(f"server before {pages} more pages {before:,.0f} MB, after them {now:,.0f} MB, at most {most:,.0f} MB")


def cpu(pid: int) -> float:
    """The CPU seconds a process has used; they hardly depend on other load."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Start a cloud, fill it with a fleet, and time the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=11, help="of Parquet; 96 readings a meter's day")
    arguments = parser.parse_args()
    state = Path(tempfile.mkdtemp(prefix="pages-"))
    children = ProcessGroup(state / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), state)
        cloud.build(children)
        cloud.wait_until_up(local, children)
        stack = cloud.laptop_stack(cloud.deploy(children, local), local, "http://127.0.0.1:1")
        (state / "stack.json").write_bytes(msgspec.json.encode(stack))
        began = time.perf_counter()
        rows = fill(stack, make_fleet(arguments.meters, seed=1), arguments.days)
        print(f"{rows:,} readings of {arguments.meters:,} meters, filled in {time.perf_counter() - began:.0f} s")
        with browser() as opened:
            report(opened, state, stack)
    finally:
        children.stop()
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    main()
