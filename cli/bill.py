"""`electrocloud bill` and `electrocloud compare`: what a load costs on a tariff, and on others."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.choices import Output
from cli.files.comparing import compare_tariffs
from cli.files.rating import CSV_COLUMNS, rate_all, rate_usage
from cli.files.service import ServiceOptions
from cli.files.tariffs import read_tariff
from cli.files.usage import Usage, read_usage
from cli.rows import Rows, print_rows
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.comparison import Offer
from electrocloud.domain.errors import UsageError
from electrocloud.domain.tariffs.versions import DatedTariff
from meter_files.channel import ReadOptions
from presentation.invoice_text import money, print_history, print_invoice, print_summary, service_hints
from presentation.offers_text import print_comparison


class BillStore(Protocol):
    """A store of bills."""

    def history(self, meter_id: str) -> list[Bill]:
        """All versions of a meter's bills, ordered by month and version."""


def bill(
    tariff: Sequence[Path],
    usage: Path,
    reading: ReadOptions,
    options: ServiceOptions,
    output: Output | None,
    *,
    fill: bool,
) -> None:
    """Bill a load on a tariff, period by period. `tariff` lists the files of its dated versions."""
    prices = _read_prices(tariff, options)
    service = options.service(prices.versions[0].tariff.zone, fill=fill)
    load = read_usage(usage, reading)
    print_found(load, [prices])
    _refuse_unmetered(prices, load, usage, options)
    issued = rate_usage(prices, load, usage, service)
    if not issued:
        raise UsageError(f"{usage} has no reading in service; check --service-from and --service-to")
    show_bills(issued, output)
    for hint in service_hints(issued, service.terms) if as_text(output) else ():
        Console().print(hint, highlight=False)


def _read_prices(paths: Sequence[Path], options: ServiceOptions) -> DatedTariff:
    prices = read_tariff(paths, options.tariff)
    if options.prices and not any(version.tariff.series for version in prices.versions):
        raise UsageError(
            f"{' and '.join(map(str, paths))} has no energy_prices, so --prices would change nothing; "
            'write "energy_prices": {"name": "Day-ahead prices"} into it'
        )
    return prices


def _refuse_unmetered(prices: DatedTariff, load: Usage, usage: Path, options: ServiceOptions) -> None:
    """With --strict a charge for reactive power needs a file that has reactive energy."""
    if options.strict and load.reactive is None:
        for version in prices.versions:
            if version.tariff.reactive:
                raise UsageError(
                    f"{version.tariff.name} charges for reactive power, and {usage} has no reactive energy; "
                    "without --strict it is not billed"
                )


def print_found(load: Usage, tariffs: Iterable[DatedTariff] = ()) -> None:
    """Say on stderr what the file holds and what was left out of it, and which tariffs do not credit its export."""
    print_lines([*load.found, *_not_credited(load, tariffs)])


def print_lines(lines: Iterable[str]) -> None:
    """Print remarks on stderr."""
    console = Console(stderr=True, soft_wrap=True)
    for line in lines:
        console.print(line, style="dim", highlight=False, markup=False)


def _not_credited(load: Usage, tariffs: Iterable[DatedTariff]) -> Iterator[str]:
    wh = int(load.received.wh.sum()) if load.received else 0
    for prices in tariffs if wh else ():
        if any(version.tariff.metering is None for version in prices.versions):
            name = prices.versions[-1].tariff.name
            yield f"{name} does not say how export is credited: {wh / 1000:,.1f} kWh are not; give --metering"


def show_bills(found: Sequence[Bill], output: Output | None) -> None:
    """Print bills as invoices, with a summary of several, or in a form for programs: rows have the batch's columns."""
    if not as_text(output):
        _print_documents(found, Rows(list(CSV_COLUMNS), _bill_rows(found)), output)
        return
    console = Console()
    for one in found:
        print_invoice(console, one)
    if len(found) > 1:
        print_summary(console, found)


def batch(
    tariff: Sequence[Path], usage: Path, out: Path, reading: ReadOptions, options: ServiceOptions, *, fill: bool
) -> None:
    """Bill the loads of many meters (column meter_id), using all cores."""
    console = Console(stderr=True)
    prices = _read_prices(tariff, options)
    service = options.service(prices.versions[0].tariff.zone, fill=fill)
    began = time.perf_counter()
    with console.status(f"Reading {usage}"):
        load = read_usage(usage, reading)
    print_found(load, [prices])
    _refuse_unmetered(prices, load, usage, options)
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
    try:
        with bar, out.open("wb") as file:
            task = bar.add_task("", total=len(load.meters))
            file.write(",".join(CSV_COLUMNS).encode() + b"\n" if as_csv else b"")
            for part in rate_all(prices, load, usage, service, as_csv=as_csv):
                file.write(part.text)
                parts.append(part._replace(text=b""))
                bar.advance(task, part.meters)
    except UsageError:
        out.unlink()  # a file with some of the bills would look like one with all of them
        raise
    count, due = sum(part.bills for part in parts), sum((part.amount_due for part in parts), Decimal(0))
    total = money(due, prices.versions[0].tariff.currency)
    console.print(f"{count:,} bills totaling {total} in {time.perf_counter() - began:.1f} s, in {out}")


def compare(
    tariffs: Sequence[Path],
    usage: Path,
    reading: ReadOptions,
    options: ServiceOptions,
    output: Output | None,
    *,
    show_all: bool,
) -> None:
    """Rank tariffs by what a load's complete billing periods cost on each, and show what the best one would save."""
    load = read_usage(usage, reading)
    print_found(load)
    found = compare_tariffs(tariffs, load, usage, options, show_all=show_all)
    print_lines(_not_credited(load, found.tariffs))
    if as_text(output):
        print_comparison(Console(), found)
    else:
        rows = [[getattr(offer, name) for name in Offer.__struct_fields__] for offer in found.ranked]
        _print_documents([*found.ranked, *found.not_available], Rows(Offer.__struct_fields__, rows), output)


def show_history(store: BillStore, meter_id: str, output: Output | None) -> None:
    """Print all versions of a meter's bills."""
    issued = store.history(meter_id)
    if not issued:
        raise UsageError(f"there are no bills of meter {meter_id}; check its id")
    if as_text(output):
        print_history(Console(), issued)
    else:
        _print_documents(issued, Rows(["version", *CSV_COLUMNS], _bill_rows(issued, "version")), output)


def as_text(output: Output | None) -> bool:
    """Whether an answer is for people."""
    return output in (None, Output.table)


def _bill_rows(found: Sequence[Bill], *more: str) -> list[tuple[object, ...]]:
    return [*map(attrgetter(*more, *CSV_COLUMNS.values()), found)]


def _print_documents(what: Sequence[msgspec.Struct], rows: Rows, output: Output | None) -> None:
    """All that the documents hold as JSON, or a row of each."""
    if output is Output.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n")
    else:
        print_rows(rows, output)
