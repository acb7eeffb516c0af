"""Closing bills: after the grace time, what is still missing is estimated and the bills become final.

The work is divided into items, each a part of the fleet that one worker does within its time. FindBills lists the open
bills of one part of the index by month and makes items of them; FindUnbilled does so for agreements that have no bill,
since their meters were silent for the whole cycle; CloseBills closes some of these. An item that is done twice, or by
two workers at once, changes nothing the second time.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.estimation import WEEKS
from electrocloud.domain.billing.service import BillKey, PlannedBill, Service
from electrocloud.domain.local_time import DAY_S, HOUR_S, BillingMonth, day_of
from electrocloud.services.class_profiles import ClassMeters, ProfileTables, make_class_profile
from electrocloud.services.following_bills import RegistryChanged, never, rate_following
from electrocloud.services.rating import READING_CORRECTED, add_bill, estimated_determinants
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


class FindUnbilled(msgspec.Struct, frozen=True, tag="find-unbilled"):
    """List the agreements that have no bill of a month, at one of `parts` parts of the service points, from after one.

    A month of which nobody has a bill is left alone: it is older than the deployment.
    """

    month: str
    part: int
    parts: int
    after: str | None = None


class CloseBills(msgspec.Struct, frozen=True, tag="close-bills"):
    """Close these bills. `meters` has, by agreement, the meter of those that are to be made first."""

    bills: list[BillKey]
    meters: dict[str, str] = {}


Item = FindBills | FindUnbilled | CloseBills


class OpenBills(Protocol):
    """Where the open bills are."""

    def pages(self, item: FindBills) -> Iterator[Sequence[BillKey]]:
        """The bills of an item that are provisional, in order, a page at a time."""

    def any_of_month(self, month: str) -> bool:
        """Whether there is a bill, of whatever status, of a cycle that begins in the month."""

    def meters_of(self, bills: Collection[BillKey]) -> Mapping[BillKey, str]:
        """The meter that each of those bills names that exist; "" if it names none."""

    def wait_for_estimate(self, key: BillKey, missing: int | None, reason: str) -> None:
        """Mark a provisional bill that lacks `missing` intervals (None: any number) as waiting, unless it has changed.

        A bill that is rated again is not marked any more.
        """


class ServedPoints(Protocol):
    """Who is served at all service points."""

    def services_in(self, part: int, parts: int, after: str | None) -> Iterator[tuple[str, Sequence[Service]]]:
        """The services at one part of the service points, a page at a time, each with its last service point."""


class ClosingStore(NamedTuple):
    """What closing reads and writes."""

    tables: ProfileTables
    bills: OpenBills
    registry: ServiceRegistry
    class_meters: ClassMeters


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


def plan(now: int, grace_s: int, parts: int) -> Iterator[FindBills | FindUnbilled]:
    """The items that look for open bills of the months that ended `grace_s` before `now` (s since 1970 UTC) somewhere.

    The current month is looked at weekly, for agreements that ended in it. Bills that wait for an estimate are tried
    again in the rounds 1, 2, 4, 8, … after a month's first one: an estimate becomes possible only if readings of the
    weeks before come late, and the others must not wait for it. In the same rounds bills are made where there are none.
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
            if waiting:
                yield from (FindUnbilled(str(month), part, parts) for part in range(parts))


def find(item: FindBills, bills: OpenBills, out_of_time: Callable[[], bool]) -> Iterator[Item]:
    """The open bills as items to close, and at the end of the time an item to go on with."""
    for keys in bills.pages(item):
        for first in range(0, len(keys), BILLS_AN_ITEM):
            yield CloseBills(list(keys[first : first + BILLS_AN_ITEM]))
        if keys and out_of_time():
            yield FindBills(item.month, item.part, item.waiting, keys[-1])
            return


def find_unbilled(
    item: FindUnbilled, points: ServedPoints, bills: OpenBills, due: int, out_of_time: Callable[[], bool]
) -> Iterator[Item]:
    """Agreements without a bill of a cycle that ended by `due` (s since 1970 UTC), as items that make and close it."""
    if not bills.any_of_month(item.month):
        return
    for last, services in points.services_in(item.part, item.parts, item.after):
        planned = [bill for service in services if (bill := service.bill_of_month(item.month))]
        ended = {bill.key: bill.plan for bill in planned if bill.plan.spans and bill.plan.period.end <= due}
        unbilled = sorted(ended.keys() - bills.meters_of(ended.keys()).keys())
        for first in range(0, len(unbilled), BILLS_AN_ITEM):
            keys = unbilled[first : first + BILLS_AN_ITEM]
            yield CloseBills(keys, {key.agreement_id: ended[key].spans[-1].meter_id for key in keys})
        if out_of_time():
            yield FindUnbilled(item.month, item.part, item.parts, last)
            return


