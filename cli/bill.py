"""`electrocloud bill` and `electrocloud compare`: what a load costs on a tariff, and on others."""

import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.files.rating import CSV_COLUMNS, rate_all, rate_load
from cli.files.tariffs import read_tariff
from cli.files.usage import read_usage
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.comparison import offers
from electrocloud.domain.errors import UsageError
from electrocloud.domain.tariffs.tariff import Tariff
from presentation.invoice_text import money, print_history, print_invoice, print_offers, print_summary


class BillStore(Protocol):
    """A store of bills."""

    def history(self, meter_id: str) -> list[Bill]:
        """All versions of a meter's bills, ordered by month and version."""


def bill(tariff: Path, usage: Path, *, as_json: bool, fill: bool) -> None:
    """Bill a load on a tariff, month by month."""
    issued = _bills(read_tariff(tariff), usage, fill=fill)
    if as_json:
        _print_json(issued)
        return
    console = Console()
    for one in issued:
        print_invoice(console, one)
    if len(issued) > 1:
        print_summary(console, issued)


def batch(tariff: Path, usage: Path, out: Path, *, fill: bool) -> None:
    """Bill the loads of many meters (column meter_id), using all cores."""
    console = Console(stderr=True)
    rules = read_tariff(tariff)
    began = time.perf_counter()
    with console.status(f"Reading {usage}"):
        load = read_usage(usage)
    as_csv = out.suffix == ".csv"
    bar = Progress(
        TextColumn("Billing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("meters"),
        TimeRemainingColumn(),
        console=console,
    )
    parts = []
    with bar, out.open("wb") as file:
        task = bar.add_task("", total=len(load.meters))
        file.write(",".join(CSV_COLUMNS).encode() + b"\n" if as_csv else b"")
        for part in rate_all(rules, load, fill=fill, as_csv=as_csv):
            file.write(part.text)
            parts.append(part._replace(text=b""))
            bar.advance(task, part.meters)
    count, due = sum(part.bills for part in parts), sum((part.amount_due for part in parts), Decimal(0))
    console.print(f"{count:,} bills totaling {money(due)} in {time.perf_counter() - began:.1f} s, in {out}")


def compare(tariffs: Sequence[Path], usage: Path, *, as_json: bool) -> None:
    """Rank tariffs by what a load costs on each, and show what the best one would save."""
    ranked = offers([_bills(read_tariff(tariff), usage, fill=False) for tariff in tariffs])
    if as_json:
        _print_json(ranked)
    else:
        print_offers(Console(), ranked)


def show_history(store: BillStore, meter_id: str, *, as_json: bool) -> None:
    """Print all versions of a meter's bills."""
    issued = store.history(meter_id)
    if not issued:
        raise UsageError(f"there are no bills of meter {meter_id}; check its id")
    if as_json:
        _print_json(issued)
    else:
        print_history(Console(), issued)


def _bills(tariff: Tariff, usage: Path, *, fill: bool) -> list[Bill]:
    load = read_usage(usage)
    return [
        bill
        for number, meter_id in enumerate(load.meters)
        for bill in rate_load(tariff, load.intervals(number), meter_id, fill=fill)
    ]


def _print_json(what: Sequence[msgspec.Struct]) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n")
