"""The time that rating takes on one core, as a table. Run with `python -m benchmarks.rating`.

The tariff is the commercial one: time of use, tiers, demand at any time and by period. The last column compares with
the simple engine of the tests, which works reading by reading; this ratio does not depend on the machine.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from electrocloud.domain import local_time
from electrocloud.domain.billing.bill import Bill, bills, rate
from electrocloud.domain.billing.determinants import day_determinants
from electrocloud.domain.billing.plan import plan_month
from electrocloud.domain.local_time import BillingMonth, day_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs import tariff
from electrocloud.domain.tariffs.metering import OPTIONS
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import plain_bills

RUNS = 40
DOCUMENT = json.loads((Path(__file__).parents[1] / "tariffs" / "commercial-demand.json").read_text())


def main() -> None:
    """Time rating, and print a table."""
    rules = tariff_from_urdb(DOCUMENT)
    year = readings(date(2026, 1, 1), 365)
    month = BillingMonth(2026, 7, rules.zone)
    july = [reading for reading in year if month.start <= reading.start < month.end]
    days = {day: day_determinants(rules, month, of_day(july, day)) for day in month.utc_days()}
    one_day = of_day(july, month.utc_days()[14])
    window = replace(rules, demand_window_s=1800)
    prorated = replace(rules, allocation="prorated")
    both_ways = {option: tariff_from_urdb(DOCUMENT | {"sell_rate": 0.05}, option=option) for option in OPTIONS}
    sun = [reading._replace(wh=max(0, 9_000 - reading.wh)) for reading in year]

    plain_ns = timed(lambda: plain_bills(DOCUMENT, year), runs=3)[0] / len(year)
    table = Table("What", "Readings", "Least ms", "Median ms", "ns a reading", "Times the plain engine")
    rows: list[tuple[str, int, Callable[[], Any]]] = [
        ("a year, of a tariff not seen before", len(year), lambda: bills_from_scratch(rules, year)),
        ("a year", len(year), lambda: bills(rules, year)),
        ("a year, demand over 30 minutes", len(year), lambda: bills(window, year)),
        ("a year, prorated tiers", len(year), lambda: bills(prorated, year)),
        *(
            (f"a year in both directions, {option}", len(year), partial(bills, of_option, year, received=sun))
            for option, of_option in both_ways.items()
        ),
        ("a month", len(july), lambda: bills(rules, july)),
        ("a day's determinants", 96, lambda: day_determinants(rules, month, one_day)),
        ("a month's bill from its days' determinants", len(july), lambda: rate(plan_month(rules, month), [days])),
    ]
    for what, count, work in rows:
        least, middle = timed(work)
        per_reading = least / count
        table.add_row(
            what,
            f"{count:,}",
            f"{least / 1e6:.3f}",
            f"{middle / 1e6:.3f}",
            f"{per_reading:,.0f}",
            f"{plain_ns / per_reading:,.0f}",
        )
    for column in table.columns[1:]:
        column.justify = "right"
    Console().print(table)


def readings(first: date, days: int) -> list[Interval]:
    """15-minute readings of a shop, of UTC days."""
    random = Random(1)
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    return [Interval(start + number * 900, 900, random.randint(500, 15_000)) for number in range(days * 96)]


def of_day(intervals: list[Interval], day: date) -> list[Interval]:
    """The intervals that start in a UTC day."""
    return [interval for interval in intervals if day_of(interval.start) == day]


def bills_from_scratch(rules: tariff.Tariff, intervals: list[Interval]) -> list[Bill]:
    """The bills with the caches empty that rating a tariff fills."""
    local_time.offsets.cache_clear()
    tariff.period_spans.cache_clear()
    return bills(rules, intervals)


def timed(work: Callable[[], Any], runs: int = RUNS) -> tuple[float, float]:
    """The minimum and median time of some runs, in ns of CPU time of this process."""
    took = []
    for _ in range(runs):
        began = time.process_time_ns()
        work()
        took.append(time.process_time_ns() - began)
    return min(took), median(took)


if __name__ == "__main__":
    main()
