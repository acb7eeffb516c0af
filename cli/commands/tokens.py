"""The command that issues customers' tokens."""

from typing import Annotated

import typer


def token(
    account: Annotated[str, typer.Option(help="The account whose usage and bills it opens.", show_default=False)],
    hours: Annotated[int, typer.Option(min=1, max=24, help="How long it holds.")] = 1,
) -> None:
    """Print a customer's token for the read API.

    It gives read access to this account's usage and bills, and to no other's, until it expires.
    """
    from cli.token import issue_token

    issue_token(account, hours)
