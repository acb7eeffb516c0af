"""Measures the registry on the laptop's cloud: `python -m benchmarks.registry`.

- `apply`: a folder of 100,000 service points is applied, and searched.
- `reprice`: a price corrected retroactively for 10,000 meters x 12 months: every bill is rated, versioned and stored.
  The bills were stored before, with the determinants of 15-minute readings.

Each runs in a separate system. Times are of the wall clock, with the CPU time of all processes beside them.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.whole_path import system
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.aws.store.dynamodb_items import bill_item
from electrocloud.domain.billing.bill import rate
from electrocloud.domain.billing.determinants import DayDeterminants, day_determinants
from electrocloud.domain.billing.plan import ServiceSpan
from electrocloud.domain.local_time import day_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Registry
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.registry import services_in
from electrocloud.services.store import BilledPeriod
from producers.fleet.customers import fleet_registry
from producers.fleet.fleet import make_fleet
from producers.sending.live import TARIFFS
from registry.desk import RegistryDesk
from registry.export import write_folder
from registry.folder import read_folder, read_tariffs

INTERVAL_S = 900
BILLS_AT_ONCE = 1_000
SEARCHES = ("Elm St", "SP-US-099999", "US-F012", "Gomez")


class Step(NamedTuple):
    """What was done, and how long that took: s of wall clock, and of CPU in all processes."""

    what: str
    seconds: float
    cpu_s: float


def main() -> None:
    """Run the measurements that are asked for, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.registry", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["apply", "reprice"])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=12)
    arguments = parser.parse_args()
    gc.set_threshold(50_000)  # as the command has it
    table = Table("What", "Seconds", "CPU s", title=f"Registry, load average {os.getloadavg()[0]:.1f}")
    for part in arguments.parts:
        with tempfile.TemporaryDirectory() as state, system(Path(state)) as (_, stack, pid):
            steps = (
                apply(stack, pid, arguments.points)
                if part == "apply"
                else reprice(stack, pid, arguments.meters, arguments.months)
            )
        for step in steps:
            table.add_row(step.what, f"{step.seconds:,.2f}", f"{step.cpu_s:,.1f}")
    Console().print(table)


def apply(stack: Stack, pid: int, points: int) -> list[Step]:
    """Apply a folder of service points, each with its account, meter and agreement; then search."""
    fleet = make_fleet(points, 1, "US")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    registry = fleet_registry(fleet.registered, fleet.place, read_tariffs(TARIFFS), yesterday)
    desk = RegistryDesk(stack)
    with tempfile.TemporaryDirectory() as folder:
        write_folder(registry, Path(folder))
        steps = [
            _timed(
                f"{points:,} service points applied",
                pid,
                lambda: desk.apply(lambda stored: read_folder(Path(folder), stored).registry, "benchmark"),
            ),
            _timed("the same folder again", pid, lambda: desk.apply(lambda _: registry, "benchmark")),
        ]
    searches = [_timed(f"search {text!r}", pid, partial(desk.search, text)) for text in SEARCHES]
    return [*steps, *searches]


def reprice(stack: Stack, pid: int, meters: int, months: int) -> list[Step]:
    """Bill a fleet's months, and correct the price of its tariff for all of them."""
    fleet = make_fleet(meters, 1, "US", tariffs=dict.fromkeys(("home", "apartment", "shop"), ("residential-tou",)))
    first = _months_before(datetime.now(UTC).date().replace(day=1), months)
    tariffs = read_tariffs(TARIFFS)
    desk = RegistryDesk(stack)
    registry = fleet_registry(fleet.registered, fleet.place, tariffs, first)
    desk.apply(registry, "benchmark")
    filled = _timed("(bills made and stored)", pid, lambda: _bill(stack, registry, first))
    corrected: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(tariffs["residential-tou"]))
    for period in corrected["energyratestructure"]:
        period[0]["rate"] += 0.01
    rated: list[Any] = []

    def correct() -> None:
        done = desk.apply(
            lambda stored: events.change_price(stored, "residential-tou", corrected, first), "price corrected"
        )
        rated.append(done[1])

    step = _timed("", pid, correct)
    what = f"a price corrected for {meters:,} meters x {months} months: {rated[0].changed:,} bills changed"
    return [filled, step._replace(what=what)]


def _bill(stack: Stack, registry: Registry, first: date) -> None:
    """Store a final bill for each agreement and month until the current one, all of the same readings."""
    client, today = stack.client("dynamodb"), datetime.now(UTC).date().replace(day=1)
    days: dict[str, list[dict[date, DayDeterminants]]] = {}
    requests = []
    for service in services_in(registry, registry.service_points.keys()):
        for planned in service.bills_between(first, today):
            plan = planned.plan
            if planned.key.cycle not in days:
                days[planned.key.cycle] = [_determinants(plan.tariff_of(span), span) for span in plan.spans]
            own = days[planned.key.cycle]
            (meter,) = planned.meter_ids
            bill = rate(plan, own, meter)
            item = bill_item(planned.key, BilledPeriod(plan.fingerprint, own, bill, [meter], plan.shape))
            requests.append({"PutRequest": {"Item": item}})
        if len(requests) > BILLS_AT_ONCE:
            batch_write(client, stack.bills_table, requests)
            requests.clear()
    batch_write(client, stack.bills_table, requests)


def _determinants(tariff: Tariff, span: ServiceSpan) -> dict[date, DayDeterminants]:
    found: dict[date, list[Interval]] = {}
    for start in range(span.start, span.end, INTERVAL_S):
        found.setdefault(day_of(start), []).append(Interval(start, INTERVAL_S, 100 + start // INTERVAL_S % 97))
    return {day: day_determinants(tariff, span, readings) for day, readings in found.items()}


def _months_before(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _timed(what: str, pid: int, work: Callable[[], object]) -> Step:
    before, began = _cpu(pid), time.perf_counter()
    work()
    return Step(what, time.perf_counter() - began, _cpu(pid) - before)


def _cpu(pid: int) -> float:
    processes = [psutil.Process(), psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    times = [process.cpu_times() for process in processes]
    return float(sum(one.user + one.system for one in times))


if __name__ == "__main__":
    main()
