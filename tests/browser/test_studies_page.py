"""Which customers would save on another tariff: found on the Studies page, and checked against the engine's bills."""

import csv
import io
import json
import random
import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from playwright.sync_api import Page, expect

from analytics.template import ROOT, load
from electrocloud.aws.stack import Stack
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.local_time import DAY_S, day_of, midnight_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import always
from laptop.cloud import PARAMETERS
from laptop.delivery import Delivery, Plan
from presentation.money_text import money
from tests.browser.conftest import PATIENCE_MS, Running
from tests.kits.examples import upload_json

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)
OTHER = "residential-tou"


def test_who_would_save_on_another_tariff_is_found_in_two_actions(page: Page, running: Running) -> None:
    month = (running.fleet.today.replace(day=1) - timedelta(days=1)).replace(day=1)
    customers = running.fleet.meters[:3]
    loads = {one.meter_id: a_month(month, one.registered.timezone, seed) for seed, one in enumerate(customers)}
    deliver(running.fleet.stack, loads)
    expected = {
        one.meter_id: (due(one.registered.tariff_id, one.registered.timezone, loads[one.meter_id], month),
                       due(OTHER, one.registered.timezone, loads[one.meter_id], month))
        for one in customers
    }  # fmt: skip

    page.goto(f"{running.url}/studies")
    page.get_by_label("Compare with").click()
    page.get_by_role("option", name=re.compile(rf"\({OTHER}\)")).click()
    page.get_by_role("button", name="Run study").click()

    headline = page.get_by_text(re.compile(r"Of \d+ customers, \d+ would save"))
    expect(headline).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    found = {row["Meter"]: (Decimal(row["Now"]), Decimal(row["Then"])) for row in rows}
    assert expected.items() <= found.items()  # other tests may have brought readings of more meters
    saving = sum(then < now for now, then in found.values())
    expect(headline).to_contain_text(f"Of {len(found)} customers, {saving} would save")
    revenue = sum((now for now, _ in found.values()), Decimal(0))
    expect(page.get_by_test_id("stMetric").filter(has_text="Revenue now")).to_contain_text(money(revenue))

    page.goto(page.url)  # the address is the study's
    expect(headline).to_be_visible()


def a_month(month: date, zone: str, seed: int) -> list[Interval]:
    """Hourly readings of a month of the zone."""
    chance = random.Random(seed)
    start, end = (midnight_of(day, zone) for day in (month, (month + timedelta(days=31)).replace(day=1)))
    return [Interval(at, 3600, chance.randint(100, 3_000)) for at in range(start, end, 3600)]


def due(tariff_id: str, zone: str, readings: list[Interval], month: date) -> Decimal:
    """What the engine's bill of the month asks for."""
    prices = always(tariff_from_urdb(json.loads((ROOT / "tariffs" / f"{tariff_id}.json").read_bytes()))).placed(zone)
    return next(bill.total_rounded for bill in bills(prices, readings) if bill.month == f"{month:%Y-%m}")


def deliver(stack: Stack, loads: dict[str, list[Interval]]) -> None:
    """Put readings into the lake, as Firehose does."""
    s3 = stack.client("s3")
    delivery = Delivery(
        Plan.of(load(), PARAMETERS),
        lambda key, body: s3.put_object(Bucket=stack.bucket, Key=key, Body=body),
        time.monotonic,
    )
    arrived = datetime.now(UTC)
    records = [
        {
            "Data": upload_json(
                meter_id=meter_id,
                day=day_of(midnight),
                wh=[one.wh for one in own],
                interval_s=3600,
                first=(own[0].start - midnight) // 3600,
            ),
            "SequenceNumber": f"{place}{midnight}",
            "ApproximateArrivalTimestamp": arrived,
        }
        for place, (meter_id, readings) in enumerate(loads.items(), 1)
        for midnight, own in by_utc_day(readings)
    ]
    delivery.take(records)
    delivery.flush(force=True)


def by_utc_day(readings: list[Interval]) -> list[tuple[int, list[Interval]]]:
    """Readings in time order by the midnight (s since 1970) of their UTC day."""
    return [(midnight, list(own)) for midnight, own in groupby(readings, lambda one: one.start // DAY_S * DAY_S)]
