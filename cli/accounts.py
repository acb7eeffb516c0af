"""`electrocloud account`: what an account owes, and recording payments."""

import csv
import getpass
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer

from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.accounts import AccountReader
from electrocloud.domain.billing.payments import Balance
from electrocloud.domain.errors import UsageError
from presentation.invoice_text import period
from presentation.money_text import money
from registry.payment_desk import FIELDS, OPTIONAL, PaymentDesk, PaymentResult


def show(account_id: str, output: Output | None) -> None:
    """Print an account's final bills and payments by day, and its balance."""
    found = AccountReader(find_stack()).statement(account_id)
    bills = [
        (bill.issued_on or bill.period_end, "bill", bill.number, bill.total_rounded, bill.currency, period(bill))
        for _, bill in found.bills
        if bill.status == "final"
    ]
    payments = [
        (one.paid_on, "payment", one.payment_id, -one.amount, one.currency, one.reference) for one in found.payments
    ]
    rows = sorted([*bills, *payments], key=lambda row: (str(row[0]), row[1], row[2]))
    columns = ("date", "entry", "number", "amount", "currency", "note")
    note = " ".join(in_words(currency, one) for currency, one in found.balances.items())
    print_rows(
        Rows(columns, rows, f"Account {account_id}", note, f"There are no final bills or payments of {account_id}."),
        output,
    )


def in_words(currency: str, balance: Balance) -> str:
    """`Balance due: $120.40, of $500.00 billed and $379.60 paid.`"""
    name = "Balance due" if balance.due >= 0 else "Credit balance"
    amount, billed, paid = (money(value, currency) for value in (abs(balance.due), balance.billed, balance.paid))
    return f"{name}: {amount}, of {billed} billed and {paid} paid."


def pay(row: Mapping[str, str]) -> None:
    """Record a payment."""
    (result,) = PaymentDesk(find_stack()).record([row], getpass.getuser())
    if result.result == "refused":
        raise UsageError(result.note)
    print(f"Payment {result.payment_id} of account {result.account_id}: {result.result}.")


def import_payments(file: Path, output: Output | None) -> None:
    """Record a CSV file's payments, and print what became of each; exit code 1 where any was refused."""
    results = list(PaymentDesk(find_stack()).record(_rows(file), getpass.getuser()))
    refused = sum(one.result == "refused" for one in results)
    note = f"{len(results) - refused:,} of {len(results):,} payments are recorded, {refused:,} refused."
    print_rows(Rows(PaymentResult._fields, results, note=note, empty=f"{file} has no payments."), output)
    if refused:
        raise typer.Exit(1)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, restval="")
            names = {name.strip().lower() for name in rows.fieldnames or ()}
            if not {*FIELDS} <= names <= {*FIELDS, *OPTIONAL}:
                raise UsageError(
                    f"{file} must have the columns {', '.join(FIELDS)}, and may have {' and '.join(OPTIONAL)}; "
                    f"it has {', '.join(sorted(names)) or 'none'}"
                )
            for row in rows:
                yield {name.strip().lower(): value for name, value in row.items() if isinstance(name, str)}
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise UsageError(f"{file} cannot be read as CSV in UTF-8: {fault}") from None
