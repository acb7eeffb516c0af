"""Each customer's result of a tariff study as CSV and as an Excel workbook."""

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter

from electrocloud.domain.studies.price_change import NamedPrice
from electrocloud.domain.studies.study import CustomerResult, Group, Study
from presentation import spreadsheet_text, study_text
from presentation.bills_workbook import MONEY, Column, Sheet

CUSTOMERS: Sequence[Column[CustomerResult]] = (
    Column("Agreement", "text", lambda one: one.agreement_id),
    Column("Account", "text", lambda one: one.account_id),
    Column("Meter", "text", lambda one: one.meter_ids[-1] if one.meter_ids else ""),
    Column("Class", "text", lambda one: one.customer_class, 12),
    Column("Feeder", "text", lambda one: one.feeder, 12),
    Column("Tariff now", "text", lambda one: one.tariff_id),
    Column("Bills", "count", lambda one: one.bills),
    Column("Energy, kWh", "quantity", lambda one: one.kwh),
    Column("Now", MONEY, lambda one: one.now),
    Column("Then", MONEY, lambda one: one.then),
    Column("Change", MONEY, lambda one: one.change),
    Column("Outcome", "text", lambda one: one.outcome, 12),
    Column("Estimated intervals", "count", lambda one: one.estimated, 18),
    Column("Missing intervals", "count", lambda one: one.missing, 18),
    Column("Note", "text", lambda one: one.note, 60),
)
GROUPS: Sequence[Column[Group]] = (
    Column("Customers of", "text", lambda one: one.name),
    Column("Customers", "count", lambda one: one.customers),
    Column("Save", "count", lambda one: one.save),
    Column("Pay more", "count", lambda one: one.pay_more),
    Column("Energy, kWh", "quantity", lambda one: one.kwh),
    Column("Revenue now", MONEY, lambda one: one.now),
    Column("Revenue then", MONEY, lambda one: one.then),
    Column("Change", MONEY, lambda one: one.then - one.now),
    Column("Middle change of a customer", MONEY, lambda one: one.median_change, 26),
)
PRICES: Sequence[Column[NamedPrice]] = (
    Column("Tariff", "text", lambda one: one.tariff, 36),
    Column("Price", "text", lambda one: one.name, 50),
    Column("Unit", "text", lambda one: one.unit, 10),
    Column("Studied", "rate", lambda one: one.before),
    Column("Keeps revenue", "rate", lambda one: one.after),
)


def as_csv(customers: Iterable[CustomerResult]) -> bytes:
    """The customers as CSV, in UTF-8 with a byte order mark, as Excel expects it."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(column.heading for column in CUSTOMERS)
    for one in customers:
        rows.writerow([spreadsheet_text.cell(column.cell(one)) for column in CUSTOMERS])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(study: Study, customers: Iterable[CustomerResult]) -> bytes:
    """A workbook: what was studied, the totals by class and tariff, each customer, and the prices that keep revenue."""
    result = study.result
    assert result
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": study_text.title(study)})
        about = book.add_worksheet("Study")
        about.set_column(0, 0, 120)
        sentences = [study_text.title(study), study_text.headline(result), study_text.revenue(result)]
        for row, text in enumerate([*sentences, study_text.neutral(result), *study_text.source(study)]):
            about.write_string(row, 0, text)
        for name, groups in (("By class", result.by_class), ("By tariff", result.by_tariff)):
            sheet = Sheet(book, name, GROUPS)
            for group in (*groups, result.total):
                sheet.add(group, result.currency)
        listed = Sheet(book, "Customers", CUSTOMERS)
        for one in customers:
            listed.add(one, result.currency)
        listed.add_filter()
        if result.neutral:
            sheet_of_prices = Sheet(book, "Prices that keep revenue", PRICES)
            for price in result.neutral.prices:
                sheet_of_prices.add(price, result.currency)
    return file.getvalue()
