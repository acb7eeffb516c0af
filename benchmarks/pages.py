"""How fast the dashboard's pages are on 10 million readings of 10,000 meters: `python -m benchmarks.pages`.

Deploys the template to a laptop's cloud of its own and fills it: Parquet as the delivery writes it, a file a day; the
windows of the last two days and their bills by the metering core. Then a headless Chromium opens each page: cold, on a
dashboard that has just started, with an empty browser cache; and warm, in a new window on the same dashboard. Printed
are the seconds to the first useful paint, that of an empty Streamlit page beside them, and what the server needed.
"""

import argparse
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser, Page

from dashboard.browser import browser, serving
from electrocloud.aws.reader import Reader
from electrocloud.aws.stack import Stack
from electrocloud.aws.tables import DynamoTables
from electrocloud.domain.metering import take_in
from electrocloud.domain.upload import decode
from electrocloud.domain.urdb import tariff_from_urdb
from firehose.delivery import Plan
from local import cloud
from local.template import ROOT, load
from producers.fleet import Fleet, make_fleet
from producers.registration import read_tariffs, register
from producers.simulate import simulate
from producers.uploads import uploads

INTERVAL_S = 900
STORED_DAYS = 2
METERS_AT_ONCE = 500


class View(NamedTuple):
    """A page, its path, and what is on it when it is of use, in CSS."""

    name: str
    path: str
    useful: str
    complete: str


def fill(stack: Stack, fleet: Fleet, days: int) -> int:
    """Register the fleet, store its newest days and bills, and write all its days as Parquet; returns the readings."""
    documents = read_tariffs(ROOT / "tariffs")
    register(stack, fleet.meters, documents)
    rules = {name: tariff_from_urdb(document) for name, document in documents.items()}
    tariff_of = {meter.meter_id: rules[meter.tariff_id] for meter in fleet.meters}
    first = datetime.now(UTC).date() - timedelta(days=days)
    tables = DynamoTables(stack.client("dynamodb"), stack.windows_table, stack.bills_table, time.sleep)
    for number in range(0, len(fleet), METERS_AT_ONCE):
        part = fleet.part(slice(number, number + METERS_AT_ONCE))
        newest = simulate(part, first + timedelta(days=days - STORED_DAYS), STORED_DAYS, INTERVAL_S)
        sent = (decode(msgspec.json.encode(delivery.upload)) for delivery in uploads(part, newest))
        take_in(sent, tables, lambda ids: {meter_id: tariff_of[meter_id] for meter_id in ids}, time.sleep)
    plan, s3 = Plan.of(load(), cloud.PARAMETERS), stack.client("s3")
    rows = 0
    for number in range(days):
        day = first + timedelta(days=number)
        table = pa.concat_tables(parquet_rows(fleet, day)).cast(plan.schema)
        body = BytesIO()
        pq.write_table(table, body, compression=plan.compression)
        prefix = plan.prefix.replace("!{partitionKeyFromLambda:dt}", str(day))
        s3.put_object(Bucket=stack.bucket, Key=f"{prefix}{day}.parquet", Body=body.getvalue())
        rows += table.num_rows
    return rows


def parquet_rows(fleet: Fleet, day: date) -> Iterator[pa.Table]:
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


def paint(opened: Browser, url: str, view: View) -> tuple[float, float]:
    """Seconds from asking for the page to its first useful paint, and to the last of what is on it."""
    context = opened.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url + view.path, wait_until="commit")
    page.locator(view.useful).first.wait_for(timeout=120_000)
    useful = time.perf_counter() - began
    page.locator(view.complete).first.wait_for(timeout=120_000)
    complete = time.perf_counter() - began
    context.close()
    return useful, complete


