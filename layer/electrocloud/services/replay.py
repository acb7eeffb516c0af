"""Uploads taken in once more, and bills rated anew: after a loss, a fault in the code, or another tariff.

Both may run while live uploads flow, and again: what is there already stays as it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.gaps import with_estimates
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.upload import Upload
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.ingest import (
    Change,
    MonthKey,
    Outcome,
    StoredBilledMonth,
    Tables,
    TariffOf,
    add_rated_month,
    commit_with_retry,
    determinants_by_day,
    ingest_uploads,
    rated_months,
)

MONTHS_AT_ONCE = 40  # each is up to two items, and a meter's must fit one transaction


class Rerated(NamedTuple):
    """How many bills were rated, how many came out other than they were, and the meters that could not be stored."""

    bills: int
    changed: int
    failed: frozenset[str]


def reingest(
    parts: Iterable[Collection[Upload]], tables: Tables, tariffs: TariffOf, pause: Callable[[int], None]
) -> tuple[Outcome, list[MonthKey]]:
    """Take uploads in, part by part: what became of them all, and the months that their days have to do with."""
    outcomes = []
    months: dict[MonthKey, None] = {}
    for part in parts:
        outcomes.append(ingest_uploads(part, tables, tariffs, pause))
        days = dict.fromkeys((upload.meter_id, upload.day) for upload in part)
        months |= dict.fromkeys(rated_months(days, tariffs({meter for meter, _ in days})))
    total = Outcome(
        readings=sum(one.readings for one in outcomes),
        changed=sum(one.changed for one in outcomes),
        repeated=sum(one.repeated for one in outcomes),
        bills=sum(one.bills for one in outcomes),
        failed=frozenset().union(*(one.failed for one in outcomes)),
    )
    return total, sorted(months)


def rerate_months(
    months: Iterable[MonthKey], tables: Tables, tariffs: TariffOf, pause: Callable[[int], None]
) -> Rerated:
    """Rate the bills of meters' months, which come meter by meter, from all their windows, whatever was rated before.

    A bill that comes out as it was is left alone, and a final one that does not gets a new version.
    """
    bills = changed = 0
    failed: set[str] = set()
    for meter, keys in groupby(months, key=itemgetter(0)):
        for part in _parts([month for _, month in keys]):

            def changes_of(meters: Collection[str], part: list[BillingMonth] = part) -> list[Change]:
                return [_change(meter, part, tables, tariffs) for meter in meters]

            held, lost = commit_with_retry([meter], changes_of, tables, pause)
            bills += len(part)
            changed += sum(len(change.billed_months) for change in held)
            failed |= lost
    return Rerated(bills, changed, frozenset(failed))


def _parts(months: list[BillingMonth]) -> Iterator[list[BillingMonth]]:
    for first in range(0, len(months), MONTHS_AT_ONCE):
        yield months[first : first + MONTHS_AT_ONCE]


def _change(meter: str, months: Collection[BillingMonth], tables: Tables, tariffs: TariffOf) -> Change:
    change = Change(meter)
    tariff = tariffs([meter]).get(meter)
    if tariff is None:
        return change
    keys = [(meter, month._replace(zone=tariff.zone)) for month in months]
    _, stored = tables.read([], keys)  # before the windows, so that who changes these meanwhile is noticed
    for key in keys:
        before = stored.get(key)
        if determinants := _determinants(meter, key[1], tariff, tables, before):
            add_rated_month(change, tariff, key[1], determinants, before)
            if before and change.billed_months[-1][0] == before.billed_month:
                change.billed_months.pop()
    return change


def _determinants(
    meter: str, month: BillingMonth, tariff: Tariff, tables: Tables, before: StoredBilledMonth | None
) -> dict[date, DayDeterminants]:
    days = tables.days_of(meter, month)
    if before and any(day.estimated for day in before.billed_month.days.values()):
        return with_estimates(tariff, month, days, tables.days_of(meter, month.preceding))
    return determinants_by_day(days, tariff, month)
