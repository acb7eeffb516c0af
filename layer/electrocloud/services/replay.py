"""Uploads ingested once more, and bills rated again: after a loss, a fault in the code, or a change of master data.

Both may run while live uploads flow, and repeatedly: what is there already stays as it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

from electrocloud.domain.billing.service import BillKey, PlannedBill, bills_of_meter_day
from electrocloud.domain.readings.upload import Upload
from electrocloud.services.following_bills import RegistryChanged, never, rate_following
from electrocloud.services.ingest import Outcome, ingest_uploads
from electrocloud.services.issuing import KnownBills, compared_bills
from electrocloud.services.rating import (
    VersionReason,
    add_bill,
    same_bill,
    stored_determinants,
)
from electrocloud.services.store import Change, DayKey, RegistryChangedError, ServiceRegistry, Tables, commit_with_retry

Bills = dict[str, list[PlannedBill]]

RATED_AGAIN = VersionReason("rated again")
BILLS_AT_ONCE = 40  # each is up to two items, and an agreement's must fit one transaction


class Rerated(NamedTuple):
    """How many bills were rated, how many came out other than they were, and the agreements that were not stored."""

    bills: int
    changed: int
    failed: frozenset[str]

    def plus(self, other: "Rerated") -> "Rerated":
        """Both together."""
        return Rerated(self.bills + other.bills, self.changed + other.changed, self.failed | other.failed)


def reingest(
    parts: Iterable[Collection[Upload]], tables: Tables, registry: ServiceRegistry, pause: Callable[[int], None]
) -> tuple[Outcome, list[DayKey]]:
    """Ingest uploads part by part: what became of them all, and the meters' days that they are of."""
    outcomes = []
    days: dict[DayKey, None] = {}
    for part in parts:
        outcomes.append(ingest_uploads(part, tables, registry, pause))
        days.update(dict.fromkeys((upload.meter_id, upload.day) for upload in part))
    total = Outcome(
        readings=sum(one.readings for one in outcomes),
        changed=sum(one.changed for one in outcomes),
        repeated=sum(one.repeated for one in outcomes),
        bills=sum(one.bills for one in outcomes),
        failed=frozenset().union(*(one.failed for one in outcomes)),
    )
    return total, [*days]


def rerate_days(
    days: Collection[DayKey],
    tables: Tables,
    registry: ServiceRegistry,
    pause: Callable[[int], None],
    track: Callable[[Collection[PlannedBill]], Iterable[PlannedBill]] = iter,
) -> Rerated:
    """Rate the bills that meters' days are a part of, by the registry as it is at the end; `track` sees them go by.

    A change of the registry meanwhile has rated its bills already, maybe before this rated them as they were before it.
    So they are rated again.
    """
    registry.refresh()
    total = Rerated(0, 0, frozenset())
    while True:
        services = registry.services_of({meter for meter, _ in days})
        planned: dict[BillKey, PlannedBill] = {}
        for meter, day in days:
            planned.update((bill.key, bill) for bill in bills_of_meter_day(services.get(meter, ()), meter, day))
        bills = track([planned[key] for key in sorted(planned)])
        try:
            total = total.plus(rerate_bills(bills, tables, pause, registry_changed=registry.refresh))
        except RegistryChangedError:
            continue
        if not registry.refresh():
            return total


def rerate_bills(
    planned: Iterable[PlannedBill],
    tables: Tables,
    pause: Callable[[int], None],
    *,
    trust_days: bool = False,
    why: VersionReason = RATED_AGAIN,
    registry_changed: RegistryChanged = never,
) -> Rerated:
    """Rate bills, which come agreement by agreement, whatever was rated before: from all their windows.

    With `trust_days`, the stored determinants of a bill are used where its plan still has their shape: after a change
    of prices, which leaves them as they are, that spares the reading of windows. A bill that comes out as it was is
    left alone, and a final one that does not gets a new version. A bill whose period has no reading, and that was never
    rated, is not made.
    """
    bills = changed = 0
    failed: set[str] = set()
    for part in _parts(planned):

        def changes_of(agreements: Collection[str], part: Bills = part) -> list[Change]:
            return _changes(
                {agreement: part[agreement] for agreement in agreements}, tables, trust_days, why, registry_changed
            )

        held, lost = commit_with_retry(part.keys(), changes_of, tables, pause)
        bills += sum(map(len, part.values()))
        changed += sum(len(change.bills) for change in held)
        failed |= lost
    return Rerated(bills, changed, frozenset(failed))


def _parts(planned: Iterable[PlannedBill]) -> Iterator[Bills]:
    """Bills by agreement, at most BILLS_AT_ONCE of all together; those of an agreement are together if they fit."""
    part: Bills = {}
    count = 0
    for agreement_id, bills in groupby(planned, key=lambda bill: bill.key.agreement_id):
        while own := [*islice(bills, BILLS_AT_ONCE)]:
            if part and (count + len(own) > BILLS_AT_ONCE or agreement_id in part):
                yield part
                part, count = {}, 0
            part[agreement_id] = own
            count += len(own)
    if part:
        yield part


def _changes(
    planned: Bills, tables: Tables, trust_days: bool, why: VersionReason, registry_changed: RegistryChanged
) -> list[Change]:
    # Before the windows, so that a worker who changes these in the meantime is noticed.
    # With those that new versions are compared with: one by one they would take longer than all the rest.
    keys = dict.fromkeys(bill.key for bills in planned.values() for bill in bills)
    keys.update(dict.fromkeys(other for key in [*keys] for other in compared_bills(key)))
    _, stored = tables.read([], keys)
    known = {key: stored.get(key) for key in keys}
    changes = []
    for agreement_id, bills in planned.items():
        change = Change(agreement_id)
        own = {bill.key for bill in bills}
        for bill in bills:
            _rerate(change, bill, known, tables, trust_days, why)
            rate_following(change, bill, known[bill.key], tables, why, registry_changed, except_for=own)
        changes.append(change)
    return changes


def _rerate(
    change: Change,
    planned: PlannedBill,
    known: KnownBills,
    tables: Tables,
    trust_days: bool,
    why: VersionReason,
) -> None:
    """Put a bill into the change, unless it comes out as it was."""
    before = known[planned.key]
    days = stored_determinants(planned, before, tables, trust=trust_days)
    if before or any(days):
        add_bill(change, planned, days, before, tables, why, known)
        if before and same_bill(change.bills[-1].billed, before.billed):
            change.bills.pop()
