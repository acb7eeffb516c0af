"""What a bill does to a customer's credit for export."""

from decimal import Decimal

import msgspec

from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.credit import Credit


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
