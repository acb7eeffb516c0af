"""Credits for export: what a customer has earned and no bill has used yet, and what a bill does to it."""

from decimal import Decimal

import msgspec

from electrocloud.domain.billing.charges import Line


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


class NetPeriod(msgspec.Struct, frozen=True):
    """One energy period of a segment under net metering: delivered - received - opening = billed - closing, in kWh.

    `name` is what the bill calls it. Without credits in kWh, `closing_kwh` is what earned a credit in $.
    """

    segment: int
    period: int
    name: str
    delivered_kwh: Decimal
    received_kwh: Decimal
    opening_kwh: Decimal
    billed_kwh: Decimal
    closing_kwh: Decimal


class CreditAccount(msgspec.Struct, frozen=True):
    """What a bill did to a customer's credit, in $: opening + earned = used + paid_out + expired + closing.

    `earnings` are the lines that the earned $ come from, which are no lines of the bill. `periods` has the energy where
    it was netted.
    """

    metering: str
    opening: Credit
    closing: Credit
    earned: Decimal = Decimal(0)
    used: Decimal = Decimal(0)
    paid_out: Decimal = Decimal(0)
    expired: Decimal = Decimal(0)
    true_up: bool = False
    earnings: tuple[Line, ...] = ()
    periods: tuple[NetPeriod, ...] = ()
