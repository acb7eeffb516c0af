"""Uploads ingested once more, and bills rated again: after a loss, a fault in the code, or a change of master data.

Both may run while live uploads flow, and repeatedly: what is there already stays as it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from electrocloud.domain.billing.service import BillKey, PlannedBill, bills_of_meter_day
from electrocloud.domain.readings.upload import Upload
from electrocloud.services.ingest import Outcome, ingest_uploads
from electrocloud.services.rating import add_bill, estimated_determinants, has_estimates, read_determinants, same_bill
from electrocloud.services.store import Change, ServiceRegistry, Tables, commit_with_retry

BILLS_AT_ONCE = 40  # each is up to two items, and an agreement's must fit one transaction


class Rerated(NamedTuple):
    """How many bills were rated, how many came out other than they were, and the agreements that were not stored."""

    bills: int
    changed: int
    failed: frozenset[str]


def reingest(
    parts: Iterable[Collection[Upload]], tables: Tables, registry: ServiceRegistry, pause: Callable[[int], None]
) -> tuple[Outcome, list[PlannedBill]]:
    """Ingest uploads part by part: what became of them all, and the bills that their days are a part of."""
    outcomes = []
    planned: dict[BillKey, PlannedBill] = {}
    for part in parts:
        outcomes.append(ingest_uploads(part, tables, registry, pause))
        days = dict.fromkeys((upload.meter_id, upload.day) for upload in part)
        services = registry.services_of({meter for meter, _ in days})
        for meter, day in days:
            planned.update((bill.key, bill) for bill in bills_of_meter_day(services.get(meter, ()), meter, day))
    total = Outcome(
        readings=sum(one.readings for one in outcomes),
        changed=sum(one.changed for one in outcomes),
        repeated=sum(one.repeated for one in outcomes),
        bills=sum(one.bills for one in outcomes),
        failed=frozenset().union(*(one.failed for one in outcomes)),
    )
    return total, [planned[key] for key in sorted(planned)]


def rerate_bills(planned: Iterable[PlannedBill], tables: Tables, pause: Callable[[int], None]) -> Rerated:
    """Rate bills, which come agreement by agreement, from all their windows, whatever was rated before.

    A bill that comes out as it was is left alone, and a final one that does not gets a new version. A bill whose
    period has no reading, and that was never rated, is not made.
    """
    bills = changed = 0
    failed: set[str] = set()
    for agreement_id, own in groupby(planned, key=lambda bill: bill.key.agreement_id):
        for part in _parts([*own]):

            def changes_of(_: Collection[str], part: list[PlannedBill] = part) -> list[Change]:
                return [_change(part, tables)]

            held, lost = commit_with_retry([agreement_id], changes_of, tables, pause)
            bills += len(part)
            changed += sum(len(change.bills) for change in held)
            failed |= lost
    return Rerated(bills, changed, frozenset(failed))


def _parts(planned: list[PlannedBill]) -> Iterator[list[PlannedBill]]:
    for first in range(0, len(planned), BILLS_AT_ONCE):
        yield planned[first : first + BILLS_AT_ONCE]


def _change(planned: Collection[PlannedBill], tables: Tables) -> Change:
    change = Change(next(iter(planned)).key.agreement_id)
    # Before the windows, so that a worker who changes these in the meantime is noticed.
    _, stored = tables.read([], [bill.key for bill in planned])
    for bill in planned:
        before = stored.get(bill.key)
        if before and has_estimates(before.billed.days):
            days = estimated_determinants(bill, tables)
        else:
            days = read_determinants(bill, tables)
        if before or any(days):
            add_bill(change, bill, days, before)
            if before and same_bill(change.bills[-1].billed, before.billed):
                change.bills.pop()
    return change
