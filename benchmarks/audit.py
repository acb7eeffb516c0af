"""Measures `electrocloud audit` over a month of 10,000 meters: `python -m benchmarks.audit`.

Fills a separate local cloud: the registry, windows and bills by the metering core, Parquet as the delivery writes it,
one file a day, and the issued bills in the lake. Then it runs the command as a user would, on equal data, and again
after one reading was added to one window, which the command must name. It ends with 1 if it does not.
"""

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil

from analytics.template import load
from benchmarks.filled_stack import METERS_AT_ONCE, deployed, put_day
from benchmarks.whole_path import ELECTROCLOUD
from benchmarks.workload import INTERVAL_S
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.store import open_store
from electrocloud.domain.readings.upload import decode
from electrocloud.services.ingest import ingest_uploads
from laptop import cloud
from laptop.bill_publishing import BillPublisher
from laptop.delivery import Plan
from producers.fleet.customers import fleet_registry
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.live import TARIFFS
from producers.sending.uploads import uploads
from registry.desk import RegistryDesk
from registry.folder import read_tariffs


def fill(stack: Stack, fleet: Fleet, days: int) -> int:
    """Store windows, bills and Parquet of the last `days` UTC days; returns the readings."""
    first = datetime.now(UTC).date() - timedelta(days=days)
    registry = fleet_registry(fleet.registered, fleet.place, read_tariffs(TARIFFS), first - timedelta(days=1))
    RegistryDesk(stack).apply(registry, "benchmark")
    tables, services = open_store(stack.client("dynamodb"), stack)
    for number in range(0, len(fleet), METERS_AT_ONCE):
        part = fleet.part(slice(number, number + METERS_AT_ONCE))
        sent = uploads(part, simulate(part, first, days, INTERVAL_S))
        decoded = (decode(msgspec.json.encode(delivery.upload)) for delivery in sent)
        ingest_uploads(decoded, tables, services, time.sleep)
    BillPublisher(stack, time.monotonic).poll()
    plan, s3 = Plan.of(load(), cloud.PARAMETERS), stack.client("s3")
    return sum(put_day(s3, stack.bucket, plan, fleet, first + timedelta(days=number)) for number in range(days))


class Run(NamedTuple):
    """How a run of the command ended: exit code, seconds, CPU seconds of it and the cloud, peak memory (MB), output."""

    code: int
    seconds: float
    cpu_s: float
    peak_mb: float
    found: dict[str, Any]


def audit(state: Path) -> Run:
    """Run the command."""
    env = os.environ | {"ELECTROCLOUD_STATE": str(state)}
    family = psutil.Process().children()
    before = sum(map(cpu_s, family))
    began = time.perf_counter()
    output = state / "audit.json"
    with (
        output.open("w") as out,
        psutil.Popen([ELECTROCLOUD, "audit", "--json", "--wait", "0"], env=env, stdout=out) as process,
    ):
        peak = cpu = 0.0
        while process.poll() is None:
            peak = max(peak, process.memory_info().rss / 1e6)
            cpu = cpu_s(process)
            time.sleep(0.2)
        seconds = time.perf_counter() - began
        cpu += sum(map(cpu_s, family)) - before
        return Run(process.returncode, seconds, cpu, peak, json.loads(output.read_text()))


def cpu_s(process: psutil.Process) -> float:
    """The CPU seconds that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def change_one_window(stack: Stack) -> str:
    """Add a reading to the totals of a window; returns its meter."""
    dynamodb = stack.client("dynamodb")
    item = dynamodb.scan(TableName=stack.windows_table, Limit=1)["Items"][0]
    count = str(int(item["count"]["N"]) + 1)
    dynamodb.put_item(TableName=stack.windows_table, Item=item | {"count": {"N": count}})
    return item["meter_id"]["S"]


def main() -> None:
    """Fill a cloud, audit it, and print one line per run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audit-") as folder, deployed(Path(folder)) as stack:
        began = time.perf_counter()
        rows = fill(stack, make_fleet(arguments.meters, seed=1), arguments.days)
        seconds = time.perf_counter() - began
        print(f"{rows:,} readings of {arguments.meters:,} meters, filled in {seconds:.0f} s", flush=True)
        failed = False
        for name, wanted in (("equal", []), ("one window changed", [change_one_window])):
            meters = [change(stack) for change in wanted]
            run = audit(Path(folder))
            named = [one["meter_id"] for one in run.found["differences"]]
            bills = run.found["bill_differences"]
            counts = {place: run.found[place]["readings"] for place in ("windows", "parquet", "bills")}
            print(
                f"{name}: {run.seconds:.1f} s ({run.cpu_s:.1f} s of CPU, load average {os.getloadavg()[0]:.1f}), "
                f"{run.peak_mb:,.0f} MB, exit code {run.code}, {counts}, differences {named}, "
                f"{run.found['bills_compared']:,} bills compared with the engine, {len(bills)} differ"
            )
            failed |= bool(bills) or named != meters or run.code != bool(meters) or counts["parquet"] != rows
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
