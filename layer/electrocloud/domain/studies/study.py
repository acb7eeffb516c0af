"""A tariff study: what customers would pay under another tariff or other prices, as a document that is kept."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from electrocloud.domain.errors import UsageError
from electrocloud.domain.studies.price_change import Component, NamedPrice, PriceChange

Status = Literal["waiting", "running", "done", "failed"]
Outcome = Literal["saves", "pays more", "same"]


class StudyRequest(msgspec.Struct, frozen=True):
    """What a study compares: the bills of some customers, and the same under other prices.

    The bills are those of the cycles that begin in the months `first_month` to `last_month` (YYYY-MM). The customers
    are all, or those of a class, a feeder, or both. The other prices are those of the registered tariff `tariff_id`, of
    a tariff's URDB `document`, or, without either, each customer's own tariff; in all cases with the `changes`. `keep`
    is the component whose prices are scaled so that the revenue stays as it is; "" leaves that out.
    """

    first_month: str
    last_month: str
    customer_class: str = ""
    feeder: str = ""
    tariff_id: str = ""
    document: dict[str, Any] | None = None
    changes: tuple[PriceChange, ...] = ()
    keep: Component | Literal[""] = "energy"

    def check(self, today: date) -> None:
        """Raise `UsageError` for a request that compares nothing, or bills of cycles that have not ended."""
        for month in (self.first_month, self.last_month):
            try:
                first = date.fromisoformat(f"{month}-01")
            except ValueError:
                raise UsageError(f"{month!r} is not a month; write it like 2026-07") from None
            if first >= today.replace(day=1):
                raise UsageError(f"the bills of {month} are not complete; study months that have ended")
        if self.first_month > self.last_month:
            raise UsageError(f"the first month {self.first_month} is after the last one, {self.last_month}")
        if self.tariff_id and self.document:
            raise UsageError("give one tariff: a registered one, or a file")
        if not (self.tariff_id or self.document or self.changes):
            raise UsageError("give another tariff or a price change; else nothing differs")

    @property
    def customers(self) -> str:
        """Whose bills, for a person."""
        parts = [f"class {self.customer_class}"] if self.customer_class else []
        parts += [f"feeder {self.feeder}"] if self.feeder else []
        return ", ".join(parts) or "all customers"

    @property
    def prices(self) -> str:
        """The other prices, for a person."""
        named = self.tariff_id or str((self.document or {}).get("name", "a tariff file") if self.document else "")
        changes = ", ".join(map(str, self.changes))
        return " with ".join(filter(None, (named or "the same tariff", changes)))


class CustomerResult(msgspec.Struct, frozen=True):
    """What one agreement pays `now` and `then` for `bills` bills, as the sums of amounts due.

    `estimated` intervals were estimated as bills estimate them, `missing` could not be; `note` says why a bill would
    stay open, or that the other tariff is not for this customer.
    """

    agreement_id: str
    account_id: str
    meter_ids: tuple[str, ...]  # all that were ever at the service point
    customer_class: str
    feeder: str
    tariff_id: str
    bills: int
    kwh: Decimal
    now: Decimal
    then: Decimal
    estimated: int = 0
    missing: int = 0
    note: str = ""
    by_engine: int = 0  # bills, of both sides, that were rated reading by reading

    @property
    def change(self) -> Decimal:
        """What the customer would pay more, or less if below 0."""
        return self.then - self.now

    @property
    def outcome(self) -> Outcome:
        """Whether the customer saves."""
        return "saves" if self.change < 0 else "pays more" if self.change > 0 else "same"


class Group(msgspec.Struct, frozen=True):
    """The totals of some customers: those who save, pay more or pay the same, kWh, revenue, and the middle change."""

    name: str
    customers: int
    save: int
    pay_more: int
    kwh: Decimal
    now: Decimal
    then: Decimal
    median_change: Decimal


class Bin(msgspec.Struct, frozen=True):
    """How many customers' bills change by `low` to below `high`; the first and last bin have all beyond, too."""

    low: Decimal
    high: Decimal
    customers: int


