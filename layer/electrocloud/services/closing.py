"""Closing a month: after the grace time, what is still missing is estimated and the bill becomes final."""

from collections.abc import Callable, Collection

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.gaps import with_estimates
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.ingest import Change, Tables, add_rated_month, commit_with_retry


def close_month(
    meter_id: str, month: BillingMonth, tariff: Tariff, tables: Tables, pause: Callable[[int], None]
) -> Bill | None:
    """Estimate the gaps of a meter's month and store its bill; the bill, or None where there was nothing to change.

    A final bill gets a new version. A gap that nothing speaks for stays, and so does the bill's provisional status.
    Where workers that store readings were always faster, the next run does it.
    """

    def changes_of(meters: Collection[str]) -> list[Change]:
        return [change for meter in meters for change in _changes(meter, month, tariff, tables)]

    held, _ = commit_with_retry([meter_id], changes_of, tables, pause)
    return held[0].billed_months[0][0].bill if held else None


def _changes(meter_id: str, month: BillingMonth, tariff: Tariff, tables: Tables) -> list[Change]:
    _, billed_months = tables.read([], [(meter_id, month)])
    before = billed_months.get((meter_id, month))
    if before is None or not before.billed_month.bill.intervals.missing:
        return []
    days = with_estimates(tariff, month, tables.days_of(meter_id, month), tables.days_of(meter_id, month.preceding))
    change = Change(meter_id)
    add_rated_month(change, tariff, month, days, before)
    return [change] if change.billed_months[0][0].bill != before.billed_month.bill else []
