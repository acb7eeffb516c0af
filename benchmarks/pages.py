"""Measures the dashboard's pages with 10 million readings of 10,000 meters: `python -m benchmarks.pages`.

A headless Chromium opens each page: cold (a freshly started dashboard and an empty browser cache), warm (a new tab of
the same browser, the median of three), and switched to from another page. It prints the seconds to the first useful
paint, compared with an empty Streamlit page, those to the last chart and map, and the server's CPU time per page; then
the seconds of actions; then the server's memory over 200 more pages. The browser looks for what it waits for before
each frame that it draws.
"""

import argparse
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from benchmarks.filled_stack import filled_stack
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.reader import Reader
from tools.browser import browser, serving

SIZE: ViewportSize = {"width": 1440, "height": 1000}
PATIENCE_MS = 120_000
WARM = 3  # times that a page is opened warm
SEEN = """([css, text, number]) => [...document.querySelectorAll(css)].filter(
    (one) => one.textContent.match(text) && one.getClientRects().length)[number]"""


class Target(NamedTuple):
    """An element to wait for: the one of this number, from 0, that the CSS selects and whose text matches."""

    css: str
    text: str = ""
    number: int = 0


METRIC = "[data-testid=stMetric]"
TABLE = "[data-testid=stDataFrame]"
CHART = "[data-testid=stVegaLiteChart] .marks"
SUBMIT = Target("[data-testid=stFormSubmitButton]")
MAP = Target("[data-testid=stDeckGlJsonChart] canvas")
MONTH_ENDS = Target(".st-key-month_ends_list canvas")
BILL = Target(METRIC, "Latest bill")
THIRD_TABLE = Target(TABLE, number=2)
SQL = Target("[data-testid=stExpander]")
ANSWER = Target(f"{TABLE}, [data-testid=stAlert]", r"^(?!.* for \d+ s)")  # not how far the query is


class View(NamedTuple):
    """A page, its path, its first useful content, and what comes later."""

    name: str
    path: str
    useful: Target
    rest: tuple[Target, ...] = ()


class Times(NamedTuple):
    """Seconds from requesting a page to its first useful paint, and to its last content."""

    useful: float
    complete: float


def views_of(meter_id: str) -> list[View]:
    """The pages to time, for one meter where they show one."""
    return [
        View("Live", "/live", Target(METRIC, "Fleet power"), (Target(CHART), MAP)),
        View("Network", "/network", Target(METRIC, "Over 80% now"), (MAP,)),
        View(
            "Meter", f"/meter?meter={meter_id}", Target(METRIC, "Bill so far"), (Target(CHART, number=1), Target(TABLE))
        ),
        View("Customers", f"/customers?search={meter_id}", BILL, (Target(TABLE),)),
        View("Bills", "/bills", Target(METRIC, "Amount due"), (THIRD_TABLE, Target(".st-key-bills_xlsx button"))),
        View("Forecast", "/forecast", Target(METRIC, "Peak tomorrow"), (Target(CHART), MONTH_ENDS)),
        View("Studies", "/studies", SUBMIT),
        View("Exceptions", "/exceptions", Target("[data-testid=stAlert]")),
        View("Analytics", "/analytics", SUBMIT, (SQL,)),
        View("Health", "/health", Target(METRIC, "Stream"), (Target(".st-key-health_alarms canvas"),)),
    ]


def paint(window: BrowserContext, url: str, view: View) -> Times:
    """Time a page in a new tab."""
    page = window.new_page()
    times = seen(page, view, lambda: page.goto(url + view.path, wait_until="commit"))
    page.close()
    return times


def warm_paint(window: BrowserContext, url: str, view: View) -> Times:
    """The median times of a page in new tabs."""
    times = [paint(window, url, view) for _ in range(WARM)]
    return Times(*map(statistics.median, zip(*times, strict=True)))


def switched(window: BrowserContext, url: str, view: View, other: View) -> Times:
    """Time a page opened from another page."""
    page = window.new_page()
    seen(page, other, lambda: page.goto(url + other.path))
    times = seen(page, view, page.get_by_role("link", name=view.name, exact=True).click)
    page.close()
    return times


def seen(page: Page, view: View, ask: Callable[[], object]) -> Times:
    """How long a page took until it showed what the view waits for."""
    began = time.perf_counter()
    ask()
    wait_for(page, view.useful)
    useful = time.perf_counter() - began
    for target in view.rest:
        wait_for(page, target)
    return Times(useful, time.perf_counter() - began)


def wait_for(page: Page, target: Target) -> None:
    """Wait until the page shows it, looking before each frame: a locator looks every half second."""
    page.wait_for_function(SEEN, arg=list(target), polling="raf", timeout=PATIENCE_MS)


def blank(opened: Browser, folder: Path) -> tuple[float, float]:
    """Cold and warm paint of a page with a single number: Streamlit's own share."""
    app = folder / "blank.py"
    app.write_text("import streamlit as st\nst.metric('Nothing', 0)\n")
    view = View("blank", "", Target(METRIC))
    with serving(folder, ("streamlit", "run", str(app))) as served, opened.new_context(viewport=SIZE) as window:
        return paint(window, served.url, view).useful, warm_paint(window, served.url, view).useful


