"""`electrocloud bill waiting`: the bills that wait for an estimate."""

from datetime import date

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.bills_to_finalize import DynamoOpenBills
from electrocloud.domain.errors import UsageError


def show_waiting(month: str) -> None:
    """List the bills of a month of the deployment at hand that wait for an estimate."""
    try:
        date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UsageError(f"{month!r} is not a month; give one such as 2026-10") from None
    stack = find_stack()
    found = DynamoOpenBills(stack.client("dynamodb"), stack.bills_table).waiting(month)
    if not found:
        print(f"No bills of {month} wait for an estimate.")
        return
    table = Table("meter", box=SIMPLE_HEAD)
    table.add_column("missing", justify="right")
    table.add_column("reason")
    for bill in found:
        table.add_row(bill.meter_id, f"{bill.missing:,}", bill.reason)
    Console().print(table)
