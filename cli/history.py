"""`electrocloud bill history`: all versions of a meter's bills."""

from cli.bill import show_history
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader


def history(meter: str, *, as_json: bool) -> None:
    """List every version of a meter's bills in the deployed stack."""
    show_history(Reader(find_stack()), meter, as_json=as_json)
