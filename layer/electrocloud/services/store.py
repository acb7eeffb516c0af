"""What use cases ask of the store of windows and bills, and how a change of it is made to hold.

A change is read, worked out and stored on the condition that nothing of it was stored by another worker in between
(optimistic locking). The worker that loses reads again and repeats.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Protocol

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.carry_forward import CarryForward
from electrocloud.domain.billing.counting import UnreadSpan
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.estimation import ClassProfile
from electrocloud.domain.billing.issuing import PAYMENT_DAYS
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.service import BillKey, Service
from electrocloud.domain.errors import ElectroCloudError
from electrocloud.domain.readings.meter_day import DayReadings, MeterDay

ATTEMPTS = 8
WITHDRAWN = "withdrawn"  # the fingerprint of a bill whose agreement has no day in its cycle


class RegistryChangedError(ElectroCloudError):
    """The registry has changed since bills were planned by it: plan them again."""


DayKey = tuple[str, date]
SpanDays = Mapping[date, DayDeterminants]


class BilledPeriod(NamedTuple):
    """A bill, the determinants by UTC day that it adds up, for each span of its plan, and the plan's fingerprint.

    A stored one may lack the last spans, where these have no days. `begins` is what the bill begins with, and `carries`
    what it carries forward; None where bills do not depend on each other. `unread` is what an open one lacks at its
    end.
    """

    fingerprint: str
    days: Sequence[SpanDays]
    bill: Bill
    meters: Sequence[str] = ()  # the meter of each span; of use when it is stored
    shape: str = ""  # of the plan; "" where that was not stored
    begins: CarryForward | None = None
    carries: CarryForward | None = None
    unread: Sequence[UnreadSpan] = ()  # of use when it is stored

    def is_of(self, plan: PeriodPlan) -> bool:
        """Whether the bill was rated by this plan: at its prices, and from the readings of its meters and days.

        A plain plan's fingerprint is its tariff's alone, whichever meter it has. The shape covers the meters; bills
        that were stored before it was have none.
        """
        return self.fingerprint == plan.fingerprint and self.shape in ("", plan.shape)


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

    Each day comes with the version tag it was read with, None where it was not there. `unchanged` are bills that the
    change rests on: it holds only while they have these version tags (None: are not there). Of the `received` readings,
    `new` ones were unknown or replaced another.

    `tail` has the rest of a long row of bills, which no transaction could hold. It is stored before the change: if a
    worker is killed between the two, the change is made again, and stores or confirms all of them.
    """

    owner: str
    days: list[tuple[MeterDay, str | None]] = field(default_factory=list)
    bills: list[BillChange] = field(default_factory=list)
    replaced: list[ReplacedBill] = field(default_factory=list)
    unchanged: dict[BillKey, str | None] = field(default_factory=dict)
    received: int = 0
    new: int = 0
    tail: "Change | None" = None

    def billed(self, key: BillKey) -> BilledPeriod | None:
        """The bill of a key that it stores."""
        return next((one.billed for one in self.bills if one.key == key), None)

    def rows(self) -> Iterator["Change"]:
        """The change, and the rest of its row of bills."""
        part: Change | None = self
        while part:
            yield part
            part = part.tail

    def checks(self) -> dict[BillKey, str | None]:
        """The bills that must be unchanged, without those that it stores itself."""
        own = {one.key for one in self.bills}
        return {key: mark for key, mark in self.unchanged.items() if key not in own}

    @property
    def bill_keys(self) -> set[BillKey]:
        """The bills that it stores or rests on."""
        return {*self.unchanged, *(one.key for one in self.bills)}

    @property
    def size(self) -> int:
        """How many items it stores or rests on."""
        return len(self.days) + len(self.bills) + len(self.replaced) + len(self.checks())


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
