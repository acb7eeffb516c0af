"""`electrocloud bill` and `electrocloud compare`: what a load costs under a tariff, and what it would under others."""

import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.files.comparing import compare_tariffs
from cli.files.rating import CSV_COLUMNS, rate_all, rate_usage
from cli.files.service import AsOf, CycleDay, ServiceFrom, ServiceOptions, ServiceTo, SpreadOption, Zone
from cli.files.tariffs import read_tariff
from cli.files.usage import read_usage
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.errors import UsageError
from presentation.invoice_text import money, print_history, print_invoice, print_summary, service_hints
from presentation.offers_text import print_comparison

app = typer.Typer(invoke_without_command=True)

TARIFF = typer.Option(
    "--tariff", help="The tariff: URDB JSON. Give it again for each dated version of its prices.", show_default=False
)
USAGE = typer.Option(
    "--usage", help="Readings: CSV or Parquet with the columns start and wh (or kwh).", show_default=False
)
AS_JSON = typer.Option("--json", help="Print JSON, and nothing else.")
FILL = typer.Option("--estimate", help="Fill gaps like the same hours of the weeks before.")


class BillStore(Protocol):
    """Where bills are kept."""

    def history(self, meter_id: str) -> list[Bill]:
        """All versions of a meter's bills, by month and version."""


@app.callback()
def bill(
    context: typer.Context,
    tariff: Annotated[list[Path] | None, TARIFF] = None,
    usage: Annotated[Path | None, USAGE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
    fill: Annotated[bool, FILL] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: SpreadOption = None,
) -> None:
    """Bill a load by a tariff, period by period."""
    if context.invoked_subcommand:
        return
    if not tariff or usage is None:
        raise UsageError("a bill needs --tariff T.json and --usage U.csv; see electrocloud bill --help")
    options = ServiceOptions(zone, service_from, service_to, cycle_day, as_of, spread)
    prices = read_tariff(tariff, options.known_zone)
    service = options.service(prices.versions[0].tariff.zone, fill=fill)
    issued = rate_usage(prices, read_usage(usage), usage, service)
    if not issued:
        raise UsageError(f"{usage} has no reading in service; check --service-from and --service-to")
    if as_json:
        _print_json(issued)
        return
    console = Console()
    for one in issued:
        print_invoice(console, one)
    if len(issued) > 1:
        print_summary(console, issued)
    for hint in service_hints(issued, service.agreement):
        console.print(hint, highlight=False)


@app.command()
def batch(
    tariff: Annotated[list[Path], TARIFF],
    usage: Annotated[Path, USAGE],
    out: Annotated[Path, typer.Option(help="Where the bills go: .csv, or else a line of JSON each.")],
    fill: Annotated[bool, FILL] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: SpreadOption = None,
) -> None:
    """Bill the loads of many meters (column meter_id), on all cores."""
    console = Console(stderr=True)
    options = ServiceOptions(zone, service_from, service_to, cycle_day, as_of, spread)
    prices = read_tariff(tariff, options.known_zone)
    service = options.service(prices.versions[0].tariff.zone, fill=fill)
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
        for part in rate_all(prices, load, usage, service, as_csv=as_csv):
            file.write(part.text)
            parts.append(part._replace(text=b""))
            bar.advance(task, part.meters)
    count, owed = sum(part.bills for part in parts), sum((part.owed for part in parts), Decimal(0))
    total = money(owed, prices.versions[0].tariff.currency)
    console.print(f"{count:,} bills totaling {total} in {time.perf_counter() - began:.1f} s, in {out}")


def compare(
    tariffs: Annotated[list[Path], typer.Argument(help="Tariffs: URDB JSON; the first is the present one.")],
    usage: Annotated[Path, USAGE],
    as_json: Annotated[bool, AS_JSON] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show tariffs too that are not for this customer.")] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: SpreadOption = None,
) -> None:
    """Rank tariffs by what a load's whole billing periods cost under each, and say what the best would save."""
    options = ServiceOptions(zone, service_from, service_to, cycle_day, as_of, spread)
    found = compare_tariffs(tariffs, usage, options, show_all=show_all)
    if as_json:
        _print_json([*found.ranked, *found.not_available])
    else:
        print_comparison(Console(), found)


def show_history(store: BillStore, meter_id: str, *, as_json: bool) -> None:
    """All versions of a meter's bills, on the screen."""
    issued = store.history(meter_id)
    if not issued:
        raise UsageError(f"there are no bills of meter {meter_id}; check its id")
    if as_json:
        _print_json(issued)
    else:
        print_history(Console(), issued)


def _print_json(what: Sequence[msgspec.Struct]) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(what), indent=2) + b"\n")
