"""Closing a bill: after the grace time, what is still missing is estimated and the bill becomes final."""

from collections.abc import Callable, Collection

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import PlannedBill
from electrocloud.services.rating import add_bill, estimated_determinants
from electrocloud.services.store import Change, Tables, commit_with_retry


def close_bill(planned: PlannedBill, tables: Tables, pause: Callable[[int], None]) -> Bill | None:
    """Estimate the gaps of a bill and store it; the bill, or None where there was nothing to change.

    A final bill gets a new version. A gap that nothing speaks for stays, and so does the bill's provisional status.
    Where workers that store readings were always faster, the next run does it.
    """

    def changes_of(_: Collection[str]) -> list[Change]:
        return _changes(planned, tables)

    held, _ = commit_with_retry([planned.key.agreement_id], changes_of, tables, pause)
    return held[0].bills[0].billed.bill if held else None


def _changes(planned: PlannedBill, tables: Tables) -> list[Change]:
    _, stored = tables.read([], [planned.key])
    before = stored.get(planned.key)
    if before is None or not (before.billed.bill.intervals.missing or before.billed.bill.status == "provisional"):
        return []
    change = Change(planned.key.agreement_id)
    add_bill(change, planned, estimated_determinants(planned, tables), before)
    return [change] if change.bills[0].billed.bill != before.billed.bill else []