class NeutralPrice(msgspec.Struct, frozen=True):
    """The factor on a component's prices that keeps the revenue, and what rating with it gives.

    `prices` are rounded as they could be published; `revenue` is that of rating every bill with these very prices.
    """

    component: Component
    factor: Decimal
    revenue: Decimal
    prices: tuple[NamedPrice, ...]


class TariffUsed(msgspec.Struct, frozen=True):
    """A version of a tariff that a study rated by, `now` or `then`: its fingerprint stands for every rule and price."""

    side: Literal["now", "then"]
    tariff_id: str
    name: str
    dates: str
    fingerprint: str


class DataUsed(msgspec.Struct, frozen=True):
    """The readings that a study was made of: how many, kWh, the UTC days, and 16 hex digits that stand for them."""

    readings: int
    kwh: Decimal
    first_day: date
    last_day: date
    digest: str


class StudyResult(msgspec.Struct, frozen=True):
    """What a study found. `left_out` counts the customers without a result by the reason."""

    currency: str
    total: Group
    by_class: tuple[Group, ...]
    by_tariff: tuple[Group, ...]
    distribution: tuple[Bin, ...]
    left_out: dict[str, int]
    tariffs: tuple[TariffUsed, ...]
    data: DataUsed
    changed: tuple[NamedPrice, ...] = ()
    neutral: NeutralPrice | None = None
    no_neutral: str = ""  # why there is none
    seconds: float = 0


class Study(msgspec.Struct, frozen=True):
    """A study as it is stored: who asked what and when, how far it is, and what it found.

    `updated_at` is written while it runs, so that one whose process has died is seen.
    """

    study_id: str
    request: StudyRequest
    made_by: str
    made_at: datetime
    status: Status = "waiting"
    step: str = ""
    done: int = 0
    of: int = 0
    updated_at: datetime | None = None
    error: str = ""
    result: StudyResult | None = None


def grouped(name: str, customers: Sequence[CustomerResult]) -> Group:
    """The totals of some customers, at least one."""
    changes = sorted(one.change for one in customers)
    middle = (changes[(len(changes) - 1) // 2] + changes[len(changes) // 2]) / 2
    return Group(
        name,
        len(customers),
        sum(one.outcome == "saves" for one in customers),
        sum(one.outcome == "pays more" for one in customers),
        sum((one.kwh for one in customers), Decimal(0)),
        sum((one.now for one in customers), Decimal(0)),
        sum((one.then for one in customers), Decimal(0)),
        middle,
    )


def groups_by(key: str, customers: Iterable[CustomerResult]) -> tuple[Group, ...]:
    """The totals of the customers by a field of theirs, the largest group first."""
    found: dict[str, list[CustomerResult]] = {}
    for one in customers:
        found.setdefault(getattr(one, key), []).append(one)
    groups = (grouped(name, own) for name, own in found.items())
    return tuple(sorted(groups, key=lambda group: (-group.customers, group.name)))


_STEPS = [Decimal(step).scaleb(power) for power in range(-2, 8) for step in (1, 2, 5)]
_MOST_BINS = 20


def distribution(customers: Sequence[CustomerResult]) -> tuple[Bin, ...]:
    """How the changes of the bills are spread, in at most some 20 bins of one round width around 0.

    The width follows the middle 96% of the customers, so that a few large ones do not flatten the rest.
    """
    changes = sorted(one.change for one in customers)
    cut = len(changes) // 50
    low, high = changes[cut], changes[-1 - cut]
    width = next((step for step in _STEPS if (high - low) / step <= _MOST_BINS - 2), _STEPS[-1])
    first, last = (int((value / width).to_integral_value("ROUND_FLOOR")) for value in (low, high))
    counts = dict.fromkeys(range(first, last + 1), 0)
    for change in changes:
        place = int((change / width).to_integral_value("ROUND_FLOOR"))
        counts[min(max(place, first), last)] += 1
    return tuple(Bin(place * width, (place + 1) * width, count) for place, count in counts.items())
