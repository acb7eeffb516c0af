"""`electrocloud bill waiting`: the bills that wait for an estimate."""

from datetime import date

from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.bills_to_finalize import DynamoOpenBills
from electrocloud.domain.errors import UsageError


def show_waiting(month: str, output: Output | None) -> None:
    """List the bills of a month of the deployment at hand that wait for an estimate."""
    try:
        date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UsageError(f"{month!r} is not a month; give one such as 2026-10") from None
    stack = find_stack()
    found = DynamoOpenBills(stack.client("dynamodb"), stack.bills_table).waiting(month)
    rows = [(bill.meter_id, bill.missing, bill.reason) for bill in found]
    empty = f"No bills of {month} wait for an estimate."
    print_rows(Rows(("meter", "missing intervals", "reason"), rows, empty=empty), output)
