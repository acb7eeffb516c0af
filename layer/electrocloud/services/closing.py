"""Closing bills: after the grace time, what is still missing is estimated and the bills become final.

The work is divided into items, each a part of the fleet that one worker does within its time. FindBills lists the open
bills of one part of the index by month and makes items of them; CloseBills closes some of these. An item that is done
twice, or by two workers at once, changes nothing the second time.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey, PlannedBill
from electrocloud.domain.local_time import DAY_S, HOUR_S, BillingMonth, day_of
from electrocloud.services.rating import add_bill, estimated_determinants, is_of_plan
from electrocloud.services.store import Change, ServiceRegistry, Tables, commit_with_retry

MONTHS_BACK = 3  # what is still open later is left to a person
BILLS_AN_ITEM = 100
ROUND_S = DAY_S  # from one schedule to the next
EARLIEST_ZONE_S = 14 * HOUR_S  # a month ends so long before UTC's in the easternmost time zone

NO_SERVICE = "the registry has no agreement for it with a tariff that can be rated"


class FindBills(msgspec.Struct, frozen=True, tag="find-bills"):
    """List the open bills in one part of the index by month, after the bill `after`.

    `waiting`: those that wait for an estimate too.
    """

    month: str
    part: int
    waiting: bool
    after: BillKey | None = None


class CloseBills(msgspec.Struct, frozen=True, tag="close-bills"):
    """Close these bills."""

    bills: list[BillKey]


Item = FindBills | CloseBills


class OpenBills(Protocol):
    """Where the open bills are."""

    def pages(self, item: FindBills) -> Iterator[Sequence[BillKey]]:
        """The bills of an item that are provisional, in order, a page at a time."""

    def meters_of(self, bills: Collection[BillKey]) -> Mapping[BillKey, str]:
        """The meter that each of these bills names; "" if it names none."""

    def wait_for_estimate(self, key: BillKey, missing: int | None, reason: str) -> None:
        """Mark a provisional bill that lacks `missing` intervals (None: any number) as waiting, unless it has changed.

        A bill that is rated again is not marked any more.
        """


class ClosedBill(NamedTuple):
    """A bill as it now stands (None: there is none) and whether this call stored it.

    `contended`: it was not stored because other workers changed it at every attempt.
    """

    bill: Bill | None
    stored: bool
    contended: bool = False


NOT_SERVED = ClosedBill(None, stored=False)


class Closed(NamedTuple):
    """What came of an item: bills that became final, readings estimated in them, bills that wait, and what is left."""

    final: int
    estimated: int
    waiting: int
    left: CloseBills | None


def plan(now: int, grace_s: int, parts: int) -> Iterator[FindBills]:
    """The items that look for open bills of the months that ended `grace_s` before `now` (s since 1970 UTC) somewhere.

    The current month is looked at weekly, for agreements that ended in it. Bills that wait for an estimate are tried
    again in the rounds 1, 2, 4, 8, … after a month's first one: an estimate becomes possible only if readings of the
    weeks before come late, and the others must not wait for it.
    """
    month = BillingMonth.at(now, "UTC")
    if day_of(now).day % 7 == 1:
        yield from (FindBills(str(month), part, waiting=False) for part in range(parts))
    for _ in range(MONTHS_BACK):
        month = month.preceding
        rounds = (now - (month.end - EARLIEST_ZONE_S + grace_s)) // ROUND_S
        if rounds >= 0:
            waiting = rounds & (rounds - 1) == 0
            yield from (FindBills(str(month), part, waiting) for part in range(parts))


def find(item: FindBills, bills: OpenBills, out_of_time: Callable[[], bool]) -> Iterator[Item]:
    """The open bills as items to close, and at the end of the time an item to go on with."""
    for keys in bills.pages(item):
        for first in range(0, len(keys), BILLS_AN_ITEM):
            yield CloseBills(list(keys[first : first + BILLS_AN_ITEM]))
        if keys and out_of_time():
            yield FindBills(item.month, item.part, item.waiting, keys[-1])
            return


def close(
    item: CloseBills,
    tables: Tables,
    bills: OpenBills,
    registry: ServiceRegistry,
    due: int,
    pause: Callable[[int], None],
    out_of_time: Callable[[], bool],
) -> Closed:
    """Close the item's bills whose period ended by `due` (s since 1970 UTC)."""
    final = estimated = waiting = 0
    left: list[BillKey] = []
    planned_bills = _planned(item.bills, bills, registry)
    for place, key in enumerate(item.bills):
        if out_of_time():
            left += item.bills[place:]
            break
        planned = planned_bills.get(key)
        if planned and planned.plan.period.end > due:
            continue
        bill, stored, contended = close_bill(planned, tables, pause) if planned else NOT_SERVED
        if contended:
            left.append(key)
        elif planned is None or (bill and bill.status == "provisional"):
            bills.wait_for_estimate(key, *_reason(bill))
            waiting += 1
        elif bill and stored:
            final += 1
            estimated += bill.intervals.estimated
    # A change of the registry meanwhile has rated its bills, maybe before they were closed as they were before it.
    left = item.bills if registry.refresh() else left
    return Closed(final, estimated, waiting, CloseBills(left) if left else None)


def close_bill(planned: PlannedBill, tables: Tables, pause: Callable[[int], None]) -> ClosedBill:
    """Estimate the gaps of a bill and store it if that changes it; a final bill gets a new version.

    A gap that the four weeks before it have no readings for stays, and so does the bill's provisional status.
    """
    seen: list[Bill] = []

    def changes_of(_: Collection[str]) -> list[Change]:
        seen.clear()
        return _changes(planned, tables, seen)

    held, lost = commit_with_retry([planned.key.agreement_id], changes_of, tables, pause)
    if lost:
        return ClosedBill(None, stored=False, contended=True)
    if held:
        return ClosedBill(held[0].bills[0].billed.bill, stored=True)
    return ClosedBill(seen[0] if seen else None, stored=False)


def _planned(keys: Collection[BillKey], bills: OpenBills, registry: ServiceRegistry) -> dict[BillKey, PlannedBill]:
    """The plans of bills, by the services of their meters; bills from before agreements were are named by the meter."""
    registry.refresh()
    meter_of = {key: meter or key.agreement_id for key, meter in bills.meters_of(keys).items()}
    services = registry.services_of({*meter_of.values()})
    return {
        key: planned
        for key, meter in meter_of.items()
        for service in services.get(meter, ())
        if service.terms.agreement_id == key.agreement_id and (planned := service.bill_of_cycle(key.cycle))
    }


def _changes(planned: PlannedBill, tables: Tables, seen: list[Bill]) -> list[Change]:
    _, stored = tables.read([], [planned.key])
    before = stored.get(planned.key)
    if before is None:
        return []
    seen.append(before.billed.bill)
    is_open = before.billed.bill.intervals.missing or before.billed.bill.status == "provisional"
    if not is_open and is_of_plan(before.billed, planned.plan):
        return []
    change = Change(planned.key.agreement_id)
    add_bill(change, planned, estimated_determinants(planned, tables), before, tables)
    return [change] if change.bills[0].billed.bill != before.billed.bill else []


def _reason(bill: Bill | None) -> tuple[int | None, str]:
    """How many intervals a bill lacks (None: any number), and why it cannot be closed. None as the bill: no service."""
    if bill is None:
        return None, NO_SERVICE
    reasons = [reason.text for reason in bill.open_reasons]
    if missing := bill.intervals.missing:
        reasons.insert(0, f"{missing} intervals have no reading of the same hours in the 4 weeks before")
    return bill.intervals.missing, "; ".join(reasons)
