"""`electrocloud bill history`: what was billed, and billed again."""

from typing import Annotated

import typer

from cli.bill import show_history
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader


def history(
    meter: Annotated[str, typer.Argument(help="The meter's id, such as US-000001.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Every version of a meter's bills, of the deployment at hand."""
    show_history(Reader(find_stack()), meter, as_json=as_json)
