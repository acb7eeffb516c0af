"""From uploads to hourly windows and bills, once and only once however often an upload comes.

Each meter of a batch is one change: its days and its months' bills, read, worked out anew, and stored together on the
condition that nothing of it was stored by somebody else meanwhile. Who loses reads again and repeats. So windows and
bills never part, two workers on one meter do no harm, and a killed worker leaves nothing half done.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Protocol

from electrocloud.domain.billing.bill import Bill, rate, reissue
from electrocloud.domain.billing.determinants import DayDeterminants, day_determinants
from electrocloud.domain.billing.gaps import with_estimates
from electrocloud.domain.local_time import BillingMonth, months_of
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import Upload
from electrocloud.domain.tariffs.tariff import Tariff

ATTEMPTS = 8
DAYS_AT_ONCE = 20  # of one meter in one change: with two months a day and two items a month they are 100 items

DayKey = tuple[str, date]
MonthKey = tuple[str, BillingMonth]
MeterUploads = dict[str, dict[date, list[Upload]]]


class BilledMonth(NamedTuple):
    """A meter's month under the tariff of `fingerprint`: determinants by UTC day, and the bill that they add up to."""

    fingerprint: str
    days: Mapping[date, DayDeterminants]
    bill: Bill


class StoredDay(NamedTuple):
    """A day and the mark of what was read, by which a store tells that it has changed since."""

    day: MeterDay
    mark: str


class StoredBilledMonth(NamedTuple):
    """A ledger and the mark of what was read."""

    billed_month: BilledMonth
    mark: str


@dataclass
class Change:
    """What one meter's uploads change, to be stored whole or not at all.

    Each part comes with the mark it had when it was read, None where it was not there. `replaced` are final bills that
    a new version takes the place of. Of the readings `offered`, `news` were new or replaced another.
    """

    meter_id: str
    days: list[tuple[MeterDay, str | None]] = field(default_factory=list)
    billed_months: list[tuple[BilledMonth, str | None]] = field(default_factory=list)
    replaced: list[Bill] = field(default_factory=list)
    received_readings: int = 0
    new_readings: int = 0


class Tables(Protocol):
    """The store of windows and bills. Reads see all that was committed before them."""

    def read(
        self, days: Collection[DayKey], months: Collection[MonthKey]
    ) -> tuple[dict[DayKey, StoredDay], dict[MonthKey, StoredBilledMonth]]:
        """What is there of it."""

    def days_of(self, meter_id: str, month: BillingMonth) -> list[MeterDay]:
        """A meter's days that share an instant with the month."""

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:
        """Store each change whole, or not where a mark no longer holds; returns the meters of those.

        `alone` asks for a transaction a change, so that one which fails takes no other along.
        """


TariffOf = Callable[[Collection[str]], Mapping[str, Tariff]]


class Outcome(NamedTuple):
    """What became of a batch.

    `readings` were sent; of them `changed` were new or replaced another and are stored, and `repeated` say what was
    known or superseded. `bills` were rated. `failed` meters could not be stored, and their uploads are to come again.
    """

    readings: int
    changed: int
    repeated: int
    bills: int
    failed: frozenset[str]


def ingest_uploads(
    uploads: Iterable[Upload],
    tables: Tables,
    tariffs: TariffOf,
    pause: Callable[[int], None],
) -> Outcome:
    """Merge uploads into their windows and rate the bills that they change.

    `tariffs` gives the tariff of each meter that has one; the others get windows and no bill. A change that lost to
    another worker is made again, up to ATTEMPTS times with `pause(attempt)` between; then its meter is in `failed`.
    """
    sent: MeterUploads = {}
    readings = 0
    for upload in uploads:
        sent.setdefault(upload.meter_id, {}).setdefault(upload.day, []).append(upload)
        readings += len(upload.readings)
    tariff_of = tariffs(sent.keys())
    stored, failed = _store(sent, tables, tariff_of, pause)
    bills = sum(len(change.billed_months) for change in stored)
    # Whoever rates a meter sees the windows that are stored by then. So one that got its tariff while these were being
    # stored is looked at again; or else its bill might lack them.
    unrated = {meter: days for meter, days in sent.items() if meter not in tariff_of}
    if unrated and (given_since := tariffs(unrated.keys())):
        again, failed_again = _store({meter: sent[meter] for meter in given_since}, tables, given_since, pause)
        bills += sum(len(change.billed_months) for change in again)
        failed |= failed_again
    return Outcome(
        readings=readings,
        changed=sum(change.new_readings for change in stored),
        repeated=sum(change.received_readings - change.new_readings for change in stored),
        bills=bills,
        failed=frozenset(failed),
    )


