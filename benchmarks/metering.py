"""The metering function's CPU time with its tables in memory, compared with a floor and two other designs.

- floor: base64 and orjson on the same bytes, and nothing else
- merged: decode, deaggregate, validate and merge into sets of readings by meter and day
- stored: also pack windows and compare them for storage, as ingestion does
- billed: also rate the month's bill of every changed meter
- Bytewax: hourly sums in a dataflow, without validation (`benchmarks.streaming`)
- textbook: Powertools' BatchProcessor, one Pydantic model per record (`benchmarks.textbook`), adding to a dict
"""

import base64
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from benchmarks.streaming import hourly
from benchmarks.textbook import consume
from benchmarks.timing import in_turn, ratio
from benchmarks.workload import Workload, workload
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.store.dynamodb_items import stored_day
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from tests.kits.memory import MemoryTables

METERS = 20
READINGS_AN_UPLOAD = (1, 4, 96)


class Measured(NamedTuple):
    """One form of upload: least microseconds of CPU a reading by contestant, and how many times the floor and ours."""

    readings_an_upload: int
    aggregated: bool
    microseconds: dict[str, float]
    merged_over_floor: float
    bytewax_over_merged: float
    textbook_over_merged: float
    bytewax_over_stored: float
    textbook_over_stored: float


def measure(rounds: int, meters: int = METERS) -> list[Measured]:
    """All forms of upload: 1, 4 and 96 readings each, plain and aggregated."""
    return [
        _measure(workload(meters, count, aggregated=aggregated), count, aggregated=aggregated, rounds=rounds)
        for count in READINGS_AN_UPLOAD
        for aggregated in (False, True)
    ]


def _measure(work: Workload, count: int, *, aggregated: bool, rounds: int) -> Measured:
    _same_sums(work, aggregated=aggregated)
    times = in_turn(_contestants(work, aggregated=aggregated), rounds)
    return Measured(
        count,
        aggregated,
        {name: min(own) / work.readings * 1e6 for name, own in times.items()},
        ratio(times, "merged", "floor"),
        ratio(times, "Bytewax", "merged"),
        ratio(times, "textbook", "merged"),
        ratio(times, "Bytewax", "stored"),
        ratio(times, "textbook", "stored"),
    )


def _contestants(work: Workload, *, aggregated: bool) -> dict[str, Callable[[], object]]:
    return {
        "floor": lambda: _floor(work),
        "merged": lambda: _merged(work),
        "stored": lambda: _taken_in(work, {}),
        "billed": lambda: _taken_in(work, work.tariff_of),
        "Bytewax": lambda: hourly(work.records, []),
        "textbook": lambda: _textbook(work, aggregated=aggregated),
    }


def _floor(work: Workload) -> None:
    for record in work.records:
        base64.b64decode(record["kinesis"]["data"])
    for payload in work.payloads:
        orjson.loads(payload)


def _merged(work: Workload) -> dict[tuple[str, date], MeterDay]:
    accepted, _ = read_event(work.records)
    days: dict[tuple[str, date], MeterDay] = {}
    for got in accepted:
        upload = got.upload
        key = upload.meter_id, upload.day
        day = days.get(key)
        if day is None:
            day = days[key] = MeterDay(upload.day)
        day.merge(upload)
    return days


def _taken_in(work: Workload, tariff_of: Mapping[str, Tariff]) -> MemoryTables:
    tables = MemoryTables()
    accepted, _ = read_event(work.records)
    ingest_uploads((got.upload for got in accepted), tables, FixedServices(lambda _: tariff_of), _never)
    return tables


def _textbook(work: Workload, *, aggregated: bool) -> dict[tuple[str, datetime], int]:
    hours: defaultdict[tuple[str, datetime], int] = defaultdict(int)

    def update(meter_id: str, hour: datetime, wh: int) -> None:
        hours[meter_id, hour] += wh

    consume(work.records, update, aggregated=aggregated)
    return hours


def _same_sums(work: Workload, *, aggregated: bool) -> None:
    """All alternatives must produce the same hours; otherwise the comparison is void."""
    tables = _taken_in(work, {})
    ours = [wh for item in tables.windows.values() for wh in stored_day(item).day.hours_wh()]
    merged = [wh for day in _merged(work).values() for wh in day.hours_wh()]
    others: list[Any] = []
    hourly(work.records, others)
    theirs = [wh for _, (_, wh) in others]
    plain = list(_textbook(work, aggregated=aggregated).values())
    if not sorted(ours) == sorted(merged) == sorted(theirs) == sorted(plain):
        raise RuntimeError("the contestants do not agree")


def _never(attempt: int) -> None:
    raise RuntimeError(f"nobody else writes, and yet try {attempt} was lost")
