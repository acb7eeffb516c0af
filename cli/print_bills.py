"""`electrocloud bill print`: the invoices of a month, a PDF of each."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.statements import statement_reader
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import UsageError
from presentation.invoice_pdf import as_pdf, file_name
from presentation.units import count
from presentation.utility import this_utility


def print_bills(month: str, owners: Sequence[str], folder: Path) -> None:
    """Write the invoices of a month's bills, of some meters or agreements or of all, into a folder."""
    stack, utility = find_stack(), this_utility()
    chosen = bills_of(stack, month, owners)
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    read = statement_reader(stack.client("dynamodb"), stack).read(chosen)
    for statement in track(read, "Printing", len(chosen), console=console, disable=not console.is_terminal):
        (folder / file_name(statement)).write_bytes(as_pdf([statement], utility))
    print(f"{count(len(chosen), 'invoice')} in {folder}")


def bills_of(stack: Stack, month: str, owners: Sequence[str]) -> list[IssuedBill]:
    """The current bills of a month: of these meters or agreements, or of all. `UsageError` where there are none."""
    reader = Reader(stack)
    rows = [one for one in reader.bills_of_month(month) if not owners or {one.meter_id, one.agreement_id} & {*owners}]
    known = {name for one in rows for name in (one.meter_id, one.agreement_id)}
    if missing := sorted({*owners} - known):
        raise UsageError(f"{missing[0]} has no bill for {month}; `electrocloud bill history` lists a meter's bills")
    if not rows:
        raise UsageError(f"there are no bills for {month}; months are written like 2026-10")
    return list(reader.bills(BillKey(one.agreement_id, one.cycle) for one in rows))
