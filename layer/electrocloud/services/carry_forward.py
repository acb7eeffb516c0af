"""What a bill begins with: the credit for export and the peaks that the bill before carries forward.

A bill is stored with what it begins with and what it carries forward. A change of what a
bill carries forward rates the next bill in the same transaction, so the two never differ, and a stored bill can be
rated again without reading the one before.
"""

from collections.abc import Sequence

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.carry_forward import NO_BILL, NOTHING, CarryForward, closing, opening
from electrocloud.domain.billing.credit import NO_CREDIT
from electrocloud.domain.billing.demand import past_demand
from electrocloud.domain.billing.service import PlannedBill
from electrocloud.services.issuing import KnownBills
from electrocloud.services.store import WITHDRAWN, Change, SpanDays, StoredBill, Tables

NOT_STORED = ""  # the version tag of a bill that another part of the change stores


def begins_with(
    change: Change, planned: PlannedBill, before: StoredBill | None, tables: Tables, known: KnownBills
) -> CarryForward:
    """What a bill of a change begins with; NOTHING where bills do not depend on each other.

    The bill before is the one in the change, or as it is `known`. It is read only where the stored bill (`before`) does
    not say it; then, and where it says otherwise, the change holds only if the bill before is still the same.
    """
    if planned.plan.lookback is None:
        return NOTHING
    previous = planned.previous
    if previous is None:
        return opening(planned.plan, NOTHING)
    if billed := change.billed(previous.key):
        return opening(planned.plan, carries(StoredBill(billed, NOT_STORED), previous))
    kept = before.billed.begins if before and before.billed.is_of(planned.plan) else None
    if kept and previous.key not in known:
        return kept
    stored = known[previous.key] if previous.key in known else tables.read([], [previous.key])[1].get(previous.key)
    found = opening(planned.plan, carries(stored, previous))
    if found != kept and not (stored and stored.mark == NOT_STORED):
        change.unchanged[previous.key] = stored.mark if stored else None
    return found


def carries(stored: StoredBill | None, planned: PlannedBill) -> CarryForward:
    """What a bill carries forward as it is stored.

    One that is not there is open: its readings may yet come. A meter without an agreement has no first bill, so none
    waits for one that is not there. What was stored by earlier versions carries its credit at most.
    """
    if stored is None or stored.billed.fingerprint == WITHDRAWN:
        return NO_BILL if planned.plan.terms.first else NOTHING
    billed = stored.billed
    if billed.carries:
        return billed.carries
    credit = billed.bill.credit
    return CarryForward(credit.closing if credit else NO_CREDIT, is_open=billed.bill.status == "provisional")


def carried(planned: PlannedBill, bill: Bill, days: Sequence[SpanDays], begins: CarryForward) -> CarryForward | None:
    """What a bill of these days, as it was just rated, carries forward; None where no bill depends on it."""
    plan = planned.plan
    if plan.lookback is None:
        return None
    return closing(bill, plan, begins, past_demand(plan, days) if plan.lookback else None)
