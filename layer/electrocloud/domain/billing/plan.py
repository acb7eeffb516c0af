"""How a billing period is rated: its segments, each at one price, and the spans in which a meter served them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec

from electrocloud.domain.billing.credit import NO_CREDIT, Credit
from electrocloud.domain.billing.period import BillingPeriod, calendar_period
from electrocloud.domain.billing.terms import ALWAYS, UNREGISTERED, ServiceTerms
from electrocloud.domain.local_time import DAY_S, BillingMonth, instant_of, local_day, midnight_of
from electrocloud.domain.registry.records import Installation
from electrocloud.domain.tariffs.tariff import Tariff, without_price
from electrocloud.domain.tariffs.versions import DatedTariff, always


class Segment(NamedTuple):
    """The local days from `first_day` to before `end_day` of a billing period, all at the prices of `tariff`.

    None as the tariff: the days have no price, and are not billed. `full_days` are those of the period's uncut cycle.
    """

    first_day: date
    end_day: date
    tariff: Tariff | None
    full_days: int

    @property
    def days(self) -> int:
        """Local days."""
        return (self.end_day - self.first_day).days

    def months(self) -> tuple[tuple[int, int, int], ...]:
        """The calendar months of the segment, each with the days of it that are in the segment: (year, month, days)."""
        return _months(self.first_day, self.end_day)


class ServiceSpan(NamedTuple):
    """Instants from `start` to before `end` (s since 1970 UTC) in which one meter served a segment, by its number."""

    segment: int
    meter_id: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class PeriodPlan:
    """All but the readings, and the bill before, that a bill of `period` depends on. `plan_period` makes one.

    `lookback` is the tariff's over time.
    """

    period: BillingPeriod
    segments: tuple[Segment, ...]
    spans: tuple[ServiceSpan, ...]
    terms: ServiceTerms
    tariff_name: str
    price_dates: str  # when the tariff has prices, for a person
    lookback: int | None = None

    def tariff_of(self, span: ServiceSpan) -> Tariff:
        """The tariff that a span's determinants are made by."""
        return self.tariff_of_segment(span.segment)

    def tariff_of_segment(self, number: int) -> Tariff:
        """The tariff of a segment by its number; one without prices where the segment has none."""
        return self.segments[number].tariff or without_price(self.period.zone)

    def spans_of(self, meter_id: str, day: date) -> list[tuple[int, ServiceSpan]]:
        """The spans, with their numbers, in which a meter served in a UTC day: one replacement of determinants each."""
        midnight = instant_of(day)
        return [
            (number, span)
            for number, span in enumerate(self.spans)
            if span.meter_id == meter_id and span.start < midnight + DAY_S and midnight < span.end
        ]

    @cached_property
    def served_days(self) -> int:
        """Local days of the period in which a meter served."""
        if self.is_plain:
            return self.period.days
        zone = self.period.zone
        days = {
            local_day(span.start, zone) + timedelta(days=number)
            for span in self.spans
            for number in range((local_day(span.end - 1, zone) - local_day(span.start, zone)).days + 1)
        }
        return len(days)

    @property
    def unpriced_days(self) -> list[tuple[date, date]]:
        """The days without a price, as (first, end) with the end exclusive, in order."""
        return [(segment.first_day, segment.end_day) for segment in self.segments if segment.tariff is None]

    @property
    def is_last(self) -> bool:
        """Whether the agreement ends with the period."""
        return self.terms.end == self.period.end_day

    @property
    def stated_credit(self) -> Credit | None:
        """The credit for export that the period begins with whatever the bill before says; None: as that says."""
        for day, credit in reversed(self.terms.opening_credits):
            if self.period.first_day <= day < self.period.end_day:
                return credit
        return NO_CREDIT if self.terms.first == self.period.first_day else None

    @cached_property
    def is_plain(self) -> bool:
        """Whether the period is whole, at one price, and served by one meter throughout."""
        spans = [(span.start, span.end) for span in self.spans]
        return self.period.is_whole and len(self.segments) == 1 and spans == [(self.period.start, self.period.end)]

    @cached_property
    def shape(self) -> str:
        """12 hex digits that stand for what determinants depend on: while it stays, another price needs no reading."""
        return _shape(self)

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that stand for the plan: a bill of another plan must be rated from all readings again.

        A plain one has its tariff's.
        """
        tariffs = [segment.tariff for segment in self.segments]
        terms: tuple[object, ...] = ()
        if any(tariff.taxes for tariff in tariffs if tariff):
            terms = (self.terms.customer_class, sorted(self.terms.exemptions))
        if self.terms.needs_reactive and any(tariff.reactive for tariff in tariffs if tariff):
            terms += ("reactive metered",)
        if self.lookback is not None:
            terms += (self.lookback, self.stated_credit, self.is_last)
        if self.is_plain and self.period.month and tariffs[0] and not terms and self.terms.spread != "even":
            return tariffs[0].fingerprint
        segments = [(s.first_day, s.end_day, s.tariff and s.tariff.fingerprint) for s in self.segments]
        content = msgspec.json.encode((self.period, segments, self.spans, self.terms.spread, terms))
        return hashlib.sha256(content).hexdigest()[:12]


def _shape(plan: PeriodPlan) -> str:
    days = [(one.first_day, one.end_day) for one in plan.segments]
    content = f"({_text(plan.period)}, {plan.spans!r}, {plan.terms.spread!r}, {days!r})"
    rules = _rules(tuple(segment.tariff for segment in plan.segments))
    return hashlib.sha256(f"{content} {rules}".encode()).hexdigest()[:12]


@lru_cache(maxsize=1_024)
def _text(period: BillingPeriod) -> str:
    return repr(period)


@lru_cache(maxsize=1_024)
def _rules(tariffs: tuple[Tariff | None, ...]) -> str:
    """What determinants depend on of the tariffs of a plan's segments. Many plans have the same ones."""
    rules = [tariff and (tariff.energy_schedule, *_demand_key(tariff), len(tariff.demand)) for tariff in tariffs]
    holidays = [tariff and (sorted(tariff.holidays.days), tariff.holidays.month) for tariff in tariffs]
    peaks = [tariff.coincident.peaks for tariff in tariffs if tariff and tariff.coincident]
    series = [tariff.series.digest for tariff in tariffs if tariff and tariff.series]
    netting = [(tariff.metering.by_hour, tariff.metering.sell) for tariff in tariffs if tariff and tariff.metering]
    reactive = [tariff.reactive.apparent for tariff in tariffs if tariff and tariff.reactive]
    return f"{rules!r} {holidays!r}{peaks or ''}{series or ''}{netting or ''}{reactive or ''}"


