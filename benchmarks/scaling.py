"""The shards, concurrent batches and write units that a fleet's midnight needs, simulated second by second.

`python -m benchmarks.scaling` prints the tables of docs/scaling.md. The size and cost of an upload are measured on this
project's own code; AWS's limits are from its documentation.
"""

import math
import time
from datetime import date
from typing import Any, NamedTuple

import msgspec
import numpy as np

from electrocloud.aws.store.dynamodb_items import MONTH_PARTS
from electrocloud.domain.readings.upload import Upload, decode
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate
from producers.sending.uploads import uploads
from tests.kits.examples import TIME_OF_USE
from tests.kits.memory import MemoryTables

SHARD_BYTES, SHARD_RECORDS = 1_000_000, 1_000  # a second, written
LAMBDA_CORES = 1024 / 1769  # of a function with 1,024 MB
READ_MS, WRITE_MS = 15.0, 30.0  # a BatchGetItem of 100 items, a TransactWriteItems of 100
MOST_LANES = 10  # a shard, ParallelizationFactor


class Upkeep(NamedTuple):
    """The cost of one upload: bytes in the stream, s of an invocation, write units of windows, bills and the index."""

    bytes: float
    seconds: float
    windows_writes: int
    bills_writes: int


class Midnight(NamedTuple):
    """The load of a fleet's uploads within a window (s), and the least capacity that keeps up."""

    meters: int
    window_s: int
    mb_s: float
    shards: int
    lanes: int
    writes_s: float
    index_s: float
    lag_s: float


def upkeep(meters: int = 400, day: date = date(2026, 11, 24)) -> Upkeep:
    """Measured over a day of a simulated fleet at 15 minutes, late in a month that is already in the tables."""
    fleet = make_fleet(meters, seed=5, tariffs={kind: ["tou"] for kind in ("home", "apartment", "shop")})
    days = [
        msgspec.json.encode(one.upload) for one in uploads(fleet, simulate(fleet, day.replace(day=1), day.day, 900))
    ]
    tables, tariff = MemoryTables(), tariff_from_urdb(TIME_OF_USE)
    taken = [decode(data) for data in days]

    def take(some: list[Upload]) -> None:
        ingest_uploads(some, tables, FixedServices(lambda ids: dict.fromkeys(ids, tariff)), print)

    take(taken[:-meters])
    began = time.process_time()
    take([decode(data) for data in days[-meters:]])
    cpu_s = (time.process_time() - began) / meters
    stored_days = [item_bytes(item) for (_, stored), item in tables.windows.items() if stored == day.isoformat()]
    stored_ledgers = [item_bytes(item) for item in tables.bills.values()]
    waiting_s = (2 * READ_MS + 2 * WRITE_MS) / 100 / 1000  # two items read and two written of an upload
    return Upkeep(
        bytes=float(np.mean([len(data) for data in days[-meters:]])),
        seconds=cpu_s / LAMBDA_CORES + waiting_s,
        windows_writes=2 * math.ceil(np.mean(stored_days) / 1024),  # a transaction writes twice
        bills_writes=2 * math.ceil(np.mean(stored_ledgers) / 1024),
    )


def item_bytes(item: dict[str, Any]) -> int:
    """An item's size (bytes) as DynamoDB counts it: names and values."""
    return sum(len(name) + _weight(value) for name, value in item.items())


def _weight(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "L":
        return 3 + sum(1 + _weight(one) for one in content)
    return len(content) // 2 + 2 if kind == "N" else len(content)


def midnight(meters: int, window_s: int, each: Upkeep, seed: int = 1) -> Midnight:
    """All meters' uploads at random times in the window, spread over shards by hash and processed in batches.

    There are enough shards for the mean second with a third to spare, because seconds and hashes are uneven, and enough
    concurrent batches to process the last upload within as long again as the window.
    """
    rate = meters / window_s
    shards = max(1, math.ceil(max(rate * each.bytes / SHARD_BYTES, rate / SHARD_RECORDS) * 1.33))
    lanes = min(MOST_LANES, max(1, math.ceil(rate / shards * each.seconds / 0.7)))
    random = np.random.default_rng(seed)
    arriving = random.poisson(rate / shards, size=(window_s, shards))
    capacity = lanes / each.seconds
    waiting = np.zeros(shards)
    worst = 0.0
    for second in arriving:
        waiting = np.maximum(0.0, waiting + second - capacity)
        worst = max(worst, float(waiting.max()))
    taken_s = min(rate, shards * capacity)
    writes = taken_s * (each.windows_writes + each.bills_writes)
    return Midnight(
        meters, window_s, rate * each.bytes / 1e6, shards, lanes, writes, taken_s, worst / capacity + each.seconds
    )


def main() -> None:
    """Print the tables of docs/scaling.md."""
    each = upkeep()
    print(
        f"An upload of 96 readings: {each.bytes:,.0f} bytes, {each.seconds * 1000:.2f} ms of a concurrent batch, "
        f"{each.windows_writes} write units for its window item and {each.bills_writes} for its bill\n"
    )
    print(
        "| meters | uploads within | MB/s | shards | lanes a shard | functions at once | "
        "write units/s | writes/s of an index part | waits at most |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for meters in (10_000, 1_000_000, 10_000_000):
        for window_s in (300, 3_600, 21_600):
            night = midnight(meters, window_s, each)
            print(
                f"| {meters:,} | {window_s / 60:,.0f} min | {night.mb_s:,.2f} | {night.shards:,} | {night.lanes} | "
                f"{night.shards * night.lanes:,} | {night.writes_s:,.0f} | {night.index_s / MONTH_PARTS:,.0f} | "
                f"{night.lag_s:,.1f} s |"
            )


if __name__ == "__main__":
    main()
