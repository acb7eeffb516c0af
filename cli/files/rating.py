"""Rates loads: one meter's, or those of a whole file on all cores."""

import csv
import io
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import NamedTuple

import msgspec

from cli.files.usage import Usage
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.gaps import estimated_bills
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Tariff

CSV_COLUMNS = {
    "meter_id": "meter_id",
    "month": "month",
    "status": "status",
    "energy_kwh": "energy_kwh",
    "demand_kw": "demand_kw",
    "energy_charge": "energy_charge",
    "demand_charge": "demand_charge",
    "fixed_charge": "fixed_charge",
    "minimum_top_up": "minimum_top_up",
    "total": "total",
    "total_rounded": "total_rounded",
    "missing": "intervals.missing",
    "estimated": "intervals.estimated",
}
METERS_AT_ONCE = 25


class Part(NamedTuple):
    """The result for some of the meters: the numbers of meters and bills, the amount due ($), and the bills as text."""

    meters: int
    bills: int
    amount_due: Decimal
    text: bytes


def rate_load(tariff: Tariff, readings: Sequence[Interval], meter_id: str, *, fill: bool) -> list[Bill]:
    """The bills of every month that a meter's readings (in time order) start in.

    With `fill`, missing intervals of these months that have already started are estimated where possible.
    """
    if not fill:
        return bills(tariff, readings, meter_id=meter_id)
    first, last = (BillingMonth.at(reading.start, tariff.zone) for reading in (readings[0], readings[-1]))
    until = min(last.end, int(time.time()))
    return estimated_bills(tariff, readings, first.start, until, readings, meter_id)


def rate_all(tariff: Tariff, usage: Usage, *, fill: bool, as_csv: bool) -> Iterator[Part]:
    """The bills of all meters in a file, in file order, computed on all cores: as CSV rows of CSV_COLUMNS or as JSON
    lines.
    """
    count = len(usage.meters)
    parts = [usage.part(first, first + METERS_AT_ONCE) for first in range(0, count, METERS_AT_ONCE)]
    with ProcessPoolExecutor(os.cpu_count(), initializer=_begin, initargs=(tariff,)) as pool:
        yield from pool.map(partial(_rate_part, fill=fill, as_csv=as_csv), parts)


def as_json_line(bill: Bill) -> bytes:
    """A bill as one line of JSON."""
    return msgspec.json.encode(bill) + b"\n"


_tariff: Tariff  # one per worker process, so that results cached for the tariff serve all its parts


def _begin(tariff: Tariff) -> None:
    global _tariff
    _tariff = tariff


def _rate_part(usage: Usage, *, fill: bool, as_csv: bool) -> Part:
    issued = [
        bill
        for number, meter_id in enumerate(usage.meters)
        for bill in rate_load(_tariff, usage.intervals(number), meter_id, fill=fill)
    ]
    due = sum((bill.total_rounded for bill in issued), Decimal(0))
    text = _csv_rows(issued) if as_csv else b"".join(map(as_json_line, issued))
    return Part(len(usage.meters), len(issued), due, text)


def _csv_rows(issued: Sequence[Bill]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(attrgetter(*CSV_COLUMNS.values()), issued))
    return text.getvalue().encode()
