"""Bills and tariff comparisons as text for a terminal."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.comparison import Offer
from electrocloud.domain.billing.line_text import price
from presentation.units import month

WIDTH = 112


def print_invoice(console: Console, bill: Bill) -> None:
    """Print one month's bill: its lines, the amount due, and the readings behind it."""
    marks = ["provisional"] if bill.status == "provisional" else []
    marks += [f"version {bill.version}"] if bill.version > 1 else []
    named = [
        f"[bold]{month(bill.month)}[/]",
        escape(bill.tariff_name),
        *([f"meter {bill.meter_id}"] if bill.meter_id else []),
    ]
    body = Group(_lines(bill), "", *notes(bill))
    console.print(
        Panel(
            body,
            title=" · ".join(named),
            title_align="left",
            subtitle=", ".join(marks) or None,
            padding=(0, 2),
            width=min(console.width, WIDTH),
        )
    )


def print_summary(console: Console, bills: Sequence[Bill]) -> None:
    """Print several bills, one per row, with their total."""
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    energy = sum((bill.energy_kwh for bill in bills), Decimal(0))
    due = sum((bill.total_rounded for bill in bills), Decimal(0))
    table.add_column("Month", footer="Total")
    table.add_column("Meter")
    table.add_column("Energy kWh", footer=f"{energy:,.1f}", justify="right")
    table.add_column("Demand kW", justify="right")
    table.add_column("Amount due", footer=money(due), justify="right")
    table.add_column("")
    for bill in bills:
        energy_kwh, demand_kw = f"{bill.energy_kwh:,.1f}", f"{bill.demand_kw:,.2f}"
        table.add_row(month(bill.month), bill.meter_id, energy_kwh, demand_kw, money(bill.total_rounded), bill.status)
    console.print(table)


def print_history(console: Console, bills: Sequence[Bill]) -> None:
    """Print all versions of a meter's bills, one per row, with the change each made."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("Month", "Version", "kWh", "Amount due", "Change", "Missing", "Estimated"):
        table.add_column(name, justify="left" if name == "Month" else "right", no_wrap=True)
    table.add_column("Tariff")
    for bill in bills:
        table.add_row(
            bill.month,
            f"{bill.version}{'' if bill.status == 'final' else ' *'}",
            f"{bill.energy_kwh:,.1f}",
            money(bill.total_rounded),
            money(bill.adjustment.amount_rounded, sign=True) if bill.adjustment else "",
            str(bill.intervals.missing or ""),
            str(bill.intervals.estimated or ""),
            escape(bill.tariff),
        )
    console.print(table)
    if any(bill.status == "provisional" for bill in bills):
        console.print("* provisional: some readings of the month are still missing")


def print_offers(console: Console, ranked: Sequence[Offer]) -> None:
    """Print what a load costs on each tariff, cheapest first, and the savings of the best one."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("Tariff")
    for name in ("Months", "Cost", "Savings", "Peak energy", "Peak cost"):
        table.add_column(name, justify="right")
    for place, offer in enumerate(ranked, start=1):
        shares = [percent(share) if share else "-" for share in (offer.peak_energy_share, offer.peak_bill_share)]
        saving = money(offer.saving, sign=True) if offer.saving else ""
        table.add_row(str(place), escape(offer.tariff_name), str(offer.months), money(offer.total), saving, *shares)
    console.print(table)
    if len({offer.months for offer in ranked}) > 1:
        console.print("The tariffs' time zones split this load into different numbers of billing months.")
    best = ranked[0]
    if best.saving > 0:
        part = percent(best.saving / (best.total + best.saving))
        console.print(
            f"[bold]{escape(best.tariff_name)}[/] would save {money(best.saving)}, {part} of the current cost."
        )
    else:
        console.print("The current tariff is the cheapest of these.")


def money(amount: Decimal, *, sign: bool = False) -> str:
    """`$1,234.50`, `-$3.20`; with `sign`, positive amounts as `+$3.20`."""
    before = "-" if amount < 0 else "+" if sign and amount > 0 else ""
    return f"{before}${abs(amount):,.2f}"


def percent(share: Decimal) -> str:
    """`12%`, or `<1%` for a share that would round to 0."""
    return f"{share * 100:.0f}%" if share >= Decimal("0.005") else "<1%"


def _lines(bill: Bill) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_footer=True)
    table.add_column("Description", footer=f"Total for {month(bill.month)}", ratio=1)
    table.add_column("Quantity", justify="right", no_wrap=True)
    table.add_column("Rate", justify="right", no_wrap=True)
    table.add_column("Amount", footer=money(bill.total_rounded), justify="right", no_wrap=True)
    for line in bill.lines:
        what, estimated = words_of(line)
        table.add_row(f"{escape(what)}[yellow]{estimated}[/]", *price_of(line), money(line.amount_rounded))
    return table


def words_of(line: Line) -> tuple[str, str]:
    """A line's description, and its estimated share such as ` (12% estimated)`, or an empty text."""
    estimated = f" ({percent(line.estimated_share)} estimated)" if line.estimated_share else ""
    return line.explanation, estimated


def price_of(line: Line) -> tuple[str, str]:
    """A line's quantity and rate with their units; both empty for monthly charges."""
    if line.unit == "month":
        return "", ""
    rate = price(line.unit_rate, 4 if line.kind == "energy" else 2)
    return f"{line.quantity:,.3f} {line.unit}", f"{rate}/{line.unit}"


def notes(bill: Bill) -> Iterator[str]:
    """Notes on a bill, as Rich markup: the version it replaces, the peak shares, and the readings behind it."""
    if bill.adjustment:
        amount = bill.adjustment.amount_rounded
        change = f"{money(abs(amount))} {'less' if amount < 0 else 'more'}" if amount else "unchanged"
        yield f"[bold]{bill.adjustment.explanation}: this version is {change}.[/]"
    if bill.peak_energy_share:
        energy, cost = percent(bill.peak_energy_share), percent(bill.peak_bill_share)
        yield f"Peak hours account for {energy} of your energy and {cost} of this bill."
    yield _readings(bill)


def _readings(bill: Bill) -> str:
    counts = bill.intervals
    if not counts.missing and not counts.estimated:
        return f"All {counts.expected:,} readings of the month have arrived."
    parts = [f"{counts.read:,} of the month's {counts.expected:,} readings have arrived"]
    if counts.estimated:
        verb = "is" if counts.estimated == 1 else "are"
        parts.append(f"{counts.estimated:,} {verb} estimated from the weeks before until the actual readings arrive")
    if counts.missing:
        verb = "is" if counts.missing == 1 else "are"
        parts.append(f"[yellow]{counts.missing:,} {verb} missing and not billed[/]")
    return "; ".join(parts) + "."
