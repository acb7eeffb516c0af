"""What a bill carries forward to the next one of its agreement: credit for export, and peaks for demand ratchets."""

import msgspec

from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.billing.credit import NO_CREDIT, Credit
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.ratchet import PastDemand, months_between


class CarryForward(msgspec.Struct, frozen=True):
    """`peaks` are the measured ones of the cycles that a ratchet looks back to, in order.

    `is_open`: the bill that carries it is not there or not complete yet, so that the credit may still change.
    """

    credit: Credit = NO_CREDIT
    peaks: tuple[PastDemand, ...] = ()
    is_open: bool = False


NOTHING = CarryForward()
NO_BILL = CarryForward(is_open=True)


def opening(plan: PeriodPlan, before: CarryForward) -> CarryForward:
    """What a period begins with, from what the bill before carries forward: where the registry states a credit, that.

    The first period of an agreement has no bill before.
    """
    stated = plan.stated_credit
    return before if stated is None else msgspec.structs.replace(before, credit=stated, is_open=False)


def closing(bill: Bill, plan: PeriodPlan, begins: CarryForward, measured: PastDemand | None) -> CarryForward:
    """What a bill carries forward, of what it `begins` with and its own `measured` peaks."""
    lookback = plan.lookback or 0
    peaks = (*begins.peaks, measured) if measured and measured.peak else begins.peaks
    counts = bill.intervals
    return CarryForward(
        credit=bill.credit.closing if bill.credit else begins.credit,
        peaks=tuple(one for one in peaks if months_between(one.cycle_first, plan.period.cycle_end) <= lookback),
        is_open=bool(counts.missing or counts.not_yet_due or bill.open_reasons),
    )
