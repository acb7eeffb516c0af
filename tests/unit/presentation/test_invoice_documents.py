"""Invoices show exactly what the stored bill says."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO

import msgspec
import pytest

from electrocloud.domain.billing.bill import Bill, Intervals, bills, reissue
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation import invoice_documents as invoice
from tests.kits.billing_kit import load
from tests.kits.examples import TIME_OF_USE


@pytest.fixture
def bill() -> Bill:
    tariff = tariff_from_urdb(TIME_OF_USE)
    (issued,) = bills(tariff, load("2026-11-01", [400] * 24 * 20, zone="Europe/Berlin"), meter_id="m-1")
    return issued


def test_every_line_is_shown_with_its_amount(bill: Bill) -> None:
    amounts = [Decimal(row.amount.removeprefix("$")) for row in invoice.rows(bill)]
    assert amounts == [line.amount_rounded for line in bill.lines]
    assert sum(amounts) == bill.total_rounded


def test_the_csv_has_the_exact_amounts_and_the_total(bill: Bill) -> None:
    *lines, total = csv.DictReader(StringIO(invoice.as_csv(bill)))
    assert [Decimal(line["amount"]) for line in lines] == [line.amount for line in bill.lines]
    assert (total["kind"], Decimal(total["amount_rounded"])) == ("total", bill.total_rounded)


def test_names_are_escaped_in_html(bill: Bill) -> None:
    line = msgspec.structs.replace(bill.lines[0], explanation="<script>alert(1)</script>")
    assert "<script>" not in invoice.as_html(msgspec.structs.replace(bill, lines=(line,)))


def test_a_provisional_bill_is_marked(bill: Bill) -> None:
    assert invoice.heading(bill) == "Bill for November 2026 (provisional)"
    assert any("missing and not billed" in sentence for sentence in invoice.remarks(bill))


def test_what_is_missing_not_due_and_outside_service_is_said_apart(bill: Bill) -> None:
    counts = Intervals(expected=600, read=500, estimated=0, missing=40, not_yet_due=60, outside_service=120)
    (sentence,) = [one for one in invoice.remarks(msgspec.structs.replace(bill, intervals=counts)) if "readings" in one]
    assert sentence == (
        "500 of the month's 600 readings have arrived; 40 are missing and not billed; 60 are not due yet. "
        "120 more are outside your time of service."
    )


def test_a_new_version_says_what_it_replaces(bill: Bill) -> None:
    changed = msgspec.structs.replace(bill, energy_kwh=bill.energy_kwh + 1, total_rounded=bill.total_rounded + 1)
    again = reissue(msgspec.structs.replace(bill, status="final"), changed)
    assert invoice.heading(again) == "Bill for November 2026, version 2"
    assert next(invoice.remarks(again)).endswith("this version is $1.00 more.")
    corrected = msgspec.structs.replace(again, reason="reading corrected")
    assert next(invoice.remarks(corrected)).endswith("Reason: reading corrected.")
    assert "Change from the previous version" in invoice.as_html(again)
    *_, total, adjustment = csv.DictReader(StringIO(invoice.as_csv(again)))
    assert (total["kind"], adjustment["kind"], adjustment["amount_rounded"]) == ("total", "adjustment", "1.00")


def test_an_issued_bill_shows_its_number_dates_and_use_per_day_everywhere(bill: Bill) -> None:
    final = msgspec.structs.replace(bill, status="final", account_id="A-1")
    issued = issue(final, date(2026, 12, 2), before=bill)
    expected = ("m-1-20261101", "Dec 2, 2026", "Dec 23, 2026", "Nov 1, 2026", "Nov 20, 2026", "kWh; ")
    shown = " ".join(invoice.remarks(issued))
    (row, *_) = csv.DictReader(StringIO(invoice.as_csv(issued)))

    assert all(text in shown for text in expected)
    assert (row["number"], row["issued_on"], row["due_on"]) == ("m-1-20261101", "2026-12-02", "2026-12-23")
