"""`electrocloud bill history`, `bill --account` and `bill --meter`: the stored bills."""

from typing import TYPE_CHECKING

from cli.bill import show_bills, show_history
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import UsageError
from registry.desk import RegistryDesk

if TYPE_CHECKING:
    from electrocloud.domain.billing.bill import Bill

ACCOUNTS_POINTS = 1_000  # service points of one account that are looked at


def history(meter: str, *, as_json: bool) -> None:
    """List every version of a meter's bills in the deployed stack."""
    show_history(Reader(find_stack()), meter, as_json=as_json)


def show_current(account: str | None, meter: str | None, *, as_json: bool) -> None:
    """Print the current bills of a meter or an agreement, or of an account wherever it is or was served."""
    stack = find_stack()
    reader = Reader(stack)
    owners = [meter] if meter else _agreements_of(stack, str(account))
    newest: dict[tuple[str, str], Bill] = {}
    for owner in owners:
        for bill in reader.history(owner):  # by period and version
            newest[bill.agreement_id or bill.meter_id, bill.month or str(bill.period_start)] = bill
    if not newest:
        raise UsageError(f"there are no bills of {meter or account}; `electrocloud registry search` finds customers")
    show_bills([newest[key] for key in sorted(newest, key=lambda key: (key[1], key[0]))], as_json=as_json)


def _agreements_of(stack: Stack, account: str) -> list[str]:
    desk = RegistryDesk(stack)
    points = [
        entry.service_point_id
        for entry in desk.search(account, ACCOUNTS_POINTS)
        if account in (entry.account_id, *entry.former_account_ids)
    ]
    found = desk.store.load_points(points).agreements.values()
    return list(dict.fromkeys(one.agreement_id for one in found if one.account_id == account))
