"""Bills after a change of the registry: those of the service points it touches are rated again, and no others."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from electrocloud.domain.billing.bill import withdrawn
from electrocloud.domain.billing.service import BillKey, PlannedBill, Service
from electrocloud.domain.local_time import local_day
from electrocloud.services.rating import VersionReason
from electrocloud.services.replay import Rerated, rerate_bills
from electrocloud.services.store import BillChange, BilledPeriod, Change, Tables, commit_with_retry


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


def rerate_touched(touched: TouchedBills, tables: Tables, pause: Callable[[int], None], why: VersionReason) -> Rerated:
    """Rate touched bills again, from stored determinants where only prices changed; withdraw those without service."""
    rated = rerate_bills(touched.planned, tables, pause, trust_days=True, why=why)
    withdrawn_bills = sum(_withdraw(key, tables, pause, why) for key in touched.without_service)
    return rated._replace(changed=rated.changed + withdrawn_bills, bills=rated.bills + len(touched.without_service))


class Preview:
    """Tables that show what is there and store nothing: `bills` would change, by `amount` $ in all."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.read = tables.read
        self.days_between = tables.days_between
        self.cycles_of = tables.cycles_of
        self.bills = 0
        self.amount = Decimal(0)

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:  # noqa: ARG002 - as `Tables` has it
        """Count what would be stored."""
        for change in changes:
            for one in change.bills:
                _, stored = self._tables.read([], [one.key])
                before = stored[one.key].billed.bill.total_rounded if one.key in stored else Decimal(0)
                self.bills += 1
                self.amount += one.billed.bill.total_rounded - before
        return set()


def _until(service: Service, end: date) -> Iterator[PlannedBill]:
    first = service.terms.first
    if first is not None and first < end:
        yield from service.bills_between(first, end)


def _withdraw(key: BillKey, tables: Tables, pause: Callable[[int], None], why: VersionReason) -> int:
    def changes_of(_: object) -> list[Change]:
        _, stored = tables.read([], [key])
        before = stored.get(key)
        if before is None or not before.billed.bill.lines:
            return []
        bill = withdrawn(before.billed.bill)
        bill = msgspec.structs.replace(bill, reason=why.reason, changed_by=why.by, changed_at=why.at)
        change = Change(key.agreement_id)
        change.bills.append(BillChange(key, BilledPeriod("withdrawn", (), bill), before.mark))
        change.replaced.append((key, before.billed.bill))
        return [change]

    held, _ = commit_with_retry([key.agreement_id], changes_of, tables, pause)
    return len(held)