def close(
    item: CloseBills, store: ClosingStore, due: int, pause: Callable[[int], None], out_of_time: Callable[[], bool]
) -> Closed:
    """Close the item's bills whose period ended by `due` (s since 1970 UTC)."""
    final = estimated = waiting = 0
    left: list[BillKey] = []
    planned_bills = _planned(item, store.bills, store.registry)
    for place, key in enumerate(item.bills):
        if out_of_time():
            left += item.bills[place:]
            break
        planned = planned_bills.get(key)
        if planned and planned.plan.period.end > due:
            continue
        bill, stored, contended = _close_by_profile(planned, store, due, pause) if planned else NOT_SERVED
        if contended:
            left.append(key)
        elif planned is None or (bill and bill.status == "provisional"):
            store.bills.wait_for_estimate(key, *_reason(planned, bill))
            waiting += 1
        elif bill and stored:
            final += 1
            estimated += bill.intervals.estimated
    # A change of the registry meanwhile has rated its bills, maybe before they were closed as they were before it.
    left = item.bills if store.registry.refresh() else left
    return Closed(final, estimated, waiting, CloseBills(left, item.meters) if left else None)


def close_bill(
    planned: PlannedBill, tables: Tables, pause: Callable[[int], None], registry_changed: RegistryChanged = never
) -> ClosedBill:
    """Estimate the gaps of a bill and store it if that changes it; a final bill gets a new version.

    A bill that is not there is made. A gap stays, and so does the bill's provisional status, where neither the four
    weeks before it have readings for it nor the class's mean profile.
    """
    seen: list[Bill] = []

    def changes_of(_: Collection[str]) -> list[Change]:
        seen.clear()
        return _changes(planned, tables, seen, registry_changed)

    held, lost = commit_with_retry([planned.key.agreement_id], changes_of, tables, pause)
    if lost:
        return ClosedBill(None, stored=False, contended=True)
    if held:
        return ClosedBill(held[0].bills[0].billed.bill, stored=True)
    return ClosedBill(seen[0] if seen else None, stored=False)


def _close_by_profile(planned: PlannedBill, store: ClosingStore, due: int, pause: Callable[[int], None]) -> ClosedBill:
    """Close a bill; where its own history does not suffice, make the mean profile of its class and close it by that."""
    closed = close_bill(planned, store.tables, pause, store.registry.refresh)
    customer_class = planned.plan.terms.customer_class
    if closed.bill and closed.bill.intervals.missing and customer_class:
        made = make_class_profile(customer_class, planned.key.month, due, store.class_meters, store.tables)
        return close_bill(planned, store.tables, pause, store.registry.refresh) if made else closed
    return closed


def _planned(item: CloseBills, bills: OpenBills, registry: ServiceRegistry) -> dict[BillKey, PlannedBill]:
    """The plans of bills, by the services of their meters; bills from before agreements were are named by the meter."""
    registry.refresh()
    named = bills.meters_of(item.bills)
    new = {key: item.meters[key.agreement_id] for key in item.bills if key.agreement_id in item.meters}
    meter_of = {key: meter or key.agreement_id for key, meter in {**new, **named}.items()}
    services = registry.services_of({*meter_of.values()})
    return {
        key: planned
        for key, meter in meter_of.items()
        for service in services.get(meter, ())
        if service.terms.agreement_id == key.agreement_id and (planned := service.bill_of_cycle(key.cycle))
    }


def _changes(planned: PlannedBill, tables: Tables, seen: list[Bill], registry_changed: RegistryChanged) -> list[Change]:
    _, stored = tables.read([], [planned.key])
    before = stored.get(planned.key)
    if before:
        seen.append(before.billed.bill)
        is_open = before.billed.bill.intervals.missing or before.billed.bill.status == "provisional"
        if not is_open and before.billed.is_of(planned.plan):
            return []
    change = Change(planned.key.agreement_id)
    add_bill(change, planned, estimated_determinants(planned, tables), before, tables)
    rate_following(change, planned, before, tables, READING_CORRECTED, registry_changed)
    return [change] if before is None or change.bills[0].billed.bill != before.billed.bill else []


def _reason(planned: PlannedBill | None, bill: Bill | None) -> tuple[int | None, str]:
    """How many intervals a bill lacks (None: any number), and why it cannot be closed. None as the bill: no service."""
    if planned is None or bill is None:
        return None, NO_SERVICE
    reasons = [reason.text for reason in bill.open_reasons]
    if missing := bill.intervals.missing:
        customer_class = planned.plan.terms.customer_class
        profile = f"mean profile of class {customer_class}" if customer_class else "customer class"
        weeks = f"{missing} intervals have no reading of the same hours in the {WEEKS} weeks before"
        reasons.insert(0, f"{weeks}, and there is no {profile} to estimate them from")
    return bill.intervals.missing, "; ".join(reasons)
