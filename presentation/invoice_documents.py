"""A bill as an invoice in HTML, CSV and PDF. Every amount is the stored bill's."""

import csv
from collections.abc import Iterable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from rich.markup import render

from electrocloud.domain.billing.bill import Bill
from presentation.invoice_text import day, money, notes, period, price_of, words_of
from presentation.units import count, in_html

HEADINGS = ("Description", "Quantity", "Rate", "Amount")
FONTS = Path(__file__).with_name("fonts")  # they cover most alphabets; FPDF's own cover Western European letters only
_GRAY, _RULES = 90, 200


class InvoiceRow(NamedTuple):
    """A line of the invoice as text."""

    description: str
    quantity: str
    rate: str
    amount: str


def rows(bill: Bill) -> list[InvoiceRow]:
    """The bill's lines in order, each with its estimated share if it has one."""
    return [
        InvoiceRow("".join(words_of(line)), *price_of(line, bill.currency), money(line.amount_rounded, bill.currency))
        for line in bill.lines
    ]


def change(bill: Bill) -> InvoiceRow | None:
    """The rebill adjustment: how much this version differs from the one it replaces; None for a first version."""
    if bill.adjustment is None:
        return None
    return InvoiceRow(
        "Change from the previous version", "", "", money(bill.adjustment.amount_rounded, bill.currency, sign=True)
    )


def heading(bill: Bill) -> str:
    """`Bill for November 2026, version 2 (provisional)`."""
    version = f", version {bill.version}" if bill.version > 1 else ""
    return f"Bill for {period(bill)}{version}{' (provisional)' if bill.status == 'provisional' else ''}"


def remarks(bill: Bill, *, dates: bool = True) -> Iterator[str]:
    """Notes below the lines: the version it replaces, the peak shares, and the readings behind it.

    Without `dates` number, issue date and due date are left out.
    """
    yield from (render(note).plain for note in notes(bill, dates=dates))
    if bill.status == "provisional" and (bill.intervals.missing or bill.intervals.not_yet_due):
        yield "This bill is provisional until every reading of the period has arrived or been estimated."


def as_html(bill: Bill) -> str:
    """The lines as an HTML table."""
    cells = (
        f"<tr><td>{in_html(row.description)}</td><td>{in_html(row.quantity)}</td><td>{in_html(row.rate)}</td>"
        f"<td>{in_html(row.amount)}</td></tr>"
        for row in rows(bill)
    )
    changed = change(bill)
    below = f"<tr><td>{changed.description}</td><td></td><td></td><td>{changed.amount}</td></tr>" if changed else ""
    head = "".join(f"<th>{name}</th>" for name in HEADINGS)
    return (
        f"{STYLE}<table class='invoice'><thead><tr>{head}</tr></thead><tbody>{''.join(cells)}</tbody>"
        f"<tfoot><tr><td>Total for {period(bill)}</td><td></td><td></td>"
        f"<td data-testid='amount-due'>{money(bill.total_rounded, bill.currency)}</td></tr>{below}</tfoot></table>"
    )


STYLE = """<style>
.invoice { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.invoice th, .invoice td { padding: .4rem .6rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.invoice th { font-weight: 600; opacity: .75; }
.invoice th:first-child, .invoice td:first-child { text-align: left; padding-left: 0; overflow-wrap: anywhere; }
.invoice tfoot td { border-bottom: 0; }
.invoice tfoot tr:first-child td { font-weight: 700; }
@media (max-width: 640px) { .invoice { font-size: .8rem; } .invoice th, .invoice td { padding: .35rem .25rem; } }
</style>"""


