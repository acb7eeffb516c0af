"""Bills and tariff comparisons as text for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
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
from presentation.export_text import credit_text, export_notes
from presentation.money_text import money as money
from presentation.units import month

WIDTH = 112


def print_invoice(console: Console, bill: Bill) -> None:
    """Print one month's bill: its lines, the amount due, and the readings behind it."""
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
    """Print several bills, one per row, with their total."""
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    energy = sum((bill.energy_kwh for bill in bills), Decimal(0))
    total = money(sum((bill.total_rounded for bill in bills), Decimal(0)), bills[0].currency)
    table.add_column("Period", footer="Total")
    table.add_column("Meter")
    table.add_column("Energy kWh", footer=f"{energy:,.1f}", justify="right")
    exported = any(bill.credit for bill in bills)
    if exported:
        received = sum((bill.received_kwh for bill in bills), Decimal(0))
        table.add_column("Exported kWh", footer=f"{received:,.1f}", justify="right")
        table.add_column("Credit left", justify="right")
    table.add_column("Demand kW", justify="right")
    table.add_column("Amount due", footer=total, justify="right")
    table.add_column("")
    for bill in bills:
        energy_kwh, demand_kw = f"{bill.energy_kwh:,.1f}", f"{bill.demand_kw:,.2f}"
        export = [f"{bill.received_kwh:,.1f}", _credit_left(bill)] if exported else []
        due = money(bill.total_rounded, bill.currency)
        table.add_row(period(bill), bill.meter_id, energy_kwh, *export, demand_kw, due, bill.status)
    console.print(table)


def _credit_left(bill: Bill) -> str:
    return credit_text(bill.credit.closing, bill.currency) if bill.credit else ""


def print_history(console: Console, bills: Sequence[Bill]) -> None:
    """Print all versions of a meter's bills, one per row, with the change each made."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    counts = {"Missing": "missing", "Not due": "not_yet_due", "Estimated": "estimated"}
    counted = {name: part for name, part in counts.items() if any(getattr(one.intervals, part) for one in bills)}
    for name in ("Month", "Version", "kWh", "Amount due", "Change", *counted):
        table.add_column(name, justify="left" if name == "Month" else "right", no_wrap=True)
    table.add_column("Tariff", overflow="fold", min_width=12)
    for bill in bills:
        table.add_row(
            bill.month or str(bill.period_start),
            f"{bill.version}{'' if bill.status == 'final' else ' *'}",
            f"{bill.energy_kwh:,.1f}",
            money(bill.total_rounded, bill.currency),
            money(bill.adjustment.amount_rounded, bill.currency, sign=True) if bill.adjustment else "",
            *(str(getattr(bill.intervals, part) or "") for part in counted.values()),
            escape(bill.tariff),
        )
    console.print(table)
    if any(bill.status == "provisional" for bill in bills):
        console.print("* provisional: some readings of the month are missing or not due yet")


def service_hints(bills: Sequence[Bill], terms: ServiceTerms) -> Iterator[str]:
    """Hints for a file whose readings begin or end within a billing period, if no service dates were given."""
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
    """`July 2026` for a whole calendar month or a bill without dates; otherwise `Jul 16 to Jul 31, 2026`."""
    if bill.month and (bill.period_start is None or bill.days == bill.full_days):
        return month(bill.month)
    assert bill.period_start
    assert bill.period_end
    first, last = bill.period_start, bill.period_end - timedelta(days=1)
    year = f", {first.year}" if first.year != last.year else ""
    return f"{first:%b} {first.day}{year} to {last:%b} {last.day}, {last.year}"


def percent(share: Decimal) -> str:
    """`12%`, or `<1%` for a share that would round to 0."""
    return f"{share * 100:.0f}%" if share >= Decimal("0.005") else "<1%"


def _lines(bill: Bill) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, show_footer=True)
    table.add_column("Description", footer=f"Total for {period(bill)}", ratio=1)
    table.add_column("Quantity", justify="right", no_wrap=True)
    table.add_column("Rate", justify="right", no_wrap=True)
    table.add_column("Amount", footer=money(bill.total_rounded, bill.currency), justify="right", no_wrap=True)
    for line in bill.lines:
        what, estimated = words_of(line)
        amount = money(line.amount_rounded, bill.currency)
        table.add_row(f"{escape(what)}[yellow]{estimated}[/]", *price_of(line, bill.currency), amount)
    return table


def words_of(line: Line) -> tuple[str, str]:
    """A line's description, and its estimated share such as ` (12% estimated)`, or an empty text."""
    estimated = f" ({percent(line.estimated_share)} estimated)" if line.estimated_share else ""
    return line.explanation, estimated


