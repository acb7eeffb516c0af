"""`electrocloud bill history`, `bill --account` and `bill --meter`: the stored bills."""

from cli.bill import show_bills, show_history
from cli.choices import Output
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import UsageError
from presentation.bill_versions import newest_versions
from registry.desk import RegistryDesk

ACCOUNTS_POINTS = 1_000  # service points of one account that are looked at


def history(meter: str, output: Output | None) -> None:
    """List every version of a meter's bills in the deployed stack."""
    show_history(Reader(find_stack()), meter, output)


def show_current(account: str | None, meter: str | None, output: Output | None) -> None:
    """Print the current bills of a meter or an agreement, or of an account wherever it is or was served."""
    stack = find_stack()
    reader = Reader(stack)
    owners = [meter] if meter else _agreements_of(stack, str(account))
    newest = newest_versions(one for owner in owners for one in reader.keyed_history(owner))
    if not newest:
        raise UsageError(f"there are no bills of {meter or account}; `electrocloud registry search` finds customers")
    show_bills([one.bill for one in newest], output)


def _agreements_of(stack: Stack, account: str) -> list[str]:
    desk = RegistryDesk(stack)
    points = [
        entry.service_point_id
        for entry in desk.search(account, ACCOUNTS_POINTS)
        if account in (entry.account_id, *entry.former_account_ids)
    ]
    found = desk.store.load_points(points).agreements.values()
    return list(dict.fromkeys(one.agreement_id for one in found if one.account_id == account))
