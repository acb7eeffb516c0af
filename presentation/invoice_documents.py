"""A bill as an invoice in HTML and CSV. Every amount is the stored bill's."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

from rich.markup import render

from electrocloud.domain.billing.bill import Bill
from presentation.invoice_text import money, notes, period, price_of, words_of
from presentation.spreadsheet_text import cell
from presentation.units import in_html

HEADINGS = ("Description", "Quantity", "Rate", "Amount")


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


def remarks(bill: Bill, *, brief: bool = False) -> Iterator[str]:
    """Notes below the lines: the version it replaces, the peak shares, and the readings behind it.

    `brief` ones leave out number, dates and use per day.
    """
    yield from (render(note).plain for note in notes(bill, brief=brief))
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
    """One row per line with exact amounts in $, then the total and, for a re-billed bill, the rebill adjustment.

    Texts are as a spreadsheet takes for no formula.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kept = ("kind", "period", "tier", "quantity", "unit", "unit_rate", "amount", "amount_rounded", "explanation")
    named = ("meter_id", "month", "version", "status", "tariff", "number", "issued_on", "due_on")
    writer.writerow((*named, *kept))
    total = ("total", "", "", bill.energy_kwh, "kWh", "", bill.total, bill.total_rounded, "")
    rows = [*(tuple(getattr(line, name) for name in kept) for line in bill.lines), total]
    if bill.adjustment:
        rows.append(tuple(getattr(bill.adjustment, name) for name in kept))
    known = tuple(getattr(bill, name) for name in named)
    writer.writerows([cell(value) for value in (*known, *row)] for row in rows)
    return text.getvalue()
