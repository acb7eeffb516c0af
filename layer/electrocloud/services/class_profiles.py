"""Mean profiles of customer classes: what closing estimates from where a meter has no history of its own.

A profile is made once per class and month, and stored: an estimate that is made again comes out the same.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from electrocloud.domain.billing.estimation import ClassProfile, mean_profile
from electrocloud.domain.local_time import BillingMonth
from electrocloud.services.store import Tables

if TYPE_CHECKING:
    from electrocloud.domain.readings.meter_day import Interval

SAMPLE_METERS = 200
LEAST_METERS = 5  # fewer are single customers, and no class


class SampledMeter(NamedTuple):
    """A meter, and the IANA time zone it is in."""

    meter_id: str
    zone: str


class ClassMeters(Protocol):
    """Which meters a customer class has."""

    def sample(self, customer_class: str, most: int) -> Iterable[SampledMeter]:
        """Some meters of a class, at most so many, in no order that has to do with their use."""


class ProfileTables(Tables, Protocol):
    """The store, for who makes profiles."""

    def add_class_profile(self, customer_class: str, month: str, profile: ClassProfile) -> None:
        """Store a mean profile, unless there is one: all estimates of a month are from the same one."""


def make_class_profile(customer_class: str, month: str, due: int, meters: ClassMeters, tables: ProfileTables) -> bool:
    """Store the mean profile of a class in a month such as `2026-10`, from a sample of its meters.

    Returns whether there is one now that was not there. It is made of a month that ended by `due` (s since 1970 UTC),
    from at least LEAST_METERS meters that were read in it, and never made again.
    """
    year, number = map(int, month.split("-"))
    calendar = BillingMonth(year, number, "UTC")
    if not customer_class or calendar.end > due or tables.class_profile(customer_class, month):
        return False
    first = date(year, number, 1)
    last = first + timedelta(days=calendar.days - 1)
    read: list[tuple[str, list[Interval]]] = []
    for meter in meters.sample(customer_class, SAMPLE_METERS):
        readings = [one for day in tables.days_between(meter.meter_id, first, last) for one in day.intervals()]
        if readings:
            read.append((meter.zone, readings))
    if len(read) < LEAST_METERS:
        return False
    tables.add_class_profile(customer_class, month, mean_profile(read))
    return True