def _demand_key(tariff: Tariff) -> tuple[object, ...]:
    """The tariff's `demand_key` with the holidays in order: a set's order differs from process to process."""
    *rest, _ = tariff.demand_key
    days, month, weekend = tariff.holidays
    return (*rest, (sorted(days), month, weekend) if days else tariff.holidays)


def plan_period(
    period: BillingPeriod,
    tariff: DatedTariff,
    terms: ServiceTerms = ALWAYS,
    installations: Sequence[Installation] | None = None,
) -> PeriodPlan:
    """The plan of a period that is cut to its terms of service. `tariff` is placed in the period's zone.

    Without `installations` one meter, named "", is there all the time.
    """
    days = [period.first_day, *tariff.changes(period.first_day, period.end_day), period.end_day]
    segments = tuple(Segment(first, end, tariff.at(first), period.full_days) for first, end in pairwise(days))
    meters = (
        [Installation(meter_id="", service_point_id="", start=period.start)] if installations is None else installations
    )
    spans = tuple(_spans(segments, sorted(meters, key=lambda meter: meter.start), period.zone))
    return PeriodPlan(period, segments, spans, terms, tariff.versions[-1].tariff.name, tariff.dates, tariff.lookback)


@lru_cache(maxsize=4_096)
def plan_month(tariff: Tariff, month: BillingMonth) -> PeriodPlan:
    """The plan of a calendar month of a meter without an agreement: one tariff, served throughout."""
    return plan_period(calendar_period(month), always(tariff), UNREGISTERED)


@lru_cache(maxsize=4_096)
def _months(first: date, end: date) -> tuple[tuple[int, int, int], ...]:
    found = []
    while first < end:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((first.year, first.month, (min(following, end) - first).days))
        first = following
    return tuple(found)


def _spans(segments: Sequence[Segment], meters: Sequence[Installation], zone: str) -> Iterator[ServiceSpan]:
    for number, segment in enumerate(segments):
        low, high = midnight_of(segment.first_day, zone), midnight_of(segment.end_day, zone)
        for meter in meters:
            start, end = max(low, meter.start), min(high, high if meter.end is None else meter.end)
            if start < end:
                yield ServiceSpan(number, meter.meter_id, start, end)