def as_csv(bill: Bill) -> str:
    """One row per line with exact amounts in $, then the total and, for a re-billed bill, the rebill adjustment."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kept = ("kind", "period", "tier", "quantity", "unit", "unit_rate", "amount", "amount_rounded", "explanation")
    named = ("meter_id", "month", "version", "status", "tariff", "number", "issued_on", "due_on")
    writer.writerow((*named, *kept))
    known = tuple(getattr(bill, name) for name in named)
    writer.writerows((*known, *(getattr(line, name) for name in kept)) for line in bill.lines)
    writer.writerow((*known, "total", "", "", bill.energy_kwh, "kWh", "", bill.total, bill.total_rounded, ""))
    if bill.adjustment:
        writer.writerow((*known, *(getattr(bill.adjustment, name) for name in kept)))
    return text.getvalue()


def as_pdf(bills: Iterable[Bill]) -> bytes:
    """The invoices as one PDF on A4, each from a page of its own on and with a bookmark."""
    pdf = FPDF(format="A4")
    for style, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        pdf.add_font("DejaVu", style, FONTS / file)
    titles = []
    for bill in bills:
        titles.append(f"{heading(bill)}, meter {bill.meter_id}")
        pdf.add_page()
        pdf.start_section(titles[-1])
        _invoice(pdf, bill)
    pdf.set_title(titles[0] if len(titles) == 1 else count(len(titles), "bill"))
    return bytes(pdf.output())


def _invoice(pdf: FPDF, bill: Bill) -> None:
    pdf.set_text_color(0)
    pdf.set_font("DejaVu", "B", 18)
    pdf.multi_cell(0, 10, heading(bill), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", "B", 12)
    pdf.multi_cell(0, 9, what_is_due(bill), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", "", 10)
    for name, value in details(bill):
        pdf.cell(34, 6, name)
        pdf.multi_cell(0, 6, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    _table(pdf, bill)
    pdf.ln(4)
    pdf.set_font("DejaVu", "", 9)
    pdf.set_text_color(_GRAY)
    for sentence in remarks(bill, dates=False):
        pdf.multi_cell(0, 5, sentence, new_x="LMARGIN", new_y="NEXT")


def what_is_due(bill: Bill) -> str:
    """`Amount due: $87.10 by Aug 23, 2026`; of an open bill, what its readings come to so far."""
    amount = money(abs(bill.total_rounded), bill.currency)
    if bill.status == "provisional":
        return f"So far: {'credit of ' if bill.total_rounded < 0 else ''}{amount}; nothing is due yet"
    if bill.total_rounded <= 0:
        return f"Credit: {amount}; nothing is due" if bill.total_rounded else "Nothing is due"
    return f"Amount due: {amount}{f' by {day(bill.due_on)}' if bill.due_on else ''}"


def details(bill: Bill) -> Iterator[tuple[str, str]]:
    """What stands above the lines: names with their values, those that the bill has."""
    if bill.account_id:
        yield "Account", bill.account_id
    if bill.number:
        yield "Bill number", bill.number
    if bill.issued_on:
        yield "Issued on", day(bill.issued_on)
    if bill.period_start and bill.period_end:
        last = bill.period_end - timedelta(days=1)
        served = f" ({bill.served_days} of {bill.full_days} days)" if bill.served_days < bill.full_days else ""
        yield "Period", f"{day(bill.period_start)} to {day(last)}{served}"
    yield "Meter", bill.meter_id
    if bill.read_from and bill.read_until:
        yield "Read", f"{day(bill.read_from)} to {day(bill.read_until)}"
    yield "Tariff", bill.tariff_name
    yield "Time zone", bill.zone


def _table(pdf: FPDF, bill: Bill) -> None:
    pdf.set_font("DejaVu", "", 9)
    pdf.set_draw_color(_RULES)
    with pdf.table(
        col_widths=(100, 32, 26, 26),
        text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT"),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        line_height=6,
        padding=(1, 0),
    ) as table:
        table.row(HEADINGS)
        for row in rows(bill):
            table.row(row)
        pdf.set_font("DejaVu", "B", 10)
        table.row((f"Total for {period(bill)}", "", "", money(bill.total_rounded, bill.currency)))
        if changed := change(bill):
            pdf.set_font("DejaVu", "", 9)
            table.row(changed)
