"""One bill as an invoice: its lines in words, and as HTML, CSV and PDF. Every amount is the stored document's."""

import csv
from collections.abc import Iterator
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from rich.markup import render

from electrocloud.domain.billing.bill import Bill
from presentation.invoice_text import money, notes, period, price_of, words_of
from presentation.units import in_html

HEADINGS = ("What", "Quantity", "Price", "Amount")
_GREY, _LINES = 90, 200


class InvoiceRow(NamedTuple):
    """A line of the invoice in words: what it is for, how much of it, at what price, and what it comes to."""

    what: str
    quantity: str
    price: str
    amount: str


def rows(bill: Bill) -> list[InvoiceRow]:
    """The bill's lines in order; what was estimated of one is said with it."""
    return [
        InvoiceRow("".join(words_of(line)), *price_of(line, bill.currency), money(line.amount_rounded, bill.currency))
        for line in bill.lines
    ]


def change(bill: Bill) -> InvoiceRow | None:
    """Of a re-billed bill, by how much it differs from the version that it replaces."""
    if bill.adjustment is None:
        return None
    return InvoiceRow(
        "Difference from the version before", "", "", money(bill.adjustment.amount_rounded, bill.currency, sign=True)
    )


def heading(bill: Bill) -> str:
    """`Bill for November 2026, version 2 (provisional)`."""
    version = f", version {bill.version}" if bill.version > 1 else ""
    return f"Bill for {period(bill)}{version}{' (provisional)' if bill.status == 'provisional' else ''}"


def remarks(bill: Bill) -> Iterator[str]:
    """What it replaces, the part of its peak hours, and what it rests on: a sentence each."""
    yield from (render(note).plain for note in notes(bill))
    if bill.status == "provisional":
        yield "It is provisional until every reading of the month is in or estimated."


def as_html(bill: Bill) -> str:
    """The lines as a table that a page can show."""
    cells = (
        f"<tr><td>{in_html(row.what)}</td><td>{in_html(row.quantity)}</td><td>{in_html(row.price)}</td>"
        f"<td>{in_html(row.amount)}</td></tr>"
        for row in rows(bill)
    )
    changed = change(bill)
    below = f"<tr><td>{changed.what}</td><td></td><td></td><td>{changed.amount}</td></tr>" if changed else ""
    head = "".join(f"<th>{name}</th>" for name in HEADINGS)
    return (
        f"{STYLE}<table class='invoice'><thead><tr>{head}</tr></thead><tbody>{''.join(cells)}</tbody>"
        f"<tfoot><tr><td>Total for {period(bill)}</td><td></td><td></td>"
        f"<td data-testid='owed'>{money(bill.total_rounded, bill.currency)}</td></tr>{below}</tfoot></table>"
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
    """A row a line of the bill, exact, then the total and, if it was re-billed, the adjustment; money in $."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kept = ("kind", "period", "tier", "quantity", "unit", "unit_rate", "amount", "amount_rounded", "explanation")
    writer.writerow(("meter_id", "month", "version", "status", "tariff", *kept))
    known = (bill.meter_id, bill.month, bill.version, bill.status, bill.tariff)
    writer.writerows((*known, *(getattr(line, name) for name in kept)) for line in bill.lines)
    writer.writerow((*known, "total", "", "", bill.energy_kwh, "kWh", "", bill.total, bill.total_rounded, ""))
    if bill.adjustment:
        writer.writerow((*known, *(getattr(bill.adjustment, name) for name in kept)))
    return text.getvalue()


def as_pdf(bill: Bill) -> bytes:
    """The invoice on A4."""
    pdf = FPDF(format="A4")
    for style, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        pdf.add_font("DejaVu", style, _fonts() / file)
    pdf.set_title(f"{heading(bill)}, meter {bill.meter_id}")
    pdf.add_page()
    pdf.set_font("DejaVu", "B", 18)
    pdf.multi_cell(0, 10, heading(bill), new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", "", 10)
    for name, value in (("Meter", bill.meter_id), ("Tariff", bill.tariff_name), ("Time zone", bill.zone)):
        pdf.cell(28, 6, name)
        pdf.multi_cell(0, 6, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    _table(pdf, bill)
    pdf.ln(4)
    pdf.set_font("DejaVu", "", 9)
    pdf.set_text_color(_GREY)
    for sentence in remarks(bill):
        pdf.multi_cell(0, 5, sentence, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _table(pdf: FPDF, bill: Bill) -> None:
    pdf.set_font("DejaVu", "", 9)
    pdf.set_draw_color(_LINES)
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


def _fonts() -> Path:
    """A font with every letter that a name may have comes with Matplotlib; FPDF's own have those of Western Europe."""
    spec = find_spec("matplotlib")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
