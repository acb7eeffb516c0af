"""Events of bills for other systems: one for each issued version, as a CloudEvent 1.0."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey

EventType = Literal["BillFinalized", "BillReissued"]

SOURCE = "/electrocloud/bills"


class BillIssued(msgspec.Struct, frozen=True):
    """The data of a bill's event: which version of which bill, and its amounts in `currency`.

    `adjustment` is what a reissued bill owes more (or less) than the version before; `period_end` is exclusive. Who the
    customer is stands in the registry alone, under `account_id`.
    """

    agreement_id: str
    account_id: str
    meter_id: str
    cycle: str
    version: int
    number: str
    period_start: date | None
    period_end: date | None
    energy_kwh: Decimal
    amount_due: Decimal
    currency: str
    adjustment: Decimal | None
    reason: str
    issued_on: date | None
    due_on: date | None


class BillEvent(msgspec.Struct, frozen=True):
    """An event as a CloudEvent. Its `id` follows from the bill's version, so that a repeated event is recognized."""

    id: str
    type: EventType
    subject: str
    data: BillIssued
    source: str = SOURCE
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def bill_event(key: BillKey, bill: Bill) -> BillEvent:
    """The event of an issued version: finalized if it is the first, and else reissued."""
    subject = f"{key.agreement_id}/{key.cycle}"
    return BillEvent(
        id=str(uuid5(NAMESPACE_URL, f"{SOURCE}/{subject}/{bill.version}")),
        type="BillFinalized" if bill.version == 1 else "BillReissued",
        subject=subject,
        data=BillIssued(
            agreement_id=key.agreement_id,
            account_id=bill.account_id,
            meter_id=bill.meter_id,
            cycle=key.cycle,
            version=bill.version,
            number=bill.number,
            period_start=bill.period_start,
            period_end=bill.period_end,
            energy_kwh=bill.energy_kwh,
            amount_due=bill.total_rounded,
            currency=bill.currency,
            adjustment=bill.adjustment.amount_rounded if bill.adjustment else None,
            reason=bill.reason,
            issued_on=bill.issued_on,
            due_on=bill.due_on,
        ),
    )
