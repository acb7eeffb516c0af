"""How long closing and forecasting take for a large fleet, in work items: measured a part, simulated as a whole.

`python -m benchmarks.work_scaling` prints the tables of docs/scaling.md: CPU and memory are measured on this project's
own code; latencies of AWS and prices (us-east-1) are assumed, and named here.
"""

import gc
import heapq
import resource
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from benchmarks.scaling import item_bytes
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.domain.billing.estimation import ClassProfile
from electrocloud.domain.billing.service import BillKey, Service, service_without_agreement
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import decode
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.class_profiles import SampledMeter
from electrocloud.services.closing import BILLS_AN_ITEM, CloseBills, ClosingStore, FindBills, close
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.store import Change, DayKey, StoredBill, StoredDay
from forecasting.ahead import forecast_of
from forecasting.load import Load, load_of, shown
from forecasting.meters import update_meters
from forecasting.work import METERS_AN_ITEM
from tests.kits.examples import TIME_OF_USE, upload_json
from tests.kits.memory import MemoryTables

CORES = {"closing": 1024 / 1769, "forecasting": 1.0}  # of a function with 1,024 and with 1,792 MB
GB = {"closing": 1.0, "forecasting": 1.75}
QUERY_S, READ_S, WRITE_S = (
    0.012,
    0.006,
    0.020,
)  # a Query of days, a read, a transaction
GB_SECOND, READ_UNIT, WRITE_UNIT, MESSAGES = 1.33334e-5, 0.125e-6, 0.625e-6, 0.4e-6  # $; messages are billed 3 calls
CONCURRENCY = {10_000: 50, 1_000_000: 50, 10_000_000: 200}  # MaximumConcurrency
METERS_A_FEEDER = 1_000
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MONTH = "2026-10"


class Cost(NamedTuple):
    """What one bill, meter or series costs a worker: s, read units and write units."""

    seconds: float
    reads: float
    writes: float


