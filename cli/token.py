"""`electrocloud token`: a customer's token for the read API."""

import sys
from datetime import datetime

from rich.console import Console

from electrocloud.aws.customer_tokens import CustomerTokens
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import SettingsError, UsageError
from registry.desk import RegistryDesk


def issue_token(account_id: str, hours: int) -> None:
    """Print a token that lets its holder read an account's usage and bills for so many hours."""
    stack = find_stack()
    if not stack.token_key:
        raise SettingsError("this stack has no key for tokens; deploy this version of template.yaml")
    if RegistryDesk(stack).account(account_id) is None:
        raise UsageError(f"there is no account {account_id}; `electrocloud registry search` finds accounts")
    print(CustomerTokens(stack.client("kms"), stack.token_key).issue(account_id, hours * 3_600))
    if sys.stdout.isatty():
        until = datetime.now().astimezone()
        Console(stderr=True).print(f"It holds for {hours} h from {until:%H:%M} on, for {stack.api}/v1/customer/")
