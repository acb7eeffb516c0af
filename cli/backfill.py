"""`electrocloud bill backfill`: issue the final bills that were stored before bills had numbers and dates."""

from rich.console import Console

from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.bill_backfill import BillBackfill
from presentation import units


def backfill(*, publish_again: bool) -> None:
    """Issue them, and let the next round of publishing write them to the lake."""
    stack = find_stack()
    with Console(stderr=True).status("reading the bills"):
        bills = BillBackfill(stack.client("dynamodb"), stack.bills_table, stack.payment_days)
        found = bills.run(publish_again=publish_again)
    console = Console()
    console.print(f"{units.count(found.issued, 'version')} of bills got a number, an issue date and a due date.")
    if publish_again:
        console.print(f"{units.count(found.published_again, 'other version')} of bills will be published again.")
    if found.issued or found.published_again:
        console.print("The publishing function writes them to the lake within 15 minutes.")
