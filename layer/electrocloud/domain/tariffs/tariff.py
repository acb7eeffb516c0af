"""A tariff as rating needs it: every number checked, exact, in one form. `urdb` reads the documents."""

import hashlib
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec

from electrocloud.domain.local_time import DAY_S, HOUR_S, day_of, is_weekend, offsets
from electrocloud.domain.tariffs.metering import Metering
from electrocloud.domain.tariffs.price_series import PriceSeries
from electrocloud.domain.tariffs.tiers import Tier as Tier
from electrocloud.domain.tariffs.tiers import Tiers as Tiers

Allocation = Literal["chronological", "prorated"]
Quantity = int | Fraction  # Wh or W; a fraction only where a limit or an interval length makes one


_RULES = (
    "zone",
    "energy",
    "energy_schedule",
    "demand",
    "demand_schedule",
    "flat_demand",
    "flat_demand_months",
    "demand_window_s",
    "fixed",
    "minimum",
    "allocation",
)


class Schedule(NamedTuple):
    """Which period holds: [month - 1][local hour], on Monday to Friday and on Saturday and Sunday."""

    weekday: tuple[tuple[int, ...], ...]
    weekend: tuple[tuple[int, ...], ...]

    def periods(self, month: int) -> list[int]:
        """The periods that occur in a month (1 to 12), ascending."""
        return sorted({*self.weekday[month - 1], *self.weekend[month - 1]})


_MONTHLY = {"$/month": Fraction(1), "$/day": Fraction(365, 12), "$/year": Fraction(1, 12)}


class Fee(NamedTuple):
    """An amount of money a time: `$/month`, `$/day` or `$/year`."""

    amount: Decimal
    unit: str

    @property
    def monthly(self) -> Fraction:
        """$ an average month: a day's is 365/12 of it, and a year's is a twelfth."""
        return Fraction(self.amount) * _MONTHLY[self.unit]


class Rider(NamedTuple):
    """A charge beside the tariff's own, in force on the local days from `first` to before `end` (None: open).

    `unit` is `$/kWh` (of the segment's billed energy), `$/kWh delivered` (of all that was delivered, whatever export
    was netted with it: a non-bypassable charge), `$/month`, or `%` of the lines of the kinds in `of`. Of `$/kWh` there
    may be an amount for each month of the year; of the others there is one.
    """

    name: str
    amounts: tuple[Decimal, ...]
    unit: str
    of: tuple[str, ...] = ()
    first: date | None = None
    end: date | None = None


class Tax(NamedTuple):
    """`percent` of the lines of the kinds in `of`, riders among them; for the customer classes named, or all."""

    name: str
    percent: Decimal
    of: tuple[str, ...]
    classes: tuple[str, ...] = ()
    first: date | None = None
    end: date | None = None


class Ratchet(NamedTuple):
    """Demand is billed at least at `part` (0 to 1) of the highest demand of the `lookback` billing cycles before, of
    those that began in `months` (1 to 12), and at least at `least_kw`."""

    part: Decimal
    months: tuple[int, ...]
    lookback: int
    least_kw: Decimal


class SystemPeak(NamedTuple):
    """The `seconds` from `start` (s since 1970 UTC) in which the utility's system had its peak."""

    start: int
    seconds: int


class Coincident(NamedTuple):
    """Prices of a customer's demand at the system's peaks: tiers by period, the period of each month and hour, and when
    the peaks were, in order."""

    tiers: tuple[Tiers, ...]
    schedule: tuple[tuple[int, ...], ...]
    peaks: tuple[SystemPeak, ...]

    def between(self, start: int, end: int) -> tuple[SystemPeak, ...]:
        """The peaks that start from `start` to before `end`."""
        low, high = (bisect_left(self.peaks, (instant,)) for instant in (start, end))
        return self.peaks[low:high]


