"""Who is served, where and since when: what the dates of a bill rest on."""

from datetime import date
from typing import Literal, NamedTuple

from electrocloud.domain.billing.period import BillingCycle, BillingPeriod

Spread = Literal["none", "even", "start"]


class Agreement(NamedTuple):
    """An account's service at a service point by a tariff, from local day `first` to before `end` (None: open).

    `cycle_day` is the read day (1 to 28) that billing periods begin on; None means calendar months. `spread` says
    whether a reading that spans two prices, demand windows or bills is shared between them by time (`even`), leaves the
    bill open (`none`), or is billed where it starts (`start`: meters without an agreement). `customer_class` and `exemptions` (names of taxes) decide which taxes it pays.
    """

    agreement_id: str = ""
    account_id: str = ""
    service_point_id: str = ""
    tariff_id: str = ""
    first: date | None = None
    end: date | None = None
    cycle_day: int | None = None
    spread: Spread = "none"
    customer_class: str = ""
    exemptions: frozenset[str] = frozenset()

    @property
    def cycle(self) -> BillingCycle:
        return BillingCycle(self.cycle_day or 1)

    def periods_of_utc_day(self, day: date, zone: str) -> list[BillingPeriod]:
        """The billing periods, cut to the agreement, that a UTC day has instants of: none to two, in order."""
        whole = self.cycle.periods_of_utc_day(day, zone)
        return [cut for period in whole if (cut := period.cut(self.first, self.end))]

    def periods(self, first: date, end: date, zone: str) -> list[BillingPeriod]:
        """The billing periods, cut to the agreement, that have a local day from `first` to before `end`, in order."""
        found = []
        while first < end:
            period = self.cycle.period_of(first, zone)
            if cut := period.cut(self.first, self.end):
                found.append(cut)
            first = period.end_day
        return found


class Installation(NamedTuple):
    """A meter at a service point from instant `start` to before `end` (s since 1970 UTC; None: still there)."""

    meter_id: str
    service_point_id: str
    start: int
    end: int | None = None


ANYONE = Agreement()  # served always, by calendar months
UNREGISTERED = Agreement(spread="start")
