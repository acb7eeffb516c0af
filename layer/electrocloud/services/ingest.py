"""From uploads to hourly windows and bills, exactly once however often an upload comes.

Each meter of a batch is one change: its days and the bills they are a part of, stored together. So windows and bills
never disagree, two workers on one meter do no harm, and a killed worker leaves nothing half done.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from electrocloud.domain.billing.service import BillKey, PlannedBill, Service, bills_of_meter_day
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import Upload
from electrocloud.services.following_bills import RegistryChanged, rate_following
from electrocloud.services.rating import (
    READING_CORRECTED,
    add_bill,
    estimated_determinants,
    has_voids,
    is_rated,
    read_determinants,
    replaced_days,
)
from electrocloud.services.store import (
    Change,
    DayKey,
    RegistryChangedError,
    ServiceRegistry,
    StoredBill,
    Tables,
    commit_with_retry,
)

DAYS_AT_ONCE = 20  # of one meter in one change: with two bills a day and two items a bill they are 100 items

MeterUploads = dict[str, dict[date, list[Upload]]]
ServicesByMeter = Mapping[str, Sequence[Service]]


class Outcome(NamedTuple):
    """What became of a batch.

    `readings` were sent; of them `changed` were new or replaced another and are stored, and `repeated` say what was
    known or superseded. `bills` were rated. The meters in `failed` could not be stored: their uploads must be retried.
    """

    readings: int
    changed: int
    repeated: int
    bills: int
    failed: frozenset[str]


def ingest_uploads(
    uploads: Iterable[Upload],
    tables: Tables,
    registry: ServiceRegistry,
    pause: Callable[[int], None],
) -> Outcome:
    """Merge uploads into their windows and rate the bills that they change.

    A meter without a service gets windows and no bill. A change that another worker was faster with is made again, with
    `pause(attempt)` between attempts; in the end its meter is in `failed`.
    """
    sent: MeterUploads = {}
    readings = 0
    for upload in uploads:
        sent.setdefault(upload.meter_id, {}).setdefault(upload.day, []).append(upload)
        readings += len(upload.readings) + len(upload.received)
    registry.refresh()
    stored: list[Change] = []
    failed: set[str] = set()
    # A command that changes the registry rates the bills it touches from the windows it finds. Windows that were being
    # stored meanwhile were rated by the registry as it was, so they are rated again.
    while True:
        try:
            failed |= _store(sent, tables, registry, pause, stored)
        except RegistryChangedError:
            continue
        if not registry.refresh():
            break
    return Outcome(
        readings=readings,
        changed=sum(change.new for change in stored),
        repeated=sum(change.received - change.new for change in stored),
        bills=sum(len(change.bills) for change in stored),
        failed=frozenset(failed),
    )


def _store(
    sent: MeterUploads, tables: Tables, registry: ServiceRegistry, pause: Callable[[int], None], stored: list[Change]
) -> set[str]:
    """Store the uploads, DAYS_AT_ONCE of each meter at a time. Adds the changes to `stored`; returns the meters that
    failed.
    """
    services = registry.services_of(sent.keys())
    failed: set[str] = set()
    waiting = {meter: sorted(days) for meter, days in sent.items()}
    while waiting:
        part = {meter: {day: sent[meter][day] for day in days[:DAYS_AT_ONCE]} for meter, days in waiting.items()}

        def changes_of(meters: Collection[str], part: MeterUploads = part) -> list[Change]:
            return _changes({meter: part[meter] for meter in meters}, tables, services, registry.refresh)

        done, lost = commit_with_retry(part.keys(), changes_of, tables, pause)
        stored += done
        failed |= lost
        waiting = {
            meter: days[DAYS_AT_ONCE:]
            for meter, days in waiting.items()
            if len(days) > DAYS_AT_ONCE and meter not in lost
        }
    return failed


def _changes(
    uploads: MeterUploads, tables: Tables, services: ServicesByMeter, registry_changed: RegistryChanged
) -> list[Change]:
    planned: dict[DayKey, list[PlannedBill]] = {
        (meter, day): bills_of_meter_day(services.get(meter, ()), meter, day)
        for meter, days in uploads.items()
        for day in days
    }
    keys = dict.fromkeys(bill.key for bills in planned.values() for bill in bills)
    stored_days, stored_bills = tables.read(planned.keys(), keys)
    changes = []
    for meter, days in uploads.items():
        change = Change(meter)
        touched: dict[BillKey, tuple[PlannedBill, list[MeterDay]]] = {}
        for day, parts in days.items():
            kept = stored_days.get((meter, day))
            meter_day = kept.day if kept else MeterDay(day)
            new = sum(meter_day.merge(part) for part in parts)
            change.received += sum(len(part.readings) + len(part.received) for part in parts)
            change.new += new
            bills = planned[meter, day]
            if new or not all(is_rated(bill, meter, meter_day, stored_bills.get(bill.key)) for bill in bills):
                change.days.append((meter_day, kept.mark if kept else None))
                for bill in bills:
                    touched.setdefault(bill.key, (bill, []))[1].append(meter_day)
        for bill, changed in touched.values():
            before = stored_bills.get(bill.key)
            _rate(change, bill, changed, before, tables)
            rate_following(change, bill, before, tables, READING_CORRECTED, registry_changed, except_for=touched.keys())
        changes.append(change)
    return changes


def _rate(
    change: Change, planned: PlannedBill, days: list[MeterDay], before: StoredBill | None, tables: Tables
) -> None:
    """Put changed days of the change's meter into a bill, and rate it."""
    changed = {change.owner: days}
    # A bill's first readings, or another plan: what came before the meter was registered counts too.
    known = before and before.billed.is_of(planned.plan)
    kept = before.billed.days if before and known else read_determinants(planned, tables)
    own = {day.day for day in days}
    if any(one.estimated for span in kept for day, one in span.items() if day in own):
        found = estimated_determinants(planned, tables, changed)
    else:
        found = replaced_days(planned.plan, kept, changed)
    if any(found) or before or any(has_voids(planned, change.owner, day) for day in days):
        add_bill(change, planned, found, before, tables)
