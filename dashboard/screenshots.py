"""Pictures of every page, for the README: `python -m dashboard.screenshots`, while `electrocloud up` runs."""

import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from dashboard.browser import browser, serving
from electrocloud.aws.reader import Reader
from electrocloud.aws.stack import STATE, find_stack
from electrocloud.domain.errors import ElectroCloudError

FOLDER = Path(__file__).parent.parent / "docs" / "images"
QUIET_MS = 3_000  # for the map and the charts to be drawn


class Shot(NamedTuple):
    """A picture's name, the page's path, the width and height (px) and the theme."""

    name: str
    path: str
    width: int
    height: int
    theme: str


def shots(meter_id: str, month: str) -> list[Shot]:
    """Each page wide in both themes, and on a phone."""
    paths = {
        "live": "/",
        "meter": f"/meter?meter={meter_id}",
        "bills": f"/bills?month={month}&bill={meter_id}",
        "analytics": "/analytics",
    }
    sizes = ((1440, 1000, "light", ""), (1440, 1000, "dark", "-dark"), (390, 1500, "light", "-phone"))
    return [
        Shot(f"{page}{suffix}", path, width, height, theme)
        for page, path in paths.items()
        for width, height, theme, suffix in sizes
    ]


def take(opened: Browser, url: str, shot: Shot) -> None:
    context = opened.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.theme == "dark" else "light",
        has_touch=shot.width < 600,
        is_mobile=shot.width < 600,
    )
    page = context.new_page()
    page.goto(url + shot.path)
    settle(page)
    page.screenshot(path=FOLDER / f"{shot.name}.png", full_page=True)
    context.close()


def settle(page: Page) -> None:
    """Until the page is drawn: it has content, nothing of it is a placeholder, and it has been quiet."""
    page.locator("[data-testid=stMetric], [data-testid=stAlert], [data-testid=stDataFrame]").first.wait_for(
        timeout=60_000
    )
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')", timeout=60_000
    )
    page.wait_for_timeout(QUIET_MS)


def main() -> None:
    stack = find_stack()
    reader = Reader(stack)
    meter_id = reader.meters()[0].meter_id
    month = reader.history(meter_id)[-1].month
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving(STATE) as served, browser() as opened:
        for shot in shots(meter_id, month):
            take(opened, served.url, shot)
            print(f"docs/images/{shot.name}.png")


if __name__ == "__main__":
    try:
        main()
    except (ElectroCloudError, IndexError) as fault:
        sys.exit(f"screenshots: {fault}")
