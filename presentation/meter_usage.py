"""What a customer may take along of a meter: the readings and bills of the latest customer, and of no earlier one."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple, Protocol

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.interval_costs import interval_costs
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.service import Service
from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import DAY_S, day_of, midnight_of
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.readings.upload import DIRECTIONS, Direction, Quality
from presentation.bill_versions import bill_days, newest_versions

COST_PARTS = 100_000  # of $1
THIRTEEN_MONTHS = timedelta(days=396)  # so that the latest month has that of the year before


class UsageReading(NamedTuple):
    """Energy over an interval: its start (s since 1970 UTC), length (s) and Wh. An operator made an edited one.

    `cost` is its part of a bill's energy charge, in hundred-thousandths of the currency; None where no bill says it.
    """

    start: int
    seconds: int
    wh: int
    quality: Quality | Literal["edited"]
    cost: int | None = None


class Usage(NamedTuple):
    """What one customer's meter measured, in order of time by direction, with the customer's bills, newest versions."""

    meter_id: str
    zone: str
    readings: dict[Direction, Sequence[UsageReading]]
    bills: Sequence[Bill]


class UsageSource(Protocol):
    """Where meters, their days and their bills are read."""

    def meter(self, meter_id: str) -> RegisteredMeter | None:
        """A meter, if it is registered."""

    def days(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""

    def keyed_history(self, meter_or_agreement: str) -> list[IssuedBill]:
        """All versions of a meter's bills, each with its bill's key."""


def usage_of(source: UsageSource, meter_id: str, first: date, end: date, services: Iterable[Service] = ()) -> Usage:
    """The usage and bills of local days from `first` to before `end`, of the customer of the meter's latest bill.

    Readings from before the first bill of that customer are left out. By the meter's `services`, readings have the cost
    that they have in these bills. `UsageError` for a meter that is not registered,
    and where there is neither a reading nor a bill.
    """
    meter = source.meter(meter_id)
    if meter is None:
        raise UsageError(f"meter {meter_id} is not registered; `electrocloud registry search` finds meters")
    issued = _of_latest_customer(source.keyed_history(meter_id))
    bills = [one.bill for one in issued]
    zone = bills[-1].zone if bills else meter.timezone
    starts = [one.period_start for one in bills if one.account_id and one.period_start]
    start, until = midnight_of(max(first, min(starts, default=first)), zone), midnight_of(end, zone)
    days = source.days(meter_id, day_of(start), day_of(max(start, until - 1)))
    readings: dict[Direction, Sequence[UsageReading]] = {
        direction: [one for day in days for one in readings_of_day(day, direction) if start <= one.start < until]
        for direction in DIRECTIONS
    }
    shown = [one for one in bills if overlaps(one, first, end)]
    if not any(readings.values()) and not shown:
        raise UsageError(f"meter {meter_id} has neither readings nor bills from {first} to before {end}")
    readings["delivered"] = with_costs(readings["delivered"], issued, services, meter_id)
    return Usage(meter_id, zone, readings, shown)


def with_costs(
    readings: Sequence[UsageReading], issued: Iterable[IssuedBill], services: Iterable[Service], meter_id: str
) -> Sequence[UsageReading]:
    """Readings of energy delivered, in order of time, with the cost that they have in the bills of these services.

    A bill gives costs where all its readings are among these.
    """
    terms = {service.terms.agreement_id: service for service in services}
    for one in issued:
        planned = terms[one.key.agreement_id].bill_of_cycle(one.key.cycle) if one.key.agreement_id in terms else None
        if planned:
            readings = _with_costs_of(one.bill, planned.plan, readings, meter_id)
    return readings


def _with_costs_of(
    bill: Bill, plan: PeriodPlan, readings: Sequence[UsageReading], meter_id: str
) -> Sequence[UsageReading]:
    """The readings with their cost in a bill, which is rounded so that together they are its energy charge."""
    costs = interval_costs(bill, plan, meter_id, [Interval(one.start, one.seconds, one.wh) for one in readings])
    if not costs:
        return readings
    total, before, found = Fraction(0), 0, []
    for one in readings:
        if one.start in costs:
            total += costs[one.start] * COST_PARTS
            found.append(one._replace(cost=round(total) - before))
            before = round(total)
        else:
            found.append(one)
    return found


def _of_latest_customer(history: Iterable[IssuedBill]) -> list[IssuedBill]:
    newest = newest_versions(history)
    return [one for one in newest if one.bill.account_id == newest[-1].bill.account_id]


def overlaps(bill: Bill, first: date, end: date) -> bool:
    """Whether a bill's period has a local day from `first` to before `end`."""
    start, until = bill_days(bill)
    return start < end and first < until


def readings_of_day(day: MeterDay, direction: Direction) -> list[UsageReading]:
    """The readings of a day that count, in order of time."""
    edited = {minute for one in day.adjustments for minute in day.minutes_of(one, direction)}
    found = []
    for row in day.rows("", direction):
        start = int(row.start.timestamp())
        quality = "edited" if start % DAY_S // 60 in edited else row.quality
        found.append(UsageReading(start, row.interval_s, row.wh, quality))
    return found