class Reactive(NamedTuple):
    """What a tariff asks for reactive power: $ a kvar, and whether its demand is in kVA (`apparent`).

    `energy_rate` ($/kvarh) is for reactive energy beyond `free_part` (kvarh a kWh). Below a power factor of
    `least_factor` (0: no rule), charges for demand are raised in its ratio to the factor measured.
    """

    rate: Decimal
    apparent: bool
    energy_rate: Decimal = Decimal(0)
    free_part: Decimal = Decimal(0)
    least_factor: Decimal = Decimal(0)

    @property
    def rules(self) -> tuple[object, ...]:
        """What a fingerprint has of it: rules that are not used leave it as it was before they were known."""
        return tuple(self) if any(self[2:]) else tuple(self[:2])


class Holidays(NamedTuple):
    """Local days that are priced as others: by the weekend's row of `month` (1 to 12; None: their own month), or the
    weekday's where `weekend` is false."""

    days: frozenset[date]
    month: int | None = None
    weekend: bool = True


class Eligibility(NamedTuple):
    """Whom a tariff is for: demand in kW and energy in kWh a month that a customer has at least and at most."""

    min_kw: Decimal | None = None
    max_kw: Decimal | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None


NO_HOLIDAYS = Holidays(frozenset())
FOR_ALL = Eligibility()


