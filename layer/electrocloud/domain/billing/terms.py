"""What a bill needs to know of whom it is for: since when, by which cycle, and how long readings are shared."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from electrocloud.domain.billing.credit import NO_CREDIT, Credit, stated_credit
from electrocloud.domain.billing.period import BillingCycle, BillingPeriod
from electrocloud.domain.registry.records import CALENDAR_MONTH, Agreement, ServicePoint
from electrocloud.domain.tariffs.versions import DatedTariff

Spread = Literal["", "even", "start"]


class ServiceTerms(NamedTuple):
    """Service from local day `first` to before `end` (None: open), billed from read day `cycle_day` to the next.

    `spread` says whether a reading that spans two prices, demand windows or bills is shared between them by time
    (`even`), leaves the bill open (empty), or is billed where it starts (`start`: meters without an agreement, whose
    bills are open too where the reading is longer than an hour). `customer_class` and `exemptions` (names of taxes)
    decide which taxes apply. `opening_credits` are the credits for export that periods begin with by the registry:
    that of the period in which each local day lies. `needs_reactive`: reactive energy is metered, so a bill whose
    tariff charges for it stays open without it.
    """

    agreement_id: str = ""
    account_id: str = ""
    first: date | None = None
    end: date | None = None
    cycle_day: int = CALENDAR_MONTH
    spread: Spread = ""
    customer_class: str = ""
    exemptions: frozenset[str] = frozenset()
    opening_credits: tuple[tuple[date, Credit], ...] = ()
    needs_reactive: bool = False

    @property
    def cycle(self) -> BillingCycle:
        """When billing periods begin."""
        return BillingCycle(self.cycle_day)

    def periods(self, first: date, end: date, zone: str) -> list[BillingPeriod]:
        """The billing periods, cut to the service, that have a local day from `first` to before `end`, in order."""
        found = []
        while first < end:
            period = self.cycle.period_of(first, zone)
            if cut := period.cut(self.first, self.end):
                found.append(cut)
            first = period.end_day
        return found


ALWAYS = ServiceTerms()  # served always, by calendar months
UNREGISTERED = ServiceTerms(spread="start")


def terms_of(records: Sequence[Agreement], point: ServicePoint) -> ServiceTerms:
    """The terms of one agreement, from all its records in the order of their days."""
    first, last = records[0], records[-1]
    return ServiceTerms(
        agreement_id=first.agreement_id,
        account_id=first.account_id,
        first=first.first,
        end=last.end,
        cycle_day=first.cycle_day,
        spread=last.spread,
        customer_class=point.customer_class,
        opening_credits=tuple(
            (one.first, stated_credit(one.opening_credit) or NO_CREDIT) for one in records if one.opening_credit
        ),
        exemptions=last.exempt_from,
        needs_reactive=point.reactive == "metered",
    )


def prices_of(records: Sequence[Agreement], tariffs: Mapping[str, DatedTariff]) -> DatedTariff:
    """The prices of one agreement over time, from all its records in the order of their days.

    `tariffs` has each tariff by its id, placed in the service point's zone. Where a record has another tariff than the
    one before it, a segment of the bill begins.
    """
    prices = _prices_of(records[0], tariffs)
    for record in records[1:]:
        prices = prices.switched(_prices_of(record, tariffs), record.first)
    return prices


def _prices_of(record: Agreement, tariffs: Mapping[str, DatedTariff]) -> DatedTariff:
    tariff = tariffs[record.tariff_id]
    return tariff.metered(record.metering) if record.metering else tariff
