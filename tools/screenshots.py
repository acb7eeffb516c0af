"""Takes screenshots of every page while `electrocloud up` runs: `python -m tools.screenshots`.

Those of the README go to docs/images, all others to build/screenshots.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from electrocloud.aws.stack import STATE, find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import ElectroCloudError
from tools.browser import browser, serving

ROOT = Path(__file__).parent.parent
IN_README = ("live", "bills", "meter", "forecast")
QUIET_MS = 3_000  # time for the map and the charts to be drawn


class Shot(NamedTuple):
    """A screenshot's name, the page's path, the viewport's width and height (px), and whether the theme is dark."""

    name: str
    path: str
    width: int
    height: int
    dark: bool

    @property
    def file(self) -> str:
        """Its file, from the project's root."""
        return f"{'docs/images' if self.name in IN_README else 'build/screenshots'}/{self.name}.png"


def shots(meter_id: str, month: str) -> list[Shot]:
    """Each page on a desktop in both themes, and on a phone."""
    pages = {
        "live": ("/live", 920),
        "network": ("/network", 1_150),
        "customers": ("/customers?search=US-000001&point=SP-US-000001", 1_150),
        "meter": (f"/meter?meter={meter_id}", 1_500),
        "bills": (f"/bills?month={month}&bill={meter_id}", 1_500),
        "forecast": ("/forecast", 1_300),
        "health": ("/health", 1_150),
        "exceptions": ("/exceptions", 920),
        "analytics": ("/analytics?question=peak_hour_of_fleet", 1_150),
    }
    return [
        shot
        for page, (path, height) in pages.items()
        for shot in (
            Shot(page, path, 1_440, height, dark=False),
            Shot(f"{page}-dark", path, 1_440, height, dark=True),
            Shot(f"{page}-phone", path, 390, 1_500, dark=False),
        )
    ]


def take(opened: Browser, url: str, shot: Shot) -> None:
    """Take one picture."""
    context = opened.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.dark else "light",
        has_touch=shot.width < 600,
        is_mobile=shot.width < 600,
    )
    page = context.new_page()
    page.goto(url + shot.path)
    wait_until_drawn(page)
    run = page.get_by_role("button", name="Run")
    if run.count():
        run.click()
        page.get_by_test_id("stDataFrame").wait_for(timeout=60_000)
        wait_until_drawn(page)
    page.screenshot(path=ROOT / shot.file)
    context.close()


def wait_until_drawn(page: Page) -> None:
    """Wait until the page has content and no placeholders, and has had time to draw it."""
    page.locator("[data-testid=stMetric], [data-testid=stForm], [data-testid=stDataFrame]").first.wait_for(
        timeout=60_000
    )
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')", timeout=60_000
    )
    page.wait_for_timeout(QUIET_MS)


def main() -> None:
    """Take every picture of the dashboard that runs."""
    stack = find_stack()
    reader = Reader(stack)
    meters = reader.meters()
    # A time-of-use tariff shows the most.
    meter_id = next((meter for meter in meters if meter.tariff_id == "residential-tou"), meters[0]).meter_id
    month = reader.history(meter_id)[-1].month
    with serving(STATE) as served, browser() as opened:
        for shot in shots(meter_id, month):
            take(opened, served.url, shot)
            print(shot.file)


if __name__ == "__main__":
    try:
        main()
    except (ElectroCloudError, IndexError) as fault:
        sys.exit(f"screenshots: {fault}")