class _OneForAll:
    """One meter's hundred days at 15 minutes, and its bill of MONTH that lacks a day, in the place of every meter's."""

    def __init__(self) -> None:
        self.tariff = tariff_from_urdb(TIME_OF_USE | {"timezone": "Europe/Berlin"})
        rng = np.random.default_rng(1)
        days = [NOW.date() - timedelta(days=back) for back in range(100, 0, -1)]
        gap = date(2026, 10, 14)
        stored = MemoryTables()
        sent = [
            decode(upload_json(meter_id="m", day=day, wh=rng.gamma(2, 90, 96).astype(int).tolist(), interval_s=900))
            for day in days
            if day != gap
        ]
        registry = FixedServices(lambda ids: dict.fromkeys(ids, self.tariff))
        ingest_uploads(sent, stored, registry, print)
        self.windows = {date.fromisoformat(day): item for (_, day), item in stored.windows.items()}
        self.bill = stored.bills[BillKey("m", MONTH)]
        self.stored = 0
        self.issue_terms = stored.issue_terms

    def read(
        self,
        days: Collection[DayKey],  # noqa: ARG002
        bills: Collection[BillKey],
    ) -> tuple[dict[DayKey, StoredDay], dict[BillKey, StoredBill]]:
        return {}, {key: items.stored_bill(self.bill) for key in bills}

    def days_between(self, meter_id: str, first: date, last: date) -> list[MeterDay]:  # noqa: ARG002
        return [items.stored_day(item).day for day, item in self.windows.items() if first <= day <= last]

    def cycles_of(self, agreement_id: str) -> list[str]:  # noqa: ARG002
        return [MONTH]

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:  # noqa: ARG002
        self.stored += sum(len(items.bill_item(one.key, one.billed)) > 0 for change in changes for one in change.bills)
        return set()

    def pages(self, item: FindBills) -> Iterator[Sequence[BillKey]]:
        raise AssertionError(item)

    def any_of_month(self, month: str) -> bool:
        raise AssertionError(month)

    def class_profile(self, customer_class: str, month: str) -> ClassProfile | None:
        raise AssertionError(customer_class, month)

    def add_class_profile(self, customer_class: str, month: str, profile: ClassProfile) -> None:
        raise AssertionError(customer_class, month, profile)

    def sample(self, customer_class: str, most: int) -> Sequence[SampledMeter]:
        raise AssertionError(customer_class, most)

    def meters_of(self, bills: Collection[BillKey]) -> Mapping[BillKey, str]:
        return dict.fromkeys(bills, "")

    def wait_for_estimate(self, key: BillKey, missing: int | None, reason: str) -> None:  # noqa: ARG002
        raise AssertionError(reason)

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        return {meter_id: [service_without_agreement(meter_id, self.tariff)] for meter_id in meter_ids}

    def days(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        return self.days_between(meter_id, first, last)

    def refresh(self) -> bool:
        return False


class _NoStore:
    """Takes forecasts and encodes nothing."""

    def put_month_ends(self, ends: Any) -> None:
        pass

    def replace_suspects(self, meter_ids: Any, suspects: Any, now: Any) -> None:
        pass


def closing(template: _OneForAll, bills: int) -> Cost:
    """Close so many bills, as the function would, item by item."""
    due = int(NOW.timestamp())
    began = time.process_time()
    for first in range(0, bills, BILLS_AN_ITEM):
        part = CloseBills([BillKey(f"m{number:07}", MONTH) for number in range(first, first + BILLS_AN_ITEM)])
        done = close(part, ClosingStore(template, template, template, template), due, print, lambda: False)
        assert done.final == BILLS_AN_ITEM
    cpu_s = (time.process_time() - began) / bills
    day = float(np.mean([item_bytes(item) for item in template.windows.values()]))
    bill = item_bytes(template.bill)
    return Cost(
        seconds=cpu_s / CORES["closing"] + 2 * QUERY_S + READ_S + WRITE_S,
        reads=np.ceil(31 * day / 4096) + np.ceil(30 * day / 4096) + 2 * np.ceil(bill / 4096),
        writes=2 * np.ceil(bill / 1024) + 1,  # a transaction writes twice; 1 for the index
    )


def meters(template: _OneForAll, count: int, at_once: int = 250) -> Cost:
    """Month-ends and suspects of so many meters, in groups as the function reads them."""
    began = time.process_time()
    for first in range(0, count, at_once):
        names = [f"m{number}" for number in range(first, min(count, first + at_once))]
        ends, _ = update_meters(names, template, _NoStore(), NOW)  # type: ignore[arg-type]
        assert ends == len(names)
    cpu_s = (time.process_time() - began) / count
    season = sum(item_bytes(item) for item in template.windows.values())
    return Cost(cpu_s / CORES["forecasting"] + 2 * QUERY_S + WRITE_S / 25, np.ceil(season / 8192) + 1.5, 1)


def series() -> Cost:
    """A day-ahead forecast of a feeder from 400 days."""
    rng = np.random.default_rng(2)
    hours = np.arange(400 * 24)
    values = (
        1e5
        * (1 + 0.4 * np.sin(hours * 2 * np.pi / 24) + 0.1 * ((hours // 24) % 7 < 5))
        * rng.gamma(400, 1 / 400, len(hours))
    )
    first = shown(NOW - timedelta(days=400)) // 3600
    load: Load = load_of((first + hours) * 3600, values, "Europe/Berlin")
    times = [NOW + timedelta(hours=hour) for hour in range(24)]
    began = time.process_time()
    forecast_of("feeder/F", load, times, NOW)
    return Cost((time.process_time() - began) / CORES["forecasting"] + 3 * QUERY_S, 60, 8)


def makespan(count: int, an_item: int, each_s: float, workers: int, seed: int = 1) -> float:
    """Seconds until a queue of items is empty: workers take the next item as they get free; items vary by a fifth."""
    random = np.random.default_rng(seed)
    lengths = an_item * each_s * random.gamma(25, 1 / 25, -(-count // an_item)) + 0.1
    free = [0.0] * workers
    for length in lengths.tolist():
        heapq.heapreplace(free, free[0] + length)
    return max(free)


def dollars(count: int, an_item: int, cost: Cost, gb: float) -> float:
    """What a round costs."""
    units = cost.reads * READ_UNIT + cost.writes * WRITE_UNIT
    return count * (cost.seconds * gb * GB_SECOND + units + 3 * MESSAGES / an_item)


def peak_mb() -> float:
    """The largest resident set of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(bills: Annotated[int, typer.Option(help="To close, measured.")] = 2_000) -> None:
    """Measure, simulate and print."""
    gc.set_threshold(50_000)  # as the functions have it
    template = _OneForAll()
    print("| meters in one worker | largest resident memory |\n| ---: | ---: |")
    for count in (1_000, 5_000):
        meters(template, count)
        print(f"| {count:,} | {peak_mb():,.0f} MB |", flush=True)
    costs = {
        "bills to close": ("closing", BILLS_AN_ITEM, closing(template, bills), 1),
        "month-ends": ("forecasting", METERS_AN_ITEM, meters(template, 1_000), 1),
        "feeders": ("forecasting", 1, series(), METERS_A_FEEDER),
    }
    print("\n| work | s each | read units | write units |\n| --- | ---: | ---: | ---: |")
    for name, (_, _, cost, _) in costs.items():
        print(f"| {name} | {cost.seconds:.3f} | {cost.reads:.0f} | {cost.writes:.0f} |")
    print("\n| meters | work | items | workers | hours | $ a round |\n| ---: | --- | ---: | ---: | ---: | ---: |")
    for fleet, workers in CONCURRENCY.items():
        for name, (function, an_item, cost, meters_each) in costs.items():
            count = max(1, fleet // meters_each)
            hours = makespan(count, an_item, cost.seconds, workers) / 3600
            price = dollars(count, an_item, cost, GB[function])
            print(f"| {fleet:,} | {name} | {-(-count // an_item):,} | {workers} | {hours:.2f} | {price:,.2f} |")


if __name__ == "__main__":
    typer.run(main)