@dataclass(frozen=True, eq=False)
class Tariff:
    """What a customer pays for energy, demand and service.

    `energy` and `demand` hold a period's tiers at the period's number, and the schedules say when a period
    holds. `flat_demand` is the same for demand at any time, with each month's number in `flat_demand_months`.
    Where demand has no price they are empty. `demand_window_s` is what demand is averaged over (s); None is a
    reading. `average_month` takes a day's charge 365/12 times and a twelfth of a year's in every month, as SAM does.
    `metering` is how export is credited, None where the tariff does not say; `export_terms` are the same terms for a
    customer whose agreement says how. Two tariffs are equal only if they are one object; `fingerprint` compares their
    rules.
    """

    label: str
    name: str
    utility: str
    zone: str
    energy: tuple[Tiers, ...]
    energy_schedule: Schedule
    demand: tuple[Tiers, ...]
    demand_schedule: Schedule
    flat_demand: tuple[Tiers, ...]
    flat_demand_months: tuple[int, ...]
    demand_window_s: int | None
    fixed: Fee
    minimum: Fee
    allocation: Allocation
    average_month: bool = False
    holidays: Holidays = NO_HOLIDAYS
    riders: tuple[Rider, ...] = ()
    taxes: tuple[Tax, ...] = ()
    currency: str = "USD"
    sector: str = ""
    eligibility: Eligibility = FOR_ALL
    reactive: Reactive | None = None
    ratchet: Ratchet | None = None
    coincident: Coincident | None = None
    series: PriceSeries | None = None
    metering: Metering | None = None
    export_terms: Metering | None = None

    @cached_property
    def limits_follow_demand(self) -> bool:
        """Whether a limit of an energy tier is for each kW of demand."""
        return any("/kW" in tier.unit for tiers in self.energy for tier in tiers)

    @cached_property
    def prices_energy(self) -> bool:
        """Whether energy has a price in some period."""
        return any(tier.rate for tiers in self.energy for tier in tiers)

    @cached_property
    def prices_demand(self) -> bool:
        """Whether demand changes the bill: by a charge for it, or by limits of energy tiers."""
        charged = any(tier.rate for tiers in (*self.demand, *self.flat_demand) for tier in tiers)
        return charged or self.limits_follow_demand

    @cached_property
    def peak_energy_periods(self) -> tuple[set[int], ...]:
        """The peak periods of energy in each month, January first; see `peak_periods`."""
        return tuple(peak_periods(self.energy, self.energy_schedule, month) for month in range(1, 13))

    @cached_property
    def peak_demand_periods(self) -> tuple[set[int], ...]:
        """The peak periods of demand in each month, January first; see `peak_periods`."""
        return tuple(peak_periods(self.demand, self.demand_schedule, month) for month in range(1, 13))

    @cached_property
    def demand_key(self) -> tuple[object, ...]:
        """Equal where the demand periods of two tariffs are the same times, so that their peaks may be compared."""
        return self.zone, self.demand_schedule, self.demand_window_s, self.holidays

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that stand for every rule of the tariff, and not for its names.

        Rules that a tariff does not use leave it as it was before they were known.
        """
        rules: list[object] = [getattr(self, name) for name in _RULES]
        if not self.average_month and any(fee.amount and fee.unit != "$/month" for fee in (self.fixed, self.minimum)):
            rules.append("days as they are")
        if self.holidays.days:
            rules.append((sorted(self.holidays.days), self.holidays.month, self.holidays.weekend))
        if self.riders or self.taxes or self.currency != "USD":
            rules.append((self.riders, self.taxes, self.currency))
        if self.series:
            rules.append(self.series.digest)
        rules += [rule for rule in (self.reactive and self.reactive.rules, self.ratchet, self.coincident) if rule]
        if self.metering:
            rules.append(self.metering)
        return hashlib.sha256(msgspec.json.encode(rules)).hexdigest()[:12]


class PeriodSpan(NamedTuple):
    """Instants from `start` to before `end` (s since 1970 UTC) with one energy and one demand period."""

    start: int
    end: int
    energy: int
    demand: int


@lru_cache(maxsize=4_096)
def period_spans(tariff: Tariff, midnight: int) -> tuple[PeriodSpan, ...]:
    """The UTC day that begins at `midnight`, cut where a period changes, in time order."""
    found: list[PeriodSpan] = []
    for start, end, offset in offsets(midnight, tariff.zone):
        for day in range((start + offset) // DAY_S, (end - 1 + offset) // DAY_S + 1):
            local_midnight = day * DAY_S - offset
            for period_span in _local_day(tariff, *_rows(tariff, day)):
                first = max(start, local_midnight + period_span.start)
                last = min(end, local_midnight + period_span.end)
                if first >= last:
                    continue
                if found and found[-1][2:] == period_span[2:]:
                    first = found.pop().start
                found.append(PeriodSpan(first, last, period_span.energy, period_span.demand))
    return tuple(found)


@lru_cache(maxsize=256)
def without_price(zone: str) -> Tariff:
    """What days without a price are counted by: one period, and nothing to pay."""
    never, free = Fee(Decimal(0), "$/month"), ((Tier(None, Decimal(0), "kWh"),),)
    all_hours = Schedule(((0,) * 24,) * 12, ((0,) * 24,) * 12)
    months = (0,) * 12
    return Tariff("", "", "", zone, free, all_hours, (), all_hours, (), months, None, never, never, "chronological")


def _rows(tariff: Tariff, number: int) -> tuple[int, bool]:
    """Which rows of the schedules hold on a local day, `number` days after 1970-01-01: month, and whether weekend's."""
    day = day_of(number * DAY_S)
    if tariff.holidays.days and day in tariff.holidays.days:
        return tariff.holidays.month or day.month, tariff.holidays.weekend
    return day.month, is_weekend(number)


@lru_cache(maxsize=1_024)
def _local_day(tariff: Tariff, month: int, weekend: bool) -> tuple[PeriodSpan, ...]:
    """A local day without a change of clocks, cut where a period changes, in s after local midnight."""
    energy = tariff.energy_schedule[weekend][month - 1]
    demand = tariff.demand_schedule[weekend][month - 1]
    hours = groupby(range(24), lambda hour: (energy[hour], demand[hour]))
    spans = [(list(span), periods) for periods, span in hours]
    return tuple(PeriodSpan(span[0] * HOUR_S, (span[-1] + 1) * HOUR_S, *periods) for span, periods in spans)


def peak_periods(structure: tuple[Tiers, ...], schedule: Schedule, month: int) -> set[int]:
    """The peak periods of a month (1 to 12): those with its highest first-tier rate. None where all have the same."""
    rates = {period: structure[period][0].rate for period in schedule.periods(month)} if structure else {}
    return {period for period, rate in rates.items() if min(rates.values()) < rate == max(rates.values())}
