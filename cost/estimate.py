"""`electrocloud cost`: what a fleet would cost per month in an AWS account, by service."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from analytics.template import ROOT, load
from cost.hosting import hosting_units
from cost.mail import mail_units
from cost.units import READS, Correction, FleetPlan, correction, live, units
from electrocloud.domain.errors import UsageError
from producers.fleet.simulate import SIMULATED_S

PRICES = Path(__file__).with_name("prices-us-east-1.json")
BAR = 30


class Price(msgspec.Struct, frozen=True):
    """A list price: `price` in $ per `per` units."""

    service: str
    what: str
    price: Decimal
    per: Decimal
    source: str


class PriceList(msgspec.Struct, frozen=True):
    """The list prices of one region as of a month."""

    region: str
    as_of: str
    note: str
    prices: dict[str, Price]


_decoder = msgspec.json.Decoder(PriceList)


class Entry(NamedTuple):
    """A line of the estimate: monthly units and their price in $."""

    service: str
    what: str
    quantity: float
    dollars: float


def print_document(fleet: FleetPlan) -> None:
    """Print what a fleet would cost a month as JSON."""
    print(json.dumps(_document(fleet, *priced(fleet)), indent=2))


def show(fleet: FleetPlan) -> None:
    """Print a fleet's monthly cost, most expensive first."""
    entries, corrected, prices = priced(fleet)
    to = Console()
    to.print(_table(fleet, entries))
    to.print(_correction_text(corrected, prices))
    to.print(_caption(fleet, prices), style="dim")


def priced(fleet: FleetPlan) -> tuple[list[Entry], Correction, PriceList]:
    """A fleet's monthly cost, most expensive first; what the correction of a price takes; and the price list used."""
    prices = _decoder.decode(PRICES.read_bytes())
    template = load()
    sample = live(fleet, template)
    billed = Counter(units(fleet, sample, template))
    if fleet.dashboard:
        billed.update(hosting_units(load(ROOT / "hosting" / "template.yaml")))
    if fleet.mail:
        billed.update(mail_units(fleet.meters))
    return estimate(billed, prices), correction(fleet, sample, template), prices


def fleet_plan(
    meters: int,
    interval_s: int,
    upload_every_s: int,
    *,
    kpl: bool,
    shards: int = 0,
    advantage: bool = False,
    dashboard: bool = False,
    mail: bool = False,
) -> FleetPlan:
    """The fleet that the options describe. Raises `UsageError` if they contradict each other."""
    if interval_s not in SIMULATED_S:
        raise UsageError(f"--interval is {interval_s}; it must be one of {', '.join(map(str, SIMULATED_S))}")
    if upload_every_s < interval_s or 86_400 % upload_every_s or upload_every_s % interval_s:
        raise UsageError(
            f"--upload-every is {upload_every_s}; it must be a multiple of the interval ({interval_s} s) "
            "and a divisor of a day (86400 s)"
        )
    if advantage and shards:
        raise UsageError("--advantage is for on-demand streams; leave out --shards")
    return FleetPlan(meters, interval_s, upload_every_s, kpl, shards, advantage, dashboard, mail)


def estimate(quantities: Mapping[str, float], prices: PriceList) -> list[Entry]:
    """Price the units, most expensive first."""
    entries = []
    for name, quantity in quantities.items():
        price = prices.prices[name]
        if quantity:
            dollars = quantity * float(price.price / price.per)
            entries.append(Entry(price.service, price.what, quantity, dollars))
    return sorted(entries, key=lambda entry: -entry.dollars)


def _table(fleet: FleetPlan, entries: list[Entry]) -> Table:
    total = sum(entry.dollars for entry in entries)
    channel = "KPL frames" if fleet.kpl else "the API"
    description = (
        f"{fleet.meters:,} meters, a reading every {fleet.interval_s} s, an upload every {fleet.upload_every_s} s"
    )
    table = Table(title=f"{description} by {channel}", title_justify="left")
    for name in ("Service", "Units per month", "", "$ per month", "Share", ""):
        table.add_column(name, justify="right" if name in ("Units per month", "$ per month", "Share") else "left")
    for entry in entries:
        share = entry.dollars / total
        bar = "█" * round(BAR * share)
        table.add_row(
            entry.service,
            _number(entry.quantity),
            entry.what,
            f"{entry.dollars:,.2f}",
            f"{share:.1%}",
            f"[cyan]{bar}[/cyan]",
        )
    table.add_section()
    millions = fleet.readings / 1e6
    table.add_row("[bold]Total[/bold]", "", "", f"[bold]{total:,.2f}[/bold]", "", "")
    table.add_row(
        "", f"{millions:,.1f}", "million readings, $ per million", f"[bold]{total / millions:,.3f}[/bold]", "", ""
    )
    return table


def _correction_text(found: Correction, prices: PriceList) -> str:
    return (
        f"Once: a price corrected retroactively for all meters and twelve months re-rates {found.bills:,} bills, "
        f"in {found.hours:,.1f} hours or more, for ${_dollars(found, prices):,.2f}."
    )


def _dollars(found: Correction, prices: PriceList) -> float:
    return sum(entry.dollars for entry in estimate(found.units, prices))


def _caption(fleet: FleetPlan, prices: PriceList) -> str:
    on_demand = "an ON_DEMAND stream" + (" and on-demand Advantage" if fleet.advantage else "")
    stream = f"a PROVISIONED stream of {fleet.shards} shards" if fleet.shards else on_demand
    return (
        f"With {stream} and {READS} calls of the read API a meter; prices of {prices.region} as of {prices.as_of}. "
        f"{prices.note} Not counted: closing and forecasting, the dashboard's reads, and storage beyond one month."
        + (" The hosted dashboard is that of a team of ten." if fleet.dashboard else "")
    )


def _document(fleet: FleetPlan, entries: list[Entry], correction: Correction, prices: PriceList) -> dict[str, object]:
    total = sum(entry.dollars for entry in entries)
    return {
        "fleet": fleet._asdict(),
        "region": prices.region,
        "as_of": prices.as_of,
        "dollars_a_month": round(total, 2),
        "readings_a_month": fleet.readings,
        "dollars_a_million_readings": round(total / fleet.readings * 1e6, 4),
        "price_correction": {
            "bills": correction.bills,
            "hours": round(correction.hours, 2),
            "dollars": round(_dollars(correction, prices), 2),
        },
        "entries": [entry._asdict() for entry in entries],
    }


def _number(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:,.3g}"
