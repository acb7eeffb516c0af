"""Bills after a change of the registry: those of the service points it touches are rated again, and no others.

The service points are stored in parts before the registry is changed. The command or a worker of the closing function
rates each part. Rating a part twice changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec

from electrocloud.domain.billing.service import BillKey, PlannedBill, Service
from electrocloud.domain.errors import StoreBusyError
from electrocloud.domain.local_time import local_day
from electrocloud.services.following_bills import RegistryChanged, never
from electrocloud.services.rating import VersionReason, withdraw_bill
from electrocloud.services.replay import Rerated, rerate_bills
from electrocloud.services.store import Change, RegistryChangedError, Tables, commit_with_retry

POINTS_AT_ONCE = 25


class RateServicePoints(msgspec.Struct, frozen=True, tag="rate-service-points"):
    """Rate the bills of service points that a change of the registry has touched: a part of it, by its key.

    It names the points itself, so that one that is delivered again rates them although the change is complete.
    """

    part: str
    points: list[str]
    reason: str
    changed_by: str = ""
    changed_at: datetime | None = None

    @property
    def why(self) -> VersionReason:
        """The reason on the new versions of bills."""
        return VersionReason(self.reason, self.changed_by, self.changed_at)


class PendingPart(NamedTuple):
    """Service points that a change has touched. `rated`: their bills are rated."""

    key: str
    points: Sequence[str]
    why: VersionReason
    rated: bool

    @property
    def work(self) -> RateServicePoints:
        """The part as a work item."""
        return RateServicePoints(self.key, [*self.points], *self.why)


class PendingChange(NamedTuple):
    """A change whose bills are not all rated: the keys of its parts, and whether a command is at it (`held`)."""

    parts: list[str]
    held: bool


class ServicePoints(Protocol):
    """Who is served at service points."""

    def services_at(self, service_points: Collection[str]) -> Mapping[str, Sequence[Service]]:
        """The services of those service points that exist."""

    def refresh(self) -> bool:
        """Forget what was remembered if the registry has changed since it was read."""


class TouchedBills(NamedTuple):
    """Bills to rate again, agreement by agreement, and stored ones whose agreement has no day in their cycle now."""

    planned: list[PlannedBill]
    without_service: list[BillKey]


def touched_bills(services: Iterable[Service], tables: Tables, now: int) -> TouchedBills:
    """The bills of services up to `now` (s since 1970 UTC), stored ones and those that may come into being."""
    planned: list[PlannedBill] = []
    without: list[BillKey] = []
    for service in services:
        tomorrow = local_day(now, service.zone) + timedelta(days=1)
        own = {bill.key: bill for bill in _until(service, tomorrow)}
        for cycle in tables.cycles_of(service.terms.agreement_id):
            key = BillKey(service.terms.agreement_id, cycle)
            found = own.get(key) or service.bill_of_cycle(cycle)
            if found:
                own[key] = found
            else:
                without.append(key)
        planned += [own[key] for key in sorted(own)]
    return TouchedBills(planned, without)


def rerate_touched(
    touched: TouchedBills,
    tables: Tables,
    pause: Callable[[int], None],
    why: VersionReason,
    registry_changed: RegistryChanged = never,
) -> Rerated:
    """Rate touched bills again, from stored determinants where only prices changed; withdraw those without service."""
    rated = rerate_bills(touched.planned, tables, pause, trust_days=True, why=why, registry_changed=registry_changed)
    return _withdraw(touched.without_service, tables, pause, why).plus(rated)


def rate_service_points(
    points: Sequence[str],
    why: VersionReason,
    registry: ServicePoints,
    tables: Tables,
    now: int,
    pause: Callable[[int], None],
) -> Rerated:
    """Rate the bills of service points up to `now` (s since 1970 UTC), by the registry as it is at the end.

    A change of the registry meanwhile has rated its bills already, maybe before this rated them as they were before it.
    So they are rated again.
    """
    registry.refresh()
    total = Rerated(0, 0, frozenset())
    while True:
        services = [one for own in registry.services_at(points).values() for one in own]
        touched = touched_bills(services, tables, now)
        try:
            total = total.plus(rerate_touched(touched, tables, pause, why, registry.refresh))
        except RegistryChangedError:
            continue
        if not registry.refresh():
            return total


def rate_item(
    item: RateServicePoints,
    registry: ServicePoints,
    tables: Tables,
    now: int,
    pause: Callable[[int], None],
    out_of_time: Callable[[], bool],
) -> tuple[Rerated, RateServicePoints | None]:
    """Rate the bills of an item while there is time: what came of it, and what is left as a smaller item.

    `StoreBusyError` where bills could not be stored; the queue then delivers the item again.
    """
    total = Rerated(0, 0, frozenset())
    for first in range(0, len(item.points), POINTS_AT_ONCE):
        if out_of_time():
            return total, msgspec.structs.replace(item, points=item.points[first:])
        group = item.points[first : first + POINTS_AT_ONCE]
        total = total.plus(rate_service_points(group, item.why, registry, tables, now, pause))
    if total.failed:
        raise StoreBusyError(f"{len(total.failed)} agreements' bills could not be stored; they are rated again later")
    return total, None


class Preview:
    """Tables that show what is there and store nothing: so many `bills` would change, by `amounts`.

    `amounts` are in each currency by itself.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.read = tables.read
        self.days_between = tables.days_between
        self.cycles_of = tables.cycles_of
        self.class_profile = tables.class_profile
        self.issue_terms = tables.issue_terms
        self.bills = 0
        self.amounts: dict[str, Decimal] = {}

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:  # noqa: ARG002 - as `Tables` has it
        """Count what would be stored."""
        bills = [one for change in changes for part in change.rows() for one in part.bills]
        _, stored = self._tables.read([], [one.key for one in bills])
        for one in bills:
            before = stored[one.key].billed.bill.total_rounded if one.key in stored else Decimal(0)
            bill = one.billed.bill
            self.bills += 1
            self.amounts[bill.currency] = self.amounts.get(bill.currency, Decimal(0)) + bill.total_rounded - before
        return set()


def _until(service: Service, end: date) -> Iterator[PlannedBill]:
    first = service.terms.first
    if first is not None and first < end:
        yield from service.bills_between(first, end)


def _withdraw(keys: Collection[BillKey], tables: Tables, pause: Callable[[int], None], why: VersionReason) -> Rerated:
    """Let nothing be owed for bills whose agreement has no day in their cycle."""
    total = Rerated(0, 0, frozenset())
    for key in keys:

        def changes_of(_: object, key: BillKey = key) -> list[Change]:
            _, stored = tables.read([], [key])
            change = Change(key.agreement_id)
            if key in stored:
                withdraw_bill(change, key, stored[key], tables, why)
            return [change] if change.bills else []

        held, failed = commit_with_retry([key.agreement_id], changes_of, tables, pause)
        total = total.plus(Rerated(1, len(held), frozenset(failed)))
    return total