def measured(act: Callable[[], None], seen: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    seen()
    return time.perf_counter() - began


def interactions(page: Page, url: str, meter_id: str) -> Iterator[tuple[str, float]]:
    """Name and seconds of what people do on pages that are drawn."""
    page.goto(url)
    page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first.wait_for(timeout=60_000)
    page.get_by_test_id("stSelectbox").locator("input").click()
    option = page.get_by_role("option").nth(3)
    yield "Live: choose a feeder", measured(option.click, page.get_by_text("Click a meter to open it").wait_for)
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
    page.goto(f"{url}/analytics?question=peak_hour_of_fleet")
    ask, table = page.get_by_role("button", name="Ask"), page.get_by_test_id("stDataFrame")
    ask.wait_for(timeout=60_000)
    yield "Analytics: a month's peak hours", measured(ask.click, lambda: table.wait_for(timeout=60_000))


def memory(pid: int) -> tuple[float, float]:
    """What a process holds in memory now and held at most, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status))
    return int(found["VmRSS"]) / 1e3, int(found["VmHWM"]) / 1e3


def blank(opened: Browser, folder: Path) -> tuple[float, float]:
    """The cold and the warm paint of a page with one number on it: Streamlit's own share."""
    app = folder / "blank.py"
    app.write_text("import streamlit as st\nst.metric('Nothing', 0)\n")
    metric = View("blank", "", "[data-testid=stMetric]", "[data-testid=stMetric]")
    with serving(folder, ("streamlit", "run", str(app))) as served:
        return paint(opened, served.url, metric)[0], paint(opened, served.url, metric)[0]


def report(opened: Browser, state: Path, stack: Stack) -> None:
    meters = Reader(stack).meters()
    meter_id = meters[len(meters) // 2].meter_id
    metric, table = "[data-testid=stMetric]", "[data-testid=stDataFrame]"
    views = (
        View("Live", "/", f"{metric}:has-text('Fleet power')", "[data-testid=stVegaLiteChart] .marks"),
        View(
            "Meter",
            f"/meter?meter={meter_id}",
            f"{metric}:has-text('Bill so far')",
            "[data-testid=stVegaLiteChart] .marks",
        ),
        View("Bills", "/bills", f"{metric}:has-text('Owed')", table),
        View("Analytics", "/analytics", "[data-testid=stFormSubmitButton]", "[data-testid=stExpander]"),
    )
    cold, warm = blank(opened, state)
    print(f"{'':28}{'useful paint':>16}{'all of it':>20}{'server CPU':>20}")
    print(f"{'seconds':28}{'cold':>8}{'warm':>8}{'cold':>12}{'warm':>8}{'cold':>12}{'warm':>8}")
    print(f"{'(an empty Streamlit page)':28}{cold:8.2f}{warm:8.2f}")
    for view in views:
        with serving(state) as served:
            started = cpu(served.pid)
            first, first_all = paint(opened, served.url, view)
            between = cpu(served.pid)
            again, again_all = paint(opened, served.url, view)
            worked = f"{between - started:12.2f}{cpu(served.pid) - between:8.2f}"
            print(f"{view.name:28}{first:8.2f}{again:8.2f}{first_all:12.2f}{again_all:8.2f}{worked}")
    with serving(state) as served:
        page = opened.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        for name, seconds in interactions(page, served.url, meter_id):
            print(f"{name:28}{seconds:8.2f}")
        for _ in range(10):
            for view in views:
                paint(opened, served.url, view)
        now, most = memory(served.pid)
        print(f"server after 40 more pages: {now:,.0f} MB, at most {most:,.0f} MB")


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has had: they hardly depend on what else the machine does."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=11, help="of Parquet; 96 readings a meter's day")
    arguments = parser.parse_args()
    state = Path(tempfile.mkdtemp(prefix="pages-"))
    children = cloud.Children(state / "logs")
    try:
        endpoint = cloud.start_cloud(children, cloud.free_port())
        cloud.build()
        cloud.wait_for(lambda: cloud.answers(f"{endpoint}/_ministack/health"), "the laptop's cloud", children)
        stack = cloud.laptop_stack(cloud.deploy(endpoint), endpoint, "http://127.0.0.1:1")
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
