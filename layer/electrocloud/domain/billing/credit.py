"""Credit for export: what a customer has earned and no bill has used yet."""

import re
from decimal import Decimal

import msgspec

from electrocloud.domain.errors import UsageError

_AMOUNT = re.compile(r"\$?(\d{1,9}(?:\.\d{1,9})?)(?: ?(kWh))?")


class Credit(msgspec.Struct, frozen=True):
    """What export has earned and no bill has used: `dollars` ($), and `wh` (Wh) of each energy period.

    `net_wh` is by how many Wh export has exceeded use since the last true-up, in all periods together: what a true-up
    pays for.
    """

    dollars: Decimal = Decimal(0)
    wh: dict[int, int] = {}
    net_wh: int = 0

    def __bool__(self) -> bool:
        return bool(self.dollars or self.net_wh or any(self.wh.values()))


NO_CREDIT = Credit()


def stated_credit(text: str) -> Credit | None:
    """The credit of an amount: `12.50` ($), or `120kWh`, in the first energy period; None of any other text.

    `UsageError` where an amount in kWh is no whole number of Wh.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    amount = Decimal(found[1])
    if not found[2]:
        return Credit(dollars=amount)
    wh = amount * 1000
    if wh != int(wh):
        raise UsageError(f"{text}: a credit in kWh has at most three decimals")
    return Credit(wh={0: int(wh)}, net_wh=int(wh))
