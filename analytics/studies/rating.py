"""Rates a service's bills from the lake's readings: money by the engine, sums and peaks by numpy where these are all
that a bill needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from analytics.lake_readings import LakeDay, LakeDays, LakeRow, LakeRows
from analytics.studies.meter_series import MeterSeries, meter_series
from analytics.studies.rate_calendar import needs_demand, rate_calendar
from electrocloud.domain.billing.bill import Bill, rate
from electrocloud.domain.billing.carry_forward import NOTHING, closing, opening
from electrocloud.domain.billing.demand import past_demand
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.estimation import WEEKS
from electrocloud.domain.billing.gaps import plan_determinants
from electrocloud.domain.billing.plan import PeriodPlan, ServiceSpan
from electrocloud.domain.billing.service import PlannedBill
from electrocloud.domain.local_time import day_of

SpanDays = Mapping[date, DayDeterminants]
BEFORE = timedelta(weeks=WEEKS, days=1)  # readings that a period's gaps are estimated from, before it


class RatedBill(NamedTuple):
    """A bill, and whether its readings were taken one by one."""

    bill: Bill
    by_engine: bool


class CustomerReadings:
    """The readings of the meters of some service points, parsed when they are needed."""

    def __init__(self, rows: LakeRows) -> None:
        self._rows = rows
        self._series: dict[str, MeterSeries] = {}
        self._days: dict[str, LakeDays] = {}

    def series(self, meter_id: str) -> MeterSeries:
        """A meter's readings as arrays."""
        if meter_id not in self._series:
            self._series[meter_id] = meter_series(self._of(meter_id))
        return self._series[meter_id]

    def days(self, meter_id: str, first: date, last: date) -> list[LakeDay]:
        """A meter's UTC days from `first` to `last`, as the engine takes them."""
        if meter_id not in self._days:
            self._days[meter_id] = LakeDays({meter_id: self._of(meter_id)})
        return self._days[meter_id].days_between(meter_id, first, last)

    def _of(self, meter_id: str) -> Sequence[LakeRow]:
        return self._rows.get(meter_id, ())


def rated_bills(planned: Iterable[PlannedBill], readings: CustomerReadings) -> list[RatedBill]:
    """The bills of a service's periods, in order, that have a reading.

    Each begins with the credit and the peaks that the one before leaves; the first begins with the registry's opening
    credit, or none.
    """
    found = []
    carry = NOTHING
    for one in planned:
        days, by_engine = bill_days(one, readings)
        if not any(days):
            continue
        plan = one.plan
        begins = opening(plan, carry)
        meter_id = plan.spans[-1].meter_id
        bill = rate(plan, days, meter_id, history=begins.peaks, opening=begins.credit)
        if plan.lookback is not None:
            carry = closing(bill, plan, begins, past_demand(plan, days) if plan.lookback else None)
        found.append(RatedBill(bill, by_engine))
    return found


def bill_days(planned: PlannedBill, readings: CustomerReadings) -> tuple[list[SpanDays], bool]:
    """The determinants of a bill's spans, and whether they were made reading by reading.

    So they are where readings are missing, and estimated as bills' are, and where a tariff needs more than sums.
    """
    if (found := summed_days(planned.plan, readings)) is not None:
        return found, False
    plan = planned.plan
    first, last = day_of(plan.period.start), day_of(plan.period.end - 1)
    own = {span.meter_id: readings.days(span.meter_id, first, last) for span in plan.spans}
    if not any(own.values()):
        return [], True
    before = {meter: readings.days(meter, first - BEFORE, first - timedelta(days=1)) for meter in planned.meter_ids}
    return [*plan_determinants(plan, own, before, fill=True)], True


def summed_days(plan: PeriodPlan, readings: CustomerReadings) -> list[SpanDays] | None:
    """The determinants of a plan's spans, each as if it were one day, which a bill's amounts do not depend on.

    Counts of intervals do: those of such a bill mean nothing. None where a span needs its readings one by one.
    """
    # Demand is the whole bill's: one segment may be charged for the peak of another.
    demand = any(needs_demand(segment.tariff) for segment in plan.segments if segment.tariff)
    found: list[SpanDays] = []
    for span in plan.spans:
        determinants = _summed(plan, span, readings.series(span.meter_id), demand=demand)
        if determinants is None:
            return None
        found.append({day_of(span.start): determinants})
    return found


def _summed(plan: PeriodPlan, span: ServiceSpan, series: MeterSeries, *, demand: bool) -> DayDeterminants | None:
    tariff = plan.tariff_of(span)
    if (tariff.metering and series.both_ways) or (filled := series.filling(span.start, span.end)) is None:
        return None
    seconds, wh = filled
    calendar = rate_calendar(tariff, span.start, span.end, seconds, demand=demand)
    if calendar is None:
        return None
    return DayDeterminants(
        runs=calendar.runs(wh),
        peaks=calendar.peaks(wh),
        cut=(),
        interval_s=seconds,
        count=len(wh),
        estimated=0,
        missing=0,
        crossing=None if plan.terms.spread == "even" else calendar.crossing,
    )