def commit_with_retry(
    meters: Collection[str],
    changes_of: Callable[[Collection[str]], list[Change]],
    tables: Tables,
    pause: Callable[[int], None],
) -> tuple[list[Change], set[str]]:
    """Make the meters' changes and store them; those that lost to another worker are made again from what is there now.

    Returns the changes that hold, and the meters that lost ATTEMPTS times.
    """
    held: list[Change] = []
    for attempt in range(ATTEMPTS):
        changes = changes_of(meters)
        lost = tables.commit([change for change in changes if change.days or change.billed_months], alone=attempt > 0)
        held += [change for change in changes if change.meter_id not in lost]
        meters = [meter for meter in meters if meter in lost]
        if not meters:
            break
        pause(attempt)
    return held, set(meters)


def rated_months(days: Iterable[DayKey], tariff_of: Mapping[str, Tariff]) -> list[MonthKey]:
    """The billing months that have an instant of these days, of the meters that have a tariff; each once."""
    rated = (
        (meter, month) for meter, day in days if meter in tariff_of for month in months_of(day, tariff_of[meter].zone)
    )
    return list(dict.fromkeys(rated))


def add_rated_month(
    change: Change,
    tariff: Tariff,
    month: BillingMonth,
    determinants: Mapping[date, DayDeterminants],
    before: StoredBilledMonth | None,
) -> None:
    """Rate a month and put its ledger into the change, in place of `before`; a final bill gets a new version."""
    bill = rate(tariff, month, determinants, change.meter_id)
    if before and before.billed_month.bill.status == "final":
        bill = reissue(before.billed_month.bill, bill)
        if bill.version > before.billed_month.bill.version:
            change.replaced.append(before.billed_month.bill)
    change.billed_months.append((BilledMonth(tariff.fingerprint, determinants, bill), before.mark if before else None))


def determinants_by_day(days: Iterable[MeterDay], tariff: Tariff, month: BillingMonth) -> dict[date, DayDeterminants]:
    """The determinants of those days that have a reading in the month."""
    read = ((day.day, day.intervals()) for day in days)
    found = ((day, day_determinants(tariff, month, intervals)) for day, intervals in read if intervals)
    return {day: determinants for day, determinants in found if determinants.count}


def _store(
    sent: MeterUploads, tables: Tables, tariff_of: Mapping[str, Tariff], pause: Callable[[int], None]
) -> tuple[list[Change], set[str]]:
    """Store the uploads, DAYS_AT_ONCE of each meter at a time. Returns the changes and the meters that failed."""
    stored: list[Change] = []
    failed: set[str] = set()
    waiting = {meter: sorted(days) for meter, days in sent.items()}
    while waiting:
        part = {meter: {day: sent[meter][day] for day in days[:DAYS_AT_ONCE]} for meter, days in waiting.items()}

        def changes_of(meters: Collection[str], part: MeterUploads = part) -> list[Change]:
            return _changes({meter: part[meter] for meter in meters}, tables, tariff_of)

        done, lost = commit_with_retry(part.keys(), changes_of, tables, pause)
        stored += done
        failed |= lost
        waiting = {
            meter: days[DAYS_AT_ONCE:]
            for meter, days in waiting.items()
            if len(days) > DAYS_AT_ONCE and meter not in lost
        }
    return stored, failed


