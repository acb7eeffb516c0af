"""Rates loads: one meter's, or those of a whole file on all cores."""

import csv
import io
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import msgspec

from cli.files.usage import Usage
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.credit import NO_CREDIT, Credit
from electrocloud.domain.billing.determinants import expected_intervals, missing_intervals, nominal_length
from electrocloud.domain.billing.estimation import estimate
from electrocloud.domain.billing.open_reasons import OpenReason
from electrocloud.domain.billing.terms import ALWAYS, ServiceTerms
from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import local_day, midnight_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.versions import DatedTariff
from presentation.spreadsheet_text import cell

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
    "period_start": "period_start",
    "period_end": "period_end",
    "days": "days",
    "served_days": "served_days",
    "rider_charge": "rider_charge",
    "tax": "tax",
    "currency": "currency",
    "received_kwh": "received_kwh",
    "export_credit": "export_credit",
    "not_yet_due": "intervals.not_yet_due",
    "outside_service": "intervals.outside_service",
}
METERS_AT_ONCE = 25


class Service(NamedTuple):
    """How a file's loads are served: the terms of each, when the bills are made (s since 1970 UTC; None: now), whether
    gaps are filled, and the credit for export that the first bill of each begins with."""

    terms: ServiceTerms = ALWAYS
    as_of: int | None = None
    fill: bool = False
    opening: Credit = NO_CREDIT


class Part(NamedTuple):
    """The result for some of the meters: the numbers of meters and bills, the amount due, and the bills as text."""

    meters: int
    bills: int
    amount_due: Decimal
    text: bytes


def rate_load(
    tariff: DatedTariff,
    readings: Sequence[Interval],
    meter_id: str,
    service: Service,
    received: Sequence[Interval] = (),
    reactive: Sequence[Interval] = (),
) -> list[Bill]:
    """The bills of the periods of service that a meter's readings (in time order) start in.

    `received` has the energy received from the customer, and `reactive` the reactive energy in varh. With estimates
    enabled, missing intervals of these periods that have ended are estimated where possible.
    """
    terms, as_of, fill, opening = service
    as_of = int(time.time()) if as_of is None else as_of
    guesses: list[Interval] = []
    if fill:
        guesses = _estimates(tariff.versions[0].tariff.zone, readings, terms, as_of)
    return bills(
        tariff,
        readings,
        guesses,
        meter_id,
        terms=terms,
        as_of=as_of,
        received=received,
        reactive=reactive,
        opening=opening,
    )


def _estimates(zone: str, readings: Sequence[Interval], terms: ServiceTerms, as_of: int) -> list[Interval]:
    days = [local_day(reading.start, zone) for reading in (readings[0], readings[-1])]
    first, last = (terms.cycle.period_of(day, zone) for day in days)
    low = max(first.first_day, terms.first or first.first_day)
    high = min(last.end_day, terms.end or last.end_day)
    if low >= high:
        return []
    start, end = midnight_of(low, zone), midnight_of(high, zone)
    served = [reading for reading in readings if start <= reading.start < end]
    if served:
        slots = missing_intervals(served, start, end, zone)
    else:
        slots = expected_intervals(start, end, nominal_length(readings[0].seconds), zone)
    return estimate([slot for slot in slots if slot.start + slot.seconds <= as_of], readings, zone)


_ADVICE = {
    "no price": "give --tariff once for each version, or the dates of service",
    "no system peak": "add it to the file of --coincident-peaks",
    "no hourly price": "add it to the file of --prices",
    "no sell rate": 'write "sell_rate" in $/kWh into it, 0 if export earns nothing',
}


def refuse_open(usage: Usage, index: int, reasons: Iterable[OpenReason], path: Path) -> None:
    """Raise `UsageError` for the first reason why a bill cannot be final: a day without a price, a long reading."""
    for reason in reasons:
        if reason.at is None:
            raise UsageError(f"{reason.text}; {_ADVICE[reason.kind]}")
        where = f"{path}, row {usage.row_of(index, reason.at)}"
        raise UsageError(f"{where}: {reason.text}; give --spread even to share it by time")


def rate_all(tariff: DatedTariff, usage: Usage, path: Path, service: Service, *, as_csv: bool) -> Iterator[Part]:
    """The bills of all meters of the file at `path`, in file order, computed on all cores: as CSV rows of
    CSV_COLUMNS or as JSON lines.
    """
    count = len(usage.meters)
    parts = [usage.part(first, first + METERS_AT_ONCE) for first in range(0, count, METERS_AT_ONCE)]
    with ProcessPoolExecutor(os.cpu_count(), initializer=_begin, initargs=(tariff,)) as pool:
        yield from pool.map(partial(_rate_part, path=path, service=service, as_csv=as_csv), parts)


def as_json_line(bill: Bill) -> bytes:
    """A bill as one line of JSON."""
    return msgspec.json.encode(bill) + b"\n"


_tariff: DatedTariff  # one per worker process, so that results cached for the tariff serve all its parts


def _begin(tariff: DatedTariff) -> None:
    global _tariff
    _tariff = tariff


def rate_usage(tariff: DatedTariff, usage: Usage, path: Path, service: Service) -> list[Bill]:
    """The bills of all meters of the file at `path`, in file order. Raises `UsageError` if one is incomplete."""
    issued = []
    for number, meter_id in enumerate(usage.meters):
        received, reactive = usage.received_intervals(number), usage.reactive_intervals(number)
        own = rate_load(tariff, usage.intervals(number), meter_id, service, received, reactive)
        refuse_open(usage, number, (reason for bill in own for reason in bill.open_reasons), path)
        issued += own
    return issued


def _rate_part(usage: Usage, *, path: Path, service: Service, as_csv: bool) -> Part:
    issued = rate_usage(_tariff, usage, path, service)
    due = sum((bill.total_rounded for bill in issued), Decimal(0))
    text = _csv_rows(issued) if as_csv else b"".join(map(as_json_line, issued))
    return Part(len(usage.meters), len(issued), due, text)


def _csv_rows(issued: Sequence[Bill]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows(map(cell, values) for values in map(attrgetter(*CSV_COLUMNS.values()), issued))
    return text.getvalue().encode()
