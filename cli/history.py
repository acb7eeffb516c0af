"""`electrocloud bill history`: all versions of a meter's bills."""

from typing import Annotated

import typer

from cli.bill import show_history
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader


def history(
    meter: Annotated[str, typer.Argument(help="Meter ID, such as US-000001.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """List every version of a meter's bills in the deployed stack."""
    show_history(Reader(find_stack()), meter, as_json=as_json)
