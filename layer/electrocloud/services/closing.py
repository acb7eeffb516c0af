"""Closing a month: after the grace time, what is still missing is estimated and the bill becomes final."""

from collections.abc import Callable, Collection

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.gaps import filled, month_before
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.ingest import Change, Tables, enter, settle


def close_month(
    meter_id: str, month: BillingMonth, tariff: Tariff, tables: Tables, pause: Callable[[int], None]
) -> Bill | None:
    """Estimate the gaps of a meter's month and store its bill; the bill, or None where there was nothing to change.

    A final bill gets a new version. A gap that nothing speaks for stays, and so does the bill's provisional status.
    Where workers that store readings were always faster, the next run does it.
    """

    def changes_of(meters: Collection[str]) -> list[Change]:
        return [change for meter in meters for change in _changes(meter, month, tariff, tables)]

    held, _ = settle([meter_id], changes_of, tables, pause)
    return held[0].ledgers[0][0].bill if held else None


def _changes(meter_id: str, month: BillingMonth, tariff: Tariff, tables: Tables) -> list[Change]:
    _, ledgers = tables.read([], [(meter_id, month)])
    before = ledgers.get((meter_id, month))
    if before is None or not before.ledger.bill.intervals.missing:
        return []
    days = filled(tariff, month, tables.days_of(meter_id, month), tables.days_of(meter_id, month_before(month)))
    change = Change(meter_id)
    enter(change, tariff, month, days, before)
    return [change] if change.ledgers[0][0].bill != before.ledger.bill else []
