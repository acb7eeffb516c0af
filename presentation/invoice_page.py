"""What stands on an invoice, as text in its places. `invoice.typ` sets it on paper, and decides nothing."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from electrocloud.aws.store.statements import Statement
from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.registry.records import Account, ServicePoint
from presentation.daily_use import daily_kwh, days_so_far
from presentation.export_text import credit_text
from presentation.invoice_documents import InvoiceRow, change, remarks, rows
from presentation.invoice_text import day, period
from presentation.money_text import money
from presentation.units import count
from presentation.utility import Utility

# Where paper is Letter (Unicode CLDR, measurementData); A4 everywhere else.
LETTER = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])
NONE = "–"


class Row(NamedTuple):
    """A name and its value."""

    name: str
    value: str


class Compared(NamedTuple):
    """A period beside others. `share` of the longest bar, 0 to 1, is its energy per day."""

    name: str
    when: str
    days: str
    energy: str
    daily: str
    amount: str
    share: float


class Page(NamedTuple):
    """An invoice. `mark` is printed across the paper; `slip` says whether a payment slip is at its end."""

    paper: str
    mark: str
    mark_text: str
    title: str
    customer: tuple[str, ...]
    details: tuple[Row, ...]
    due: Row
    due_note: str
    compared: tuple[Compared, ...]
    lines: tuple[InvoiceRow, ...]
    summary: tuple[Row, ...]
    remarks: tuple[str, ...]
    slip: tuple[Row, ...]


def invoice_page(statement: Statement, utility: Utility) -> Page:
    """The invoice of a bill."""
    bill, account, point = statement.bill, statement.account, statement.point
    mark, mark_text = marked(bill)
    label, amount, note = due(bill)
    return Page(
        paper=paper(point, utility),
        mark=mark,
        mark_text=mark_text,
        title=f"Electric bill for {period(bill)}{f', version {bill.version}' if bill.version > 1 else ''}",
        customer=_addressee(account, point),
        details=tuple(_details(bill, point)),
        due=Row(label, amount),
        due_note=note,
        compared=compared(statement),
        lines=tuple(rows(bill)),
        summary=tuple(summary(bill)),
        remarks=tuple(remarks(bill, brief=True)),
        slip=tuple(_slip(bill)) if utility.remit_to and _is_payable(bill) else (),
    )


def paper(point: ServicePoint | None, utility: Utility) -> str:
    """`us-letter` or `a4`, by the country of the service point, or else of the utility."""
    country = (point.country if point else "").upper() or utility.country
    return "us-letter" if country in LETTER else "a4"


def marked(bill: Bill) -> tuple[str, str]:
    """What is printed across an invoice that is not final or partly estimated, and the sentence that says so."""
    if bill.status == "provisional":
        return "PROVISIONAL", "Provisional: this is not a final bill, and its amount may change. Nothing is due yet."
    if estimated := bill.intervals.estimated:
        share = f"{estimated:,} of {count(bill.intervals.expected, 'reading')}"
        verb = "is" if estimated == 1 else "are"
        return "ESTIMATED", f"Estimated: {share} {verb} estimated, not read from your meter."
    return "", ""


def due(bill: Bill) -> tuple[str, str, str]:
    """The label of the amount, the amount, and when to pay it."""
    amount = money(abs(bill.total_rounded), bill.currency)
    if bill.status == "provisional":
        return ("Credit so far" if bill.total_rounded < 0 else "Amount so far"), amount, "Nothing is due yet"
    if bill.total_rounded < 0:
        return "Credit", amount, "Nothing to pay"
    if not bill.total_rounded:
        return "Amount due", amount, "Nothing to pay"
    return "Amount due", amount, f"by {day(bill.due_on)}" if bill.due_on else ""


def compared(statement: Statement) -> tuple[Compared, ...]:
    """This period beside the last one and the same one last year, with what is known of them."""
    bills = (
        ("This period", statement.bill),
        ("Last period", statement.before),
        ("Same period last year", statement.last_year),
    )
    uses = [daily_kwh(bill) if bill else None for _, bill in bills]
    most = max((use for use in uses if use is not None), default=0.0)
    return tuple(
        Compared(name, NONE, NONE, NONE, NONE, NONE, 0.0)
        if bill is None
        else Compared(
            name,
            period(bill) + (" (so far)" if bill.status == "provisional" else ""),
            days_so_far(bill) or NONE,
            f"{bill.energy_kwh:,.1f}",
            NONE if use is None else f"{use:,.1f}",
            money(bill.total_rounded, bill.currency),
            use / most if use and most else 0.0,
        )
        for (name, bill), use in zip(bills, uses, strict=True)
    )


def summary(bill: Bill) -> Iterator[Row]:
    """The lines in sums that add up to the total, then what became of the version before, and the credit for export."""
    taxes, credits, charges = (
        sum((line.amount_rounded for line in bill.lines if _group(line.kind) == group), Decimal(0))
        for group in ("tax", "credit", "charge")
    )
    yield Row("Charges", money(charges, bill.currency))
    if credits:
        yield Row("Credits", money(credits, bill.currency))
    if taxes:
        yield Row("Taxes", money(taxes, bill.currency))
    yield Row("Balance of this bill", money(bill.total_rounded, bill.currency))
    if changed := change(bill):
        before = bill.total_rounded - bill.adjustment.amount_rounded if bill.adjustment else Decimal(0)
        yield Row(f"Billed before, by version {bill.version - 1}", money(before, bill.currency))
        yield Row(changed.description, changed.amount)
    if bill.credit:
        yield Row("Credit for later bills", credit_text(bill.credit.closing, bill.currency))


def _group(kind: str) -> str:
    return {"tax": "tax", "export": "credit"}.get(kind, "charge")


def _addressee(account: Account | None, point: ServicePoint | None) -> tuple[str, ...]:
    """The name and the mailing address, in lines; without one, the service address."""
    if account is None:
        return ()
    street, _, town = (account.mailing_address or (point.address if point else "")).partition(", ")
    return tuple(filter(None, (account.name, street, town)))


def _details(bill: Bill, point: ServicePoint | None) -> Iterator[Row]:
    """What names the bill: those of its parts that are known."""
    if bill.number:
        yield Row("Bill number", bill.number)
    if bill.issued_on:
        yield Row("Issued", day(bill.issued_on))
    if bill.due_on and _is_payable(bill):
        yield Row("Due", day(bill.due_on))
    if bill.account_id:
        yield Row("Account", bill.account_id)
    if point:
        yield Row("Service address", point.address)
    yield Row("Meter", bill.meter_id)
    if bill.period_start and bill.period_end:
        yield Row("Service period", f"{_span(bill.period_start, bill.period_end)}, {_days(bill)}")
    if bill.read_from and bill.read_until:
        yield Row("Meter read", f"{day(bill.read_from)} to {day(bill.read_until)}")
    yield Row("Rate schedule", bill.tariff_name)
    yield Row("Time zone", bill.zone)


def _span(first: date, end: date) -> str:
    return f"{day(first)} to {day(end - timedelta(days=1))}"


def _days(bill: Bill) -> str:
    served, whole = bill.served_days or bill.days, bill.full_days
    return f"{served} of {count(whole, 'day')}" if served < whole else count(served, "day")


def _is_payable(bill: Bill) -> bool:
    return bill.status == "final" and bill.total_rounded > 0


def _slip(bill: Bill) -> Sequence[Row]:
    return (
        Row("Account", bill.account_id or bill.meter_id),
        Row("Bill number", bill.number),
        Row("Due", day(bill.due_on)),
        Row("Amount due", money(bill.total_rounded, bill.currency)),
    )
