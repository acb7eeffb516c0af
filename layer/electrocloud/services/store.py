"""What use cases ask of the store of windows and bills, and how a change of it is made to hold.

A change is read, worked out and stored on the condition that nothing of it was stored by another worker in between
(optimistic locking). The worker that loses reads again and repeats.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Protocol

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.estimation import ClassProfile
from electrocloud.domain.billing.issuing import PAYMENT_DAYS
from electrocloud.domain.billing.service import BillKey, Service
from electrocloud.domain.readings.meter_day import DayReadings, MeterDay

ATTEMPTS = 8

DayKey = tuple[str, date]
SpanDays = Mapping[date, DayDeterminants]


class BilledPeriod(NamedTuple):
    """A bill, the determinants by UTC day that it adds up, for each span of its plan, and the plan's fingerprint.

    A stored one may lack the last spans, where these have no days.
    """

    fingerprint: str
    days: Sequence[SpanDays]
    bill: Bill
    meters: Sequence[str] = ()  # the meter of each span; of use when it is stored
    shape: str = ""  # of the plan; "" where that was not stored


class StoredDay(NamedTuple):
    """A meter's day, and the version tag of what was read."""

    day: MeterDay
    mark: str


class StoredBill(NamedTuple):
    """A billed period, and the version tag of what was read. `in_outbox`: it has yet to be published."""

    billed: BilledPeriod
    mark: str
    in_outbox: bool = False


class ReplacedBill(NamedTuple):
    """A final bill that a new version takes the place of. `in_outbox`: it has yet to be published."""

    key: BillKey
    bill: Bill
    in_outbox: bool


class BillChange(NamedTuple):
    """A bill to store in place of the one that was read with the version tag `mark`; None: there was none."""

    key: BillKey
    billed: BilledPeriod
    mark: str | None


@dataclass
class Change:
    """What is stored together or not at all: days of the meter `owner` and bills; or, of an agreement, bills alone.

    Each day comes with the version tag it was read with, None where it was not there. Of the `received` readings, `new`
    ones were unknown or replaced another.
    """

    owner: str
    days: list[tuple[MeterDay, str | None]] = field(default_factory=list)
    bills: list[BillChange] = field(default_factory=list)
    replaced: list[ReplacedBill] = field(default_factory=list)
    received: int = 0
    new: int = 0


class IssueTerms(NamedTuple):
    """How bills are issued: due `payment_days` after the day of issue, which `clock` (s since 1970 UTC) tells."""

    payment_days: int = PAYMENT_DAYS
    clock: Callable[[], float] = time.time


class MeterDays(Protocol):
    """What meters measured."""

    def days_between(self, meter_id: str, first: date, last: date) -> Sequence[DayReadings]:
        """A meter's UTC days from `first` to `last`, in order."""


class Tables(MeterDays, Protocol):
    """The store of windows and bills. Reads see all that was committed before them."""

    def days_between(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        """A meter's UTC days from `first` to `last`, in order."""

    @property
    def issue_terms(self) -> IssueTerms:
        """How its bills are issued."""

    def read(
        self, days: Collection[DayKey], bills: Collection[BillKey]
    ) -> tuple[dict[DayKey, StoredDay], dict[BillKey, StoredBill]]:
        """Those of them that exist."""

    def cycles_of(self, agreement_id: str) -> list[str]:
        """The cycles that an agreement has bills of."""

    def class_profile(self, customer_class: str, month: str) -> ClassProfile | None:
        """The mean profile of a customer class in a month such as `2026-10`, if it is stored."""

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:
        """Store each change whole, or not where a version tag no longer holds; returns the owners of those.

        `alone` asks for one transaction per change, so that one which fails takes no other along.
        """


class ServiceRegistry(Protocol):
    """Who is served by which meter, and how that is billed."""

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        """The services that each of these meters has a part in; meters that have none are left out."""

    def refresh(self) -> bool:
        """Forget what was remembered if the registry has changed since it was read; whether it has."""


def commit_with_retry(
    owners: Collection[str],
    changes_of: Callable[[Collection[str]], Iterable[Change]],
    tables: Tables,
    pause: Callable[[int], None],
) -> tuple[list[Change], set[str]]:
    """Make the owners' changes and store them; those that another worker was faster with are made again.

    Returns the changes that hold, and the owners that lost ATTEMPTS times. `pause(attempt)` waits between attempts.
    """
    held: list[Change] = []
    for attempt in range(ATTEMPTS):
        changes = [*changes_of(owners)]
        lost = tables.commit([change for change in changes if change.days or change.bills], alone=attempt > 0)
        held += [change for change in changes if change.owner not in lost]
        owners = [owner for owner in owners if owner in lost]
        if not owners:
            break
        pause(attempt)
    return held, set(owners)