def report_pages(opened: Browser, state: Path, views: list[View]) -> None:
    """Time every page, and print a table."""
    cold, warm = blank(opened, state)
    print(f"{'':26}{'useful paint':>16}{'all of it':>26}{'server CPU':>24}")
    print(f"{'seconds':26}{'cold':>8}{'warm':>8}{'switched':>10}{'cold':>8}{'warm':>8}{'cold':>16}{'warm':>8}")
    print(f"{'(an empty Streamlit page)':26}{cold:8.2f}{warm:8.2f}", flush=True)
    for number, view in enumerate(views):
        with serving(state) as served, opened.new_context(viewport=SIZE) as window:
            started = cpu(served.pid)
            first = paint(window, served.url, view)
            between = cpu(served.pid)
            again = warm_paint(window, served.url, view)
            worked = f"{between - started:16.2f}{(cpu(served.pid) - between) / WARM:8.2f}"
            # Without what its address names, a meter's or customer's page has no figures.
            there = None if "?" in view.path else switched(window, served.url, view, views[number - 1])
            went = f"{there.useful:10.2f}" if there else f"{'–':>10}"
            print(f"{view.name:26}{first.useful:8.2f}{again.useful:8.2f}{went}", end="")
            print(f"{first.complete:8.2f}{again.complete:8.2f}{worked}", flush=True)


def actions(page: Page, url: str, meter_id: str, month: str) -> Iterator[tuple[str, float]]:
    """Names and seconds of user actions on drawn pages, until their result is visible."""

    def act(do: Callable[[], object], result: Target) -> float:
        page.wait_for_load_state("networkidle")
        began = time.perf_counter()
        do()
        wait_for(page, result)
        return time.perf_counter() - began

    def typed(field: str) -> Callable[[], None]:
        box = page.get_by_label(field, exact=True)
        box.fill(meter_id)
        return lambda: box.press("Enter")

    page.goto(f"{url}/live")
    wait_for(page, MAP)
    yield "Live: choose a feeder", act(choose(page), Target("span", "Click a meter to open it"))
    yield "Any page: search a customer", act(typed("Search everywhere"), BILL)
    page.goto(f"{url}/bills?month={month}")
    wait_for(page, THIRD_TABLE)
    excel = page.locator(".st-key-bills_xlsx button")
    yield "Bills: Excel of the month", act(excel.click, Target("button", "Download bills-"))
    yield "Bills: find a meter", act(typed("Meter"), Target("p", "1 bill totaling"))
    bill = f"{url}/bills?month={month}&bill={meter_id}"
    yield "Bills: open one, ready to print", act(lambda: page.goto(bill), Target("button", "Download PDF"))
    page.goto(f"{url}/forecast")
    wait_for(page, MONTH_ENDS)
    yield "Forecast: choose a feeder", act(choose(page), Target(METRIC, "Energy tomorrow.*kWh"))
    for question in ("estimated_readings", "peak_hour_of_fleet"):
        page.goto(f"{url}/analytics?question={question}")
        wait_for(page, SQL)
        run = page.get_by_role("button", name="Run")
        yield f"Analytics: {question}", act(run.click, ANSWER)


def choose(page: Page) -> Callable[[], None]:
    """Open the list at the top of a page; returns the option of its third feeder."""
    page.get_by_test_id("stSelectbox").first.locator("input").click()
    return page.get_by_role("option").nth(3).click


def report_memory(opened: Browser, state: Path, views: list[View], count: int) -> None:
    """Open `count` pages, and print the server's memory on the way."""
    with serving(state) as served, opened.new_context(viewport=SIZE) as window:
        for number in range(count):
            if number % 50 == len(views):  # each page has been opened once, and then every 50
                print(f"server after {number:,} pages: {memory(served.pid)[0]:,.0f} MB", flush=True)
            paint(window, served.url, views[number % len(views)])
        now, most = memory(served.pid)
        print(f"server after {count:,} pages: {now:,.0f} MB, at most {most:,.0f} MB")


def memory(pid: int) -> tuple[float, float]:
    """A process's current and peak memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status))
    return int(found["VmRSS"]) / 1e3, int(found["VmHWM"]) / 1e3


def cpu(pid: int) -> float:
    """The CPU seconds a process has used; they hardly depend on other load."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(state: Path, stack: Stack, pages: int) -> None:
    """Time the pages and the actions on them, and print the server's memory over `pages` more."""
    meters = Reader(stack).meters()
    meter_id = meters[len(meters) // 2].meter_id
    month = Reader(stack).history(meter_id)[-1].month
    views = views_of(meter_id)
    with browser() as opened:
        report_pages(opened, state, views)
        with serving(state) as served, opened.new_context(viewport=SIZE) as window:
            for name, seconds in actions(window.new_page(), served.url, meter_id, month):
                print(f"{name:40}{seconds:8.2f}", flush=True)
        report_memory(opened, state, views, pages)


def main() -> None:
    """Start a cloud, fill it with a fleet, and time the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=11, help="of Parquet; 96 readings a meter's day")
    parser.add_argument("--pages", type=int, default=200, help="to open while the server's memory is watched")
    arguments = parser.parse_args()
    with filled_stack(arguments.meters, arguments.days) as (state, stack):
        report(state, stack, arguments.pages)


if __name__ == "__main__":
    main()
