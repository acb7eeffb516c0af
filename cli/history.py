"""`electrocloud bill history`: what was billed, and billed again."""

from cli.bill import show_history
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader


def history(meter: str, *, as_json: bool) -> None:
    """Every version of a meter's bills, of the deployment at hand."""
    show_history(Reader(find_stack()), meter, as_json=as_json)
