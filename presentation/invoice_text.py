"""Bills and comparisons as a customer reads them on a screen."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.line_text import price
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.currency import written
from presentation.units import month

WIDTH = 112


def print_invoice(console: Console, bill: Bill) -> None:
    """One month's bill: its lines, what is owed, and what it rests on."""
    marks = ["provisional"] if bill.status == "provisional" else []
    marks += [f"version {bill.version}"] if bill.version > 1 else []
    named = [
        f"[bold]{period(bill)}[/]",
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
    total = money(sum((bill.total_rounded for bill in bills), Decimal(0)), bills[0].currency)
    table.add_column("Period", footer="Total")
    table.add_column("Meter")
    table.add_column("Energy kWh", footer=f"{energy:,.1f}", justify="right")
    table.add_column("Demand kW", justify="right")
    table.add_column("Owed", footer=total, justify="right")
    table.add_column("")
    for bill in bills:
        energy_kwh, demand_kw = f"{bill.energy_kwh:,.1f}", f"{bill.demand_kw:,.2f}"
        table.add_row(
            period(bill), bill.meter_id, energy_kwh, demand_kw, money(bill.total_rounded, bill.currency), bill.status
        )
    console.print(table)


def print_history(console: Console, bills: Sequence[Bill]) -> None:
    """All versions of a meter's bills, one a row, with what each changed."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("Month", "Version", "kWh", "Owed", "Adjusted", "Missing", "Estimated"):
        table.add_column(name, justify="left" if name == "Month" else "right", no_wrap=True)
    table.add_column("Tariff")
    for bill in bills:
        table.add_row(
            bill.month or str(bill.period_start),
            f"{bill.version}{'' if bill.status == 'final' else ' *'}",
            f"{bill.energy_kwh:,.1f}",
            money(bill.total_rounded, bill.currency),
            money(bill.adjustment.amount_rounded, bill.currency, sign=True) if bill.adjustment else "",
            str(bill.intervals.missing or ""),
            str(bill.intervals.estimated or ""),
            escape(bill.tariff),
        )
    console.print(table)
    if any(bill.status == "provisional" for bill in bills):
        console.print("* provisional: until every reading of the month is in")


def service_hints(bills: Sequence[Bill], terms: ServiceTerms) -> Iterator[str]:
    """What to say of a file whose readings begin or end within a billing period, where nobody said when service did."""
    for bill, given, option, word in (
        (bills[0], terms.first, "--service-from", "begin"),
        (bills[-1], terms.end, "--service-to", "end"),
    ):
        days = (bill.read_from, bill.period_start) if word == "begin" else (bill.read_until, bill.period_end)
        read, edge = days
        if given or not read or not edge or not bill.intervals.missing:
            continue
        if word == "begin" and read > edge:
            yield f"Readings begin on {read}. If service began then, give {option} {read}: the bill is for its days."
        if word == "end" and read + timedelta(days=1) < edge:
            end = read + timedelta(days=1)
            yield f"Readings end on {read}. If service ended then, give {option} {end}: the bill is for its days."


def period(bill: Bill) -> str:
    """`July 2026` where it is the whole calendar month, or has no dates; else `Jul 16 to Jul 31, 2026`."""
    if bill.month and (bill.period_start is None or bill.days == bill.full_days):
        return month(bill.month)
    assert bill.period_start
    assert bill.period_end
    first, last = bill.period_start, bill.period_end - timedelta(days=1)
    year = f", {first.year}" if first.year != last.year else ""
    return f"{first:%b} {first.day}{year} to {last:%b} {last.day}, {last.year}"


def money(amount: Decimal, currency: str = "USD", *, sign: bool = False) -> str:
    """`$1,234.50`, `-$3.20`, and with `sign` also `+$3.20`; as the currency's locale writes it."""
    before = "-" if amount < 0 else "+" if sign and amount > 0 else ""
    return before + written(abs(amount), 2, currency)


def percent(share: Decimal) -> str:
    """`12 %`, and `<1 %` of what is not nothing."""
    return f"{share * 100:.0f} %" if share >= Decimal("0.005") else "<1 %"


def _lines(bill: Bill) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_footer=True)
    table.add_column("What", footer=f"Total for {period(bill)}", ratio=1)
    table.add_column("Quantity", justify="right", no_wrap=True)
    table.add_column("Price", justify="right", no_wrap=True)
    table.add_column("Amount", footer=money(bill.total_rounded, bill.currency), justify="right", no_wrap=True)
    for line in bill.lines:
        what, estimated = words_of(line)
        amount = money(line.amount_rounded, bill.currency)
        table.add_row(f"{escape(what)}[yellow]{estimated}[/]", *price_of(line, bill.currency), amount)
    return table