def _changes(uploads: MeterUploads, tables: Tables, tariff_of: Mapping[str, Tariff]) -> list[Change]:
    day_keys = [(meter, day) for meter, days in uploads.items() for day in days]
    stored_days, stored_ledgers = tables.read(day_keys, rated_months(day_keys, tariff_of))
    changes = []
    for meter, days in uploads.items():
        tariff = tariff_of.get(meter)
        change = Change(meter)
        for day, parts in days.items():
            kept = stored_days.get((meter, day))
            meter_day = kept.day if kept else MeterDay(day)
            new_readings = sum(meter_day.merge(part) for part in parts)
            change.received_readings += sum(len(part.readings) for part in parts)
            change.new_readings += new_readings
            if new_readings or (tariff and not _is_rated(meter, meter_day, tariff, stored_ledgers)):
                change.days.append((meter_day, kept.mark if kept else None))
        if change.days and tariff:
            _rate_months(change, tariff, stored_ledgers, tables)
        changes.append(change)
    return changes


def _is_rated(meter: str, day: MeterDay, tariff: Tariff, stored: Mapping[MonthKey, StoredBilledMonth]) -> bool:
    """Whether the ledgers have the day as it is. They have not where its meter got this tariff only afterwards."""
    for month in months_of(day.day, tariff.zone):
        kept = stored.get((meter, month))
        entry = (
            kept.billed_month.days.get(day.day)
            if kept and kept.billed_month.fingerprint == tariff.fingerprint
            else None
        )
        found = determinants_by_day([day], tariff, month).get(day.day)
        if found is None and kept is None and _voided_in(day, month):
            return False
        if found and (entry is None or (entry != found and not _estimates_differ(entry, found))):
            return False
    return True


def _voided_in(day: MeterDay, month: BillingMonth) -> bool:
    return any(month.start <= start < month.end for start in day.voided())


def _estimates_differ(entry: DayDeterminants, found: DayDeterminants) -> bool:
    read_wh = sum(run.wh for run in entry.runs if not run.estimated)
    return entry.estimated > 0 and (entry.count, read_wh) == (found.count, sum(run.wh for run in found.runs))


def _rate_months(change: Change, tariff: Tariff, stored: Mapping[MonthKey, StoredBilledMonth], tables: Tables) -> None:
    """Put the changed days into their months' ledgers, and rate these."""
    months: dict[BillingMonth, list[MeterDay]] = {}
    for day, _ in change.days:
        for month in months_of(day.day, tariff.zone):
            months.setdefault(month, []).append(day)
    for month, days in months.items():
        before = stored.get((change.meter_id, month))
        if before and before.billed_month.fingerprint == tariff.fingerprint:
            kept = before.billed_month.days
        else:  # a month's first readings, or another tariff: what came before the meter was registered counts too
            kept = determinants_by_day(tables.days_of(change.meter_id, month), tariff, month)
        changed = {day.day for day in days}
        unchanged = {day: determinants for day, determinants in kept.items() if day not in changed}
        determinants = unchanged | determinants_by_day(days, tariff, month)
        if any(day.day in kept and kept[day.day].estimated for day in days):
            determinants = _with_new_estimates(change, tariff, month, tables)
        # Voided readings alone make a bill too, or it would depend on whether the readings or the operator came first.
        if determinants or before or any(_voided_in(day, month) for day in days):
            add_rated_month(change, tariff, month, determinants, before)


def _with_new_estimates(
    change: Change, tariff: Tariff, month: BillingMonth, tables: Tables
) -> dict[date, DayDeterminants]:
    """The month's determinants where readings came for a day that had estimates: only what still lacks is estimated."""
    days = {day.day: day for day in tables.days_of(change.meter_id, month)}
    own = {*month.utc_days()}
    days |= {day.day: day for day, _ in change.days if day.day in own}
    return with_estimates(tariff, month, days.values(), tables.days_of(change.meter_id, month.preceding))