def price_of(line: Line, currency: str = "USD") -> tuple[str, str]:
    """A line's quantity and rate with their units.

    Both are empty for credits, what is not metered and the minimum-bill charge, which has no price; a part of a month
    or year is in the line's text alone.
    """
    if line.unit == "credit" or line.kind == "minimum" or (line.kind == "reactive" and not line.quantity):
        return "", ""
    if line.unit == "%":
        return money(line.quantity, currency), f"{line.unit_rate * 100:.4f}".rstrip("0").rstrip(".") + "%"
    if line.unit in ("day", "month", "year"):
        counted = line.unit == "day" or line.quantity == 1
        quantity = f"{line.quantity:f} {line.unit}{'' if line.quantity == 1 else 's'}" if counted else ""
        return quantity, f"{unit_price(line, currency)}/{line.unit}"
    return f"{line.quantity:,.3f} {line.unit}", f"{unit_price(line, currency)}/{line.unit}"


def unit_price(line: Line, currency: str) -> str:
    """The rate per unit with all its decimals, or six for a weighted rate without a finite number of decimals."""
    rate = line.unit_rate if -int(line.unit_rate.as_tuple().exponent) <= 8 else round(line.unit_rate, 6)
    return price(rate, 4 if line.unit == "kWh" else 2, currency)


def notes(bill: Bill, *, brief: bool = False) -> Iterator[str]:
    """Notes on a bill, as Rich markup: the version it replaces and why, the peak shares, and the readings behind it.

    `brief` ones leave out number, dates and use per day, which an invoice has in places of their own.
    """
    if bill.adjustment:
        amount = bill.adjustment.amount_rounded
        change = f"{money(abs(amount), bill.currency)} {'less' if amount < 0 else 'more'}" if amount else "unchanged"
        why = f" Reason: {escape(bill.reason)}." if bill.reason else ""
        yield f"[bold]{bill.adjustment.explanation}: this version is {change}.{why}[/]"
    if not brief and bill.issued_on and bill.due_on:
        read = f" Read from {day(bill.read_from)} to {day(bill.read_until)}." if bill.read_from else ""
        yield f"Bill {escape(bill.number)}, issued on {day(bill.issued_on)}, due on {day(bill.due_on)}.{read}"
    if not brief and bill.daily_kwh is not None:
        yield _use_per_day(bill)
    if bill.peak_energy_share:
        energy, cost = percent(bill.peak_energy_share), percent(bill.peak_bill_share)
        yield f"Peak hours account for {energy} of your energy and {cost} of this bill."
    yield from export_notes(bill)
    yield _readings(bill)
    for reason in bill.open_reasons:
        yield f"[yellow]Not final: {escape(reason.text)}.[/]"


def day(day: date | None) -> str:
    """`Jul 31, 2026`; an empty text for no day."""
    if day is None:
        return ""
    return f"{day:%b} {day.day}, {day.year}"


def _use_per_day(bill: Bill) -> str:
    others = [
        f"{kwh:,.1f} in {when}"
        for kwh, when in (
            (bill.daily_kwh_before, "the period before"),
            (bill.daily_kwh_last_year, "the same period last year"),
        )
        if kwh is not None
    ]
    return f"Use per day: {bill.daily_kwh:,.1f} kWh{''.join(f'; {other}' for other in others)}."


def _readings(bill: Bill) -> str:
    counts, name = bill.intervals, "month" if bill.month and bill.days == bill.full_days else "period"
    outside = f" {counts.outside_service:,} more are outside your time of service." if counts.outside_service else ""
    if not counts.missing and not counts.estimated:
        if counts.not_yet_due:
            due = f"All {counts.read:,} readings due so far have arrived; {counts.not_yet_due:,} are not due yet."
            return due + outside
        return f"All {counts.expected:,} readings of the {name} have arrived.{outside}"
    parts = [f"{counts.read:,} of the {name}'s {counts.expected:,} readings have arrived"]
    if counts.estimated:
        verb = "is" if counts.estimated == 1 else "are"
        parts.append(f"{counts.estimated:,} {verb} estimated from the weeks before until the actual readings arrive")
    if counts.from_profile:
        parts.append(f"{counts.from_profile:,} of these from the customer class's mean, for lack of history")
    if counts.missing:
        parts.append(f"[yellow]{counts.missing:,} {'is' if counts.missing == 1 else 'are'} missing and not billed[/]")
    if counts.not_yet_due:
        parts.append(f"{counts.not_yet_due:,} {'is' if counts.not_yet_due == 1 else 'are'} not due yet")
    return "; ".join(parts) + "." + outside
