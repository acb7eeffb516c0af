"""`electrocloud bill history`, `bill --account` and `bill --meter`: the stored bills."""

from cli.bill import show_bills, show_history
from cli.choices import Output
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.accounts import AccountReader
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import UsageError
from presentation.bill_versions import newest_versions


def history(meter: str, output: Output | None) -> None:
    """List every version of a meter's bills in the deployed stack."""
    show_history(Reader(find_stack()), meter, output)


def show_current(account: str | None, meter: str | None, output: Output | None) -> None:
    """Print the current bills of a meter or an agreement, or of an account wherever it is or was served."""
    stack = find_stack()
    newest = newest_versions(Reader(stack).keyed_history(meter)) if meter else AccountReader(stack).bills(str(account))
    if not newest:
        raise UsageError(f"there are no bills of {meter or account}; `electrocloud registry search` finds customers")
    show_bills([one.bill for one in newest], output)
