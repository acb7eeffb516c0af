"""Closing months: after the grace time, what is still missing is estimated and the bills become final.

The work is divided into items, each a part of the fleet that one worker does within its time. FindBills lists the open
bills of one part of the index by month and makes items of them; CloseBills closes some of these. An item that is done
twice, or by two workers at once, changes nothing the second time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.gaps import with_estimates
from electrocloud.domain.local_time import HOUR_S, BillingMonth
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.ingest import Change, Tables, TariffOf, add_rated_month, commit_with_retry

MONTHS_BACK = 3  # what is still open later is left to a person
BILLS_AN_ITEM = 100
ROUND_S = 6 * HOUR_S  # between two schedules
EARLIEST_ZONE_S = 14 * HOUR_S  # a month ends so long before UTC's in the easternmost time zone

NO_TARIFF = "its meter has no tariff that can be rated"


class FindBills(msgspec.Struct, frozen=True, tag="find-bills"):
    """List the open bills of a month in one part of the index by month, after the meter `after`.

    `waiting`: those that wait for an estimate too.
    """

    month: str
    part: int
    waiting: bool
    after: str | None = None


class CloseBills(msgspec.Struct, frozen=True, tag="close-bills"):
    """Close these meters' bills of a month."""

    month: str
    meter_ids: list[str]


Item = FindBills | CloseBills


class OpenBills(Protocol):
    """Where the open bills are."""

    def pages(self, item: FindBills) -> Iterator[Sequence[str]]:
        """The meters of the item's bills that lack readings, in order, a page at a time."""

    def wait_for_estimate(self, meter_id: str, month: str, missing: int | None, reason: str) -> None:
        """Mark a bill that lacks `missing` intervals (None: any) as waiting for an estimate, unless it has changed.

        A bill that is rated again is not marked any more.
        """


class ClosedMonth(NamedTuple):
    """The bill of a month as it now stands (None: there is none), whether it was stored just now, and if not, whether
    that is because other workers stored readings of the meter at every attempt."""

    bill: Bill | None
    stored: bool
    contended: bool = False


class Closed(NamedTuple):
    """What came of an item: bills that became final, readings estimated in them, bills that wait for an estimate, and
    what is left to do."""

    final: int
    estimated: int
    waiting: int
    left: CloseBills | None


def plan(now: int, grace_s: int, parts: int) -> Iterator[FindBills]:
    """The items that look for open bills of the months that ended `grace_s` before `now` (s since 1970 UTC) somewhere.

    Bills that wait for an estimate are tried again in the rounds 1, 2, 4, 8, … after a month's first one: they become
    possible only when readings of the month before come late, and must not keep the others waiting.
    """
    month = BillingMonth.at(now, "UTC")
    for _ in range(MONTHS_BACK):
        month = month.preceding
        rounds = (now - (month.end - EARLIEST_ZONE_S + grace_s)) // ROUND_S
        if rounds >= 0:
            waiting = rounds & (rounds - 1) == 0
            yield from (FindBills(str(month), part, waiting) for part in range(parts))


def find(item: FindBills, bills: OpenBills, out_of_time: Callable[[], bool]) -> Iterator[Item]:
    """The open bills as items to close, and at the end of the time an item to go on with."""
    for meter_ids in bills.pages(item):
        for first in range(0, len(meter_ids), BILLS_AN_ITEM):
            yield CloseBills(item.month, list(meter_ids[first : first + BILLS_AN_ITEM]))
        if meter_ids and out_of_time():
            yield FindBills(item.month, item.part, item.waiting, meter_ids[-1])
            return


def close(
    item: CloseBills,
    tables: Tables,
    bills: OpenBills,
    tariffs: TariffOf,
    now: int,
    grace_s: int,
    pause: Callable[[int], None],
    out_of_time: Callable[[], bool],
) -> Closed:
    """Close the item's bills whose month ended `grace_s` before `now` (s since 1970 UTC) where the meter is."""
    final = estimated = waiting = 0
    left: list[str] = []
    tariff_of = tariffs(item.meter_ids)
    for place, meter_id in enumerate(item.meter_ids):
        if out_of_time():
            left += item.meter_ids[place:]
            break
        tariff = tariff_of.get(meter_id)
        if tariff is None:
            bills.wait_for_estimate(meter_id, item.month, None, NO_TARIFF)
            waiting += 1
            continue
        month = _month(item.month, tariff.zone)
        if month.end + grace_s > now:
            continue
        bill, stored, contended = close_month(meter_id, month, tariff, tables, pause)
        if contended:
            left.append(meter_id)
        elif bill and bill.intervals.missing:
            bills.wait_for_estimate(meter_id, item.month, bill.intervals.missing, _reason(bill))
            waiting += 1
        elif bill and stored:
            final += 1
            estimated += bill.intervals.estimated
    return Closed(final, estimated, waiting, CloseBills(item.month, left) if left else None)


def close_month(
    meter_id: str, month: BillingMonth, tariff: Tariff, tables: Tables, pause: Callable[[int], None]
) -> ClosedMonth:
    """Estimate the gaps of a meter's month and store its bill if that changes it; a final bill gets a new version.

    A gap that the four weeks before it have no readings for stays, and so does the bill's provisional status.
    """
    seen: list[Bill] = []

    def changes_of(meters: Iterable[str]) -> list[Change]:
        seen.clear()
        return [change for meter in meters for change in _changes(meter, month, tariff, tables, seen)]

    held, lost = commit_with_retry([meter_id], changes_of, tables, pause)
    if lost:
        return ClosedMonth(None, stored=False, contended=True)
    if held:
        return ClosedMonth(held[0].billed_months[0][0].bill, stored=True)
    return ClosedMonth(seen[0] if seen else None, stored=False)


def _changes(meter_id: str, month: BillingMonth, tariff: Tariff, tables: Tables, seen: list[Bill]) -> list[Change]:
    _, billed_months = tables.read([], [(meter_id, month)])
    before = billed_months.get((meter_id, month))
    if before is None:
        return []
    seen.append(before.billed_month.bill)
    if not before.billed_month.bill.intervals.missing:
        return []
    days = with_estimates(tariff, month, tables.days_of(meter_id, month), tables.days_of(meter_id, month.preceding))
    change = Change(meter_id)
    add_rated_month(change, tariff, month, days, before)
    return [change] if change.billed_months[0][0].bill != before.billed_month.bill else []


def _month(text: str, zone: str) -> BillingMonth:
    return BillingMonth(int(text[:4]), int(text[5:]), zone)


def _reason(bill: Bill) -> str:
    return f"{bill.intervals.missing} intervals have no reading of the same hours in the 4 weeks before"
