"""Bills and their lines as an Excel workbook."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Generic, NamedTuple, TypeVar

import xlsxwriter
from xlsxwriter.format import Format

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.currency import CURRENCIES
from electrocloud.domain.errors import ElectroCloudError

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_576  # of an Excel worksheet
MONEY = "money"
FORMATS = {
    "text": "@",
    "date": "yyyy-mm-dd",
    "count": "#,##0",
    "quantity": "#,##0.000",
    "rate": "#,##0.00######",
    "share": "0.0%",
}
WIDTHS = {"text": 18, "date": 12, "count": 10, "quantity": 14, "rate": 14, "share": 12, MONEY: 16}

Cell = str | int | Decimal | date | None
Row = TypeVar("Row")


class Column(NamedTuple, Generic[Row]):
    """A column of a sheet: its heading with the unit, its format (of FORMATS, or MONEY), and the cell of a row."""

    heading: str
    form: str
    cell: Callable[[Row], Cell]
    width: int | None = None


class BilledLine(NamedTuple):
    """A line with its bill and its number there, from 1."""

    bill: Bill
    number: int
    line: Line


def _last_day(bill: Bill) -> date | None:
    return bill.period_end - timedelta(days=1) if bill.period_end else None


def _change(bill: Bill) -> Decimal | None:
    return bill.adjustment.amount_rounded if bill.adjustment else None


BILLS: Sequence[Column[Bill]] = (
    Column("Bill number", "text", lambda bill: bill.number),
    Column("Account", "text", lambda bill: bill.account_id),
    Column("Agreement", "text", lambda bill: bill.agreement_id),
    Column("Meter", "text", lambda bill: bill.meter_id),
    Column("Tariff ID", "text", lambda bill: bill.tariff),
    Column("Tariff", "text", lambda bill: bill.tariff_name, 30),
    Column("Status", "text", lambda bill: bill.status, 12),
    Column("Version", "count", lambda bill: bill.version),
    Column("Month", "text", lambda bill: bill.month, 10),
    Column("First day", "date", lambda bill: bill.period_start),
    Column("Last day", "date", _last_day),
    Column("Days", "count", lambda bill: bill.served_days or bill.days or None),
    Column("Issued on", "date", lambda bill: bill.issued_on),
    Column("Due on", "date", lambda bill: bill.due_on),
    Column("Energy, kWh", "quantity", lambda bill: bill.energy_kwh),
    Column("Demand, kW", "quantity", lambda bill: bill.demand_kw),
    Column("Amount due", MONEY, lambda bill: bill.total_rounded),
    Column("Change from previous version", MONEY, _change, 28),
    Column("Currency", "text", lambda bill: bill.currency, 10),
    Column("Missing intervals", "count", lambda bill: bill.intervals.missing, 18),
    Column("Intervals not yet due", "count", lambda bill: bill.intervals.not_yet_due, 20),
    Column("Intervals outside service", "count", lambda bill: bill.intervals.outside_service, 24),
    Column("Estimated intervals", "count", lambda bill: bill.intervals.estimated, 18),
)
LINES: Sequence[Column[BilledLine]] = (
    Column("Bill number", "text", lambda row: row.bill.number),
    Column("Agreement", "text", lambda row: row.bill.agreement_id),
    Column("Meter", "text", lambda row: row.bill.meter_id),
    Column("First day", "date", lambda row: row.bill.period_start),
    Column("Version", "count", lambda row: row.bill.version),
    Column("Line", "count", lambda row: row.number),
    Column("Kind", "text", lambda row: row.line.kind, 12),
    Column("Description", "text", lambda row: row.line.explanation, 50),
    Column("Quantity", "quantity", lambda row: row.line.quantity),
    Column("Unit", "text", lambda row: row.line.unit, 8),
    Column("Rate per unit", "rate", lambda row: row.line.unit_rate * (100 if row.line.unit == "%" else 1)),
    Column("Amount", MONEY, lambda row: row.line.amount_rounded),
    Column("Currency", "text", lambda row: row.bill.currency, 10),
    Column("Estimated, share of quantity", "share", lambda row: row.line.estimated_share, 26),
)


def as_xlsx(bills: Iterable[Bill]) -> bytes:
    """The bills on one sheet and their lines on another, with the amounts as they are due, rounded to the cent.

    Text is never read as a formula or a link. `ElectroCloudError` if there are more lines than a sheet has rows.
    """
    file = BytesIO()
    # A row is written out as soon as the next one begins, so that a large run needs little memory.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": "Bills"})
        bill_sheet = Sheet(book, "Bills", BILLS)
        line_sheet = Sheet(book, "Lines", LINES)
        for bill in bills:
            bill_sheet.add(bill, bill.currency)
            for number, line in enumerate(bill.lines, 1):
                line_sheet.add(BilledLine(bill, number, line), bill.currency)
        bill_sheet.add_filter()
        line_sheet.add_filter()
    return file.getvalue()


class Sheet(Generic[Row]):
    """A worksheet with a frozen header, which rows are added to."""

    def __init__(self, book: xlsxwriter.Workbook, name: str, columns: Sequence[Column[Row]]) -> None:
        self._columns = columns
        self._formats: dict[str, Format] = {form: book.add_format({"num_format": FORMATS[form]}) for form in FORMATS}
        self._formats |= {currency: book.add_format({"num_format": money_format(currency)}) for currency in CURRENCIES}
        self._sheet = book.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        for number, column in enumerate(columns):
            self._sheet.set_column(number, number, column.width or WIDTHS[column.form])
        bold = book.add_format({"bold": True})
        for number, column in enumerate(columns):
            self._sheet.write_string(0, number, column.heading, bold)
        self._rows = 1

    def add(self, row: Row, currency: str) -> None:
        """Write one row below the others."""
        if self._rows >= MAX_ROWS:
            raise ElectroCloudError(
                f"the bills have more than {MAX_ROWS - 1:,} lines, the most that a sheet holds; list fewer bills"
            )
        for number, column in enumerate(self._columns):
            form = self._formats[currency if column.form == MONEY else column.form]
            self._write(number, column.cell(row), form)
        self._rows += 1

    def _write(self, number: int, cell: Cell, form: Format) -> None:
        match cell:
            case None | "":
                return
            case str():
                self._sheet.write_string(self._rows, number, cell, form)
            case date():
                self._sheet.write_datetime(self._rows, number, cell, form)
            case _:
                self._sheet.write_number(self._rows, number, float(cell), form)

    def add_filter(self) -> None:
        """Let every column be filtered and sorted from its heading."""
        self._sheet.autofilter(0, 0, self._rows - 1, len(self._columns) - 1)


def money_format(currency: str) -> str:
    """Excel's number format of amounts in a currency: `"$"#,##0.00`, `#,##0.00" €"`."""
    before, after = (f'"{part}"' if part else "" for part in CURRENCIES[currency].pattern.split("{}"))
    return f"{before}#,##0.00{after}"