def words_of(line: Line) -> tuple[str, str]:
    """What a line is for, and how much of it was estimated: ` (12 % estimated)`, or nothing."""
    estimated = f" ({percent(line.estimated_share)} estimated)" if line.estimated_share else ""
    return line.explanation, estimated


def price_of(line: Line, currency: str = "USD") -> tuple[str, str]:
    """A line's quantity with its unit and the price of one; nothing for what is by the month or the year."""
    if line.unit in ("month", "year"):
        return "", ""
    if line.unit == "%":
        return money(line.quantity, currency), f"{line.unit_rate * 100:.4f}".rstrip("0").rstrip(".") + "%"
    if line.unit == "day":
        return f"{line.quantity:f} {'day' if line.quantity == 1 else 'days'}", price(line.unit_rate, 2, currency)
    return f"{line.quantity:,.3f} {line.unit}", unit_price(line, currency)


def unit_price(line: Line, currency: str) -> str:
    """The price of one: all its decimals, or six of a rate that was weighted and has no end."""
    rate = line.unit_rate if -int(line.unit_rate.as_tuple().exponent) <= 8 else round(line.unit_rate, 6)
    return price(rate, 4 if line.unit == "kWh" else 2, currency)


def notes(bill: Bill) -> Iterator[str]:
    """What a bill replaces, the part of its peak hours, and what it rests on: a sentence each, as markup."""
    if bill.adjustment:
        owed = bill.adjustment.amount_rounded
        change = f"{money(abs(owed), bill.currency)} {'less' if owed < 0 else 'more'}" if owed else "the same"
        yield f"[bold]{bill.adjustment.explanation}: this one is {change}.[/]"
    if bill.peak_energy_share:
        energy, cost = percent(bill.peak_energy_share), percent(bill.peak_bill_share)
        yield f"Peak hours have {energy} of your energy and {cost} of this bill."
    yield _readings(bill)
    for reason in bill.open_reasons:
        yield f"[yellow]Not final: {escape(reason.text)}.[/]"


def _readings(bill: Bill) -> str:
    counts, name = bill.intervals, "month" if bill.month and bill.days == bill.full_days else "period"
    if not counts.missing and not counts.estimated:
        if counts.not_yet_due:
            return f"All {counts.read:,} readings until now are in; {counts.not_yet_due:,} are not due yet."
        return f"All {counts.expected:,} readings of the {name} are in."
    parts = [f"{counts.read:,} of the {name}'s {counts.expected:,} readings are in"]
    if counts.estimated:
        verb = "is" if counts.estimated == 1 else "are"
        parts.append(f"{counts.estimated:,} {verb} estimated from the weeks before, until the real ones come")
    if counts.from_profile:
        parts.append(f"{counts.from_profile:,} of these by the mean of the customer's class, for want of history")
    if counts.missing:
        parts.append(f"[yellow]{counts.missing:,} {'is' if counts.missing == 1 else 'are'} missing, and not billed[/]")
    if counts.not_yet_due:
        parts.append(f"{counts.not_yet_due:,} {'is' if counts.not_yet_due == 1 else 'are'} not due yet")
    return "; ".join(parts) + "."
