"""Bills and comparisons as a customer reads them on a screen."""

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
    """One month's bill: its lines, what is owed, and what it rests on."""
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
    """Several bills, one a row, with their sum."""
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    energy = sum((bill.energy_kwh for bill in bills), Decimal(0))
    table.add_column("Month", footer="Total")
    table.add_column("Meter")
    table.add_column("Energy kWh", footer=f"{energy:,.1f}", justify="right")
    table.add_column("Demand kW", justify="right")
    table.add_column("Owed", footer=money(sum((bill.total_rounded for bill in bills), Decimal(0))), justify="right")
    table.add_column("")
    for bill in bills:
        energy_kwh, demand_kw = f"{bill.energy_kwh:,.1f}", f"{bill.demand_kw:,.2f}"
        table.add_row(month(bill.month), bill.meter_id, energy_kwh, demand_kw, money(bill.total_rounded), bill.status)
    console.print(table)


def print_history(console: Console, bills: Sequence[Bill]) -> None:
    """All versions of a meter's bills, one a row, with what each changed."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("Month", "Version", "kWh", "Owed", "Adjusted", "Missing", "Estimated"):
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
        console.print("* provisional: until every reading of the month is in")


def print_offers(console: Console, ranked: Sequence[Offer]) -> None:
    """What a load costs under each tariff, the cheapest first, and what to make of it."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("Tariff")
    for name in ("Months", "Cost", "Saving", "Peak energy", "Peak cost"):
        table.add_column(name, justify="right")
    for place, offer in enumerate(ranked, start=1):
        shares = [percent(share) if share else "-" for share in (offer.peak_energy_share, offer.peak_bill_share)]
        saving = money(offer.saving, sign=True) if offer.saving else ""
        table.add_row(str(place), escape(offer.tariff_name), str(offer.months), money(offer.total), saving, *shares)
    console.print(table)
    if len({offer.months for offer in ranked}) > 1:
        console.print("Time zones part this load into different numbers of months, each with its fixed charges.")
    best = ranked[0]
    if best.saving > 0:
        part = percent(best.saving / (best.total + best.saving))
        console.print(
            f"[bold]{escape(best.tariff_name)}[/] would save {money(best.saving)}, {part} of the present cost."
        )
    else:
        console.print("The present tariff is the cheapest of these.")


def money(amount: Decimal, *, sign: bool = False) -> str:
    """`$1,234.50`, `-$3.20`, and with `sign` also `+$3.20`."""
    before = "-" if amount < 0 else "+" if sign and amount > 0 else ""
    return f"{before}${abs(amount):,.2f}"


def percent(share: Decimal) -> str:
    """`12 %`, and `<1 %` of what is not nothing."""
    return f"{share * 100:.0f} %" if share >= Decimal("0.005") else "<1 %"


def _lines(bill: Bill) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_footer=True)
    table.add_column("What", footer=f"Total for {month(bill.month)}", ratio=1)
    table.add_column("Quantity", justify="right", no_wrap=True)
    table.add_column("Price", justify="right", no_wrap=True)
    table.add_column("Amount", footer=money(bill.total_rounded), justify="right", no_wrap=True)
    for line in bill.lines:
        what, estimated = words_of(line)
        table.add_row(f"{escape(what)}[yellow]{estimated}[/]", *price_of(line), money(line.amount_rounded))
    return table


def words_of(line: Line) -> tuple[str, str]:
    """What a line is for, and how much of it was estimated: ` (12 % estimated)`, or nothing."""
    estimated = f" ({percent(line.estimated_share)} estimated)" if line.estimated_share else ""
    return line.explanation, estimated


def price_of(line: Line) -> tuple[str, str]:
    """A line's quantity with its unit and the price of one; nothing for what is by the month."""
    if line.unit == "month":
        return "", ""
    return f"{line.quantity:,.3f} {line.unit}", price(line.unit_rate, 4 if line.kind == "energy" else 2)


def notes(bill: Bill) -> Iterator[str]:
    """What a bill replaces, the part of its peak hours, and what it rests on: a sentence each, as markup."""
    if bill.adjustment:
        owed = bill.adjustment.amount_rounded
        change = f"{money(abs(owed))} {'less' if owed < 0 else 'more'}" if owed else "the same"
        yield f"[bold]{bill.adjustment.explanation}: this one is {change}.[/]"
    if bill.peak_energy_share:
        energy, cost = percent(bill.peak_energy_share), percent(bill.peak_bill_share)
        yield f"Peak hours have {energy} of your energy and {cost} of this bill."
    yield _readings(bill)


def _readings(bill: Bill) -> str:
    counts = bill.intervals
    if not counts.missing and not counts.estimated:
        return f"All {counts.expected:,} readings of the month are in."
    parts = [f"{counts.read:,} of the month's {counts.expected:,} readings are in"]
    if counts.estimated:
        verb = "is" if counts.estimated == 1 else "are"
        parts.append(f"{counts.estimated:,} {verb} estimated from the weeks before, until the real ones come")
    if counts.missing:
        parts.append(f"[yellow]{counts.missing:,} {'is' if counts.missing == 1 else 'are'} missing, and not billed[/]")
    return "; ".join(parts) + "."
