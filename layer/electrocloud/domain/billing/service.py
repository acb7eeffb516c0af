"""A service: one agreement with everything that its bills depend on, except for the readings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from electrocloud.domain.billing.period import BillingPeriod
from electrocloud.domain.billing.plan import PeriodPlan, plan_period
from electrocloud.domain.billing.terms import UNREGISTERED, ServiceTerms, prices_of, terms_of
from electrocloud.domain.local_time import DAY_S, instant_of, local_day
from electrocloud.domain.registry.records import CALENDAR_MONTH, Agreement, Installation, ServicePoint
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.versions import DatedTariff, always


class BillKey(NamedTuple):
    """A bill's place: its agreement, and its billing cycle: YYYY-MM of a calendar month, else the cycle's first day.

    The cycle stands for the bill's own first day, so that a bill stays the same bill when its agreement is backdated.
    """

    agreement_id: str
    cycle: str

    @property
    def month(self) -> str:
        """The calendar month in which the cycle begins, as YYYY-MM."""
        return self.cycle[: len("2026-07")]


@dataclass(frozen=True, eq=False)
class PlannedBill:
    """A bill's key, the plan it is rated by, every meter that is or was at its service point, and its service."""

    key: BillKey
    plan: PeriodPlan
    meter_ids: tuple[str, ...]
    service: "Service" = field(repr=False)

    @property
    def previous(self) -> "PlannedBill | None":
        """The bill of the agreement's period before; None for the first."""
        day = self.plan.period.cycle_first
        return next(iter(self.service.bills_between(day - timedelta(days=1), day)), None)

    @property
    def following(self) -> "PlannedBill | None":
        """The bill of the agreement's next period; None for the last."""
        day = self.plan.period.cycle_end
        return next(iter(self.service.bills_between(day, day + timedelta(days=1))), None)


@dataclass(frozen=True, eq=False)
class Service:
    """An agreement's terms, its prices by the clocks of the service point's `zone`, and the meters there."""

    terms: ServiceTerms
    prices: DatedTariff
    zone: str
    installations: tuple[Installation, ...]
    _planned: dict[BillingPeriod, PlannedBill] = field(default_factory=dict, repr=False)

    def bill_of(self, period: BillingPeriod) -> PlannedBill:
        """The bill of a period that is cut to the agreement."""
        if period not in self._planned:
            key = BillKey(self.terms.agreement_id, period.month or str(period.cycle_first))
            plan = plan_period(period, self.prices, self.terms, self.installations)
            meter_ids = tuple(dict.fromkeys(one.meter_id for one in self.installations))
            self._planned[period] = PlannedBill(key, plan, meter_ids, self)
        return self._planned[period]

    def bills_of_utc_day(self, day: date) -> list[PlannedBill]:
        """The bills of the periods that a UTC day has instants of, in order."""
        midnight = instant_of(day)
        first, last = (local_day(instant, self.zone) for instant in (midnight, midnight + DAY_S - 1))
        return self.bills_between(first, last + timedelta(days=1))

    def bills_between(self, first: date, end: date) -> list[PlannedBill]:
        """The bills of the periods that have a local day from `first` to before `end`, in order."""
        return [self.bill_of(period) for period in self.terms.periods(first, end, self.zone)]

    def bill_of_month(self, month: str) -> PlannedBill | None:
        """The bill of the cycle that begins in a month such as `2026-07`; None where the agreement has no day in it."""
        day = self.terms.cycle_day
        return self.bill_of_cycle(month if day == CALENDAR_MONTH else f"{month}-{day:02}")

    def bill_of_cycle(self, cycle: str) -> PlannedBill | None:
        """The bill of a key's cycle; None where the agreement has no day in it, or is billed by other cycles now."""
        first = date.fromisoformat(cycle if len(cycle) > len("2026-07") else f"{cycle}-01")
        period = self.terms.cycle.period_of(first, self.zone).cut(self.terms.first, self.terms.end)
        bill = self.bill_of(period) if period else None
        return bill if bill and bill.key.cycle == cycle else None


def bills_of_meter_day(services: Iterable[Service], meter_id: str, day: date) -> list[PlannedBill]:
    """The bills that a meter's UTC day is a part of: those of agreements that the meter served in it."""
    return [bill for service in services for bill in service.bills_of_utc_day(day) if bill.plan.spans_of(meter_id, day)]


def services_of(
    point: ServicePoint,
    installations: Sequence[Installation],
    agreements: Iterable[Agreement],
    tariffs: Mapping[str, DatedTariff],
) -> list[Service]:
    """The services at a service point, by the first days of their agreements.

    `tariffs` has the tariffs by id, placed in the point's zone; an agreement with one that is not there has no service.
    """
    by_id: dict[str, list[Agreement]] = {}
    for record in sorted(agreements, key=lambda one: one.first):
        by_id.setdefault(record.agreement_id, []).append(record)
    return [
        Service(terms_of(records, point), prices_of(records, tariffs), point.time_zone, tuple(installations))
        for records in by_id.values()
        if all(record.tariff_id in tariffs for record in records)
    ]


def service_without_agreement(meter_id: str, tariff: Tariff) -> Service:
    """The service of a meter that was registered before agreements were: by one tariff, for ever, its own id as key."""
    terms = UNREGISTERED._replace(agreement_id=meter_id)
    installed = Installation(meter_id=meter_id, service_point_id=meter_id, start=0)
    return Service(terms, always(tariff), tariff.zone, (installed,))
