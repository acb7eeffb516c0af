"""Bills: a pure function of a period's plan and the determinants of its days, with every amount on a line."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from electrocloud.domain.billing import charges, line_text
from electrocloud.domain.billing.bill_document import Bill, BilledSegment, Status
from electrocloud.domain.billing.charges import Charge, Line, PricedSegment
from electrocloud.domain.billing.counting import Intervals, count_intervals
from electrocloud.domain.billing.demand import days_by_segment, past_demand, peaks_by_segment
from electrocloud.domain.billing.determinants import DayDeterminants, Run, day_determinants
from electrocloud.domain.billing.open_reasons import open_reasons
from electrocloud.domain.billing.plan import PeriodPlan, plan_period
from electrocloud.domain.billing.ratchet import History, PastDemand, billed_demand
from electrocloud.domain.billing.riders import rider_charges, tax_charges
from electrocloud.domain.billing.terms import UNREGISTERED, ServiceTerms
from electrocloud.domain.local_time import DAY_S, day_of, local_day
from electrocloud.domain.money import exact
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Schedule, Tariff, Tiers, peak_periods
from electrocloud.domain.tariffs.versions import DatedTariff, always

if TYPE_CHECKING:
    from electrocloud.domain.billing.period import BillingPeriod

__all__ = ["Bill", "BilledSegment", "Intervals", "Status", "bills", "rate", "reissue"]


def rate(
    plan: PeriodPlan,
    days: Sequence[Mapping[date, DayDeterminants]],
    meter_id: str = "",
    *,
    as_of: int | None = None,
    history: History = (),
) -> Bill:
    """The bill of a period, from the determinants that UTC days have for each span of its plan.

    A day that is not in a span's `days` has no readings. Intervals that end after `as_of` (s since 1970 UTC; None: all
    have ended) are not missing yet. `history` has the demand of earlier cycles, for tariffs with a ratchet.
    """
    by_segment = days_by_segment(plan, days)
    runs = [[run for day in own for run in day.runs] for own in by_segment]
    energy_wh = [sum(run.wh for run in own) for own in runs]
    peaks, peak = peaks_by_segment(plan, by_segment)
    kw = Fraction(peak.watts, peak.parts * 1000) if peak else Fraction(0)
    priced = _priced(plan)
    energy: list[Charge] = []
    demand: list[Charge] = []
    flat: list[Charge] = []
    for one in priced:
        billed = billed_demand(one.tariff, plan.period.cycle_first, peak, peaks[one.number], history)
        limit_kw = Fraction(billed.any_time.watts) / 1000 if billed.any_time else kw
        energy += charges.energy_charges(one, runs[one.number], limit_kw)
        if one.tariff.series:
            energy += charges.series_charges(one, [part for day in by_segment[one.number] for part in day.series])
        demand += charges.demand_charges(one, billed.by_period)
        flat += charges.flat_demand_charges(one, billed.any_time)
    demand += flat
    if any(one.tariff.coincident for one in priced):
        system_peaks = [peak for own in by_segment for day in own for peak in day.coincident]
        demand += [charge for one in priced for charge in charges.coincident_charges(one, system_peaks)]
    fixed = [charge for one in priced for charge in charges.fixed_charges(one)]
    energy_total, demand_total, fixed_total = map(charges.total, (energy, demand, fixed))
    charged = energy_total + demand_total + fixed_total
    minimum = charges.minimum_charges(priced, charged)
    own_charges = [*energy, *demand, *charges.reactive_charges(priced), *fixed, *minimum]
    riders = [charge for one in priced for charge in rider_charges(one, runs[one.number], own_charges)]
    taxes = tax_charges(priced, [*own_charges, *riders], plan.terms)
    total = charged + charges.total([*minimum, *riders, *taxes])
    lines = tuple(charge.line for charge in (*own_charges, *riders, *taxes))
    intervals = count_intervals(plan, days, as_of)
    reasons = open_reasons(plan, by_segment)
    peak_wh, in_peak = _peak_use(priced, runs, energy, demand)
    shown = plan.tariff_of_segment(-1) if priced == [] else priced[-1].tariff
    read = [day for own in days if own for day in (min(own), max(own))]
    last_day = plan.period.end_day - timedelta(days=1)
    return Bill(
        meter_id=meter_id,
        month=plan.period.month,
        zone=plan.period.zone,
        tariff=shown.label,
        tariff_name=shown.name,
        tariff_fingerprint=plan.fingerprint,
        status="provisional" if intervals.missing or intervals.not_yet_due or reasons else "final",
        version=1,
        energy_kwh=exact(Fraction(sum(energy_wh), 1000)),
        demand_kw=exact(kw),
        energy_charge=exact(energy_total),
        demand_charge=exact(demand_total),
        fixed_charge=exact(fixed_total),
        minimum_top_up=exact(charges.total(minimum)),
        total=exact(total),
        total_rounded=sum((line.amount_rounded for line in lines), Decimal("0.00")),
        lines=lines,
        intervals=intervals,
        peak_energy_share=charges.share(peak_wh, sum(energy_wh)),
        peak_bill_share=charges.share(charges.total(in_peak), total),
        agreement_id=plan.terms.agreement_id,
        account_id=plan.terms.account_id,
        period_start=plan.period.first_day,
        period_end=plan.period.end_day,
        days=plan.period.days,
        served_days=plan.served_days,
        full_days=plan.period.full_days,
        segments=_segments(plan, energy_wh),
        open_reasons=reasons,
        rider_charge=exact(charges.total(riders)),
        tax=exact(charges.total(taxes)),
        currency=shown.currency,
        read_from=max(min(read), plan.period.first_day) if read else None,
        read_until=min(max(read), last_day) if read else None,
    )


def bills(  # noqa: C901 - one pass over the days, on the path that a year of readings takes
    tariff: Tariff | DatedTariff,
    intervals: Iterable[Interval],
    estimated: Iterable[Interval] = (),
    meter_id: str = "",
    *,
    terms: ServiceTerms = UNREGISTERED,
    as_of: int | None = None,
) -> list[Bill]:
    """The bills of all periods, cut to the terms of service, in which one of a meter's intervals starts, in order.

    The intervals may come in any order, and a repeated one counts once; `estimated` are as for `day_determinants`, and
    `as_of` is as for `rate`. All of a dated tariff's versions have one zone. Without terms a reading is billed where it
    starts, as that of a meter without an agreement.
    """
    dated = always(tariff) if isinstance(tariff, Tariff) else tariff
    zone = dated.versions[0].tariff.zone
    read, guessed = _by_day(intervals), _by_day(estimated)
    found: dict[BillingPeriod, tuple[PeriodPlan, list[dict[date, DayDeterminants]]]] = {}
    spread = terms.spread == "even"
    periods: list[BillingPeriod] = []
    start = end = 0  # of the one period that days are in
    for midnight in sorted(read.keys() | guessed.keys()):
        own, guesses = read.get(midnight, ()), guessed.get(midnight, ())
        until = midnight + DAY_S
        if spread:  # a reading may reach into the days, and the period, after its own
            until = max(until, max(r.start + r.seconds for r in (*own, *guesses)))
        if not start <= midnight < until <= end:
            last_day = local_day(until - 1, zone) + timedelta(days=1)
            periods = terms.periods(local_day(midnight, zone), last_day, zone)
            start, end = (periods[0].start, periods[0].end) if len(periods) == 1 else (0, 0)
        for period in periods:
            if period not in found:
                plan = plan_period(period, dated, terms)
                found[period] = plan, [{} for _ in plan.spans]
            plan, days = found[period]
            for number, span in enumerate(plan.spans):
                if not (span.start < until and midnight < span.end):
                    continue
                determinants = day_determinants(plan.tariff_of(span), span, own, guesses, spread=spread)
                if determinants.runs:
                    days[number][day_of(midnight)] = determinants
    issued: list[Bill] = []
    history: list[PastDemand] = []
    ratchet = any(version.tariff.ratchet for version in dated.versions)
    for plan, days in found.values():
        if any(days):
            issued.append(rate(plan, days, meter_id, as_of=as_of, history=history))
            if ratchet:
                history.append(past_demand(plan, days))
    return issued


def reissue(previous: Bill, now: Bill) -> Bill:
    """The next version of a bill that was final: `now`, with the difference to `previous` as its adjustment.

    It is `previous` itself where the two say the same, if by other rules. A bill that was final stays final.
    """
    if _statement(previous) == _statement(now):
        return previous
    return _replacing(previous, now)


def without_charges(bill: Bill) -> Bill:
    """A bill whose agreement has no day in its cycle any more: nothing is owed. It is final."""
    return msgspec.structs.replace(
        bill,
        status="final",
        **dict.fromkeys(("energy_kwh", "demand_kw", "energy_charge", "demand_charge", "fixed_charge"), Decimal(0)),
        **dict.fromkeys(("minimum_top_up", "rider_charge", "tax", "total"), Decimal(0)),
        total_rounded=Decimal("0.00"),
        lines=(),
        intervals=Intervals(0, 0, 0, 0),
        peak_energy_share=Decimal(0),
        peak_bill_share=Decimal(0),
        segments=(),
        open_reasons=(),
        served_days=0,
        adjustment=None,
    )


def _replacing(previous: Bill, now: Bill) -> Bill:
    """`now` as the version after `previous`, with the difference of their totals as its rebill adjustment."""
    difference = now.total_rounded - previous.total_rounded
    before = line_text.price(previous.total_rounded, 2, previous.currency)
    adjustment = Line(
        kind="adjustment",
        period=None,
        tier=None,
        quantity=Decimal(1),
        unit="correction",
        unit_rate=difference,
        amount=difference,
        amount_rounded=difference,
        estimated_share=Decimal(0),
        explanation=f"Rebill adjustment, replaces version {previous.version} of {before}",
    )
    return msgspec.structs.replace(now, version=previous.version + 1, status="final", adjustment=adjustment)


def _by_day(intervals: Iterable[Interval]) -> dict[int, list[Interval]]:
    """Intervals by the midnight (s since 1970 UTC) of the UTC day that they start in."""
    ordered = sorted(intervals)
    days = {}
    first = 0
    while first < len(ordered):
        midnight = ordered[first].start // DAY_S * DAY_S
        end = bisect_left(ordered, (midnight + DAY_S,), first)
        days[midnight] = ordered[first:end]
        first = end
    return days


def _statement(bill: Bill) -> tuple[object, ...]:
    """All that a bill says of use and money. Names, texts and dates are not in it, so that neither a renamed tariff
    nor a bill that was stored before it had dates makes a new version.
    """
    counts = bill.intervals
    lines = [
        (line.kind, line.period, line.tier, line.quantity, line.amount, line.amount_rounded, line.estimated_share)
        for line in bill.lines
    ]
    read = counts.read, counts.estimated, counts.missing
    return bill.energy_kwh, bill.demand_kw, bill.total, bill.total_rounded, read, lines


def _priced(plan: PeriodPlan) -> list[PricedSegment]:
    several = len(plan.segments) > 1
    return [
        PricedSegment(number, segment, segment.tariff, line_text.segment_label(segment) if several else "")
        for number, segment in enumerate(plan.segments)
        if segment.tariff
    ]


def _segments(plan: PeriodPlan, energy_wh: Sequence[int]) -> tuple[BilledSegment, ...]:
    found = []
    for segment, wh in zip(plan.segments, energy_wh, strict=True):
        tariff = segment.tariff
        names = (tariff.label, tariff.name, tariff.fingerprint) if tariff else ("", "", "")
        kwh = exact(Fraction(wh, 1000))
        found.append(BilledSegment(segment.first_day, segment.end_day, segment.days, *names, kwh))
    return tuple(found)


def _peak_use(
    priced: Sequence[PricedSegment],
    runs: Sequence[Sequence[Run]],
    energy: Sequence[Charge],
    demand: Sequence[Charge],
) -> tuple[int, list[Charge]]:
    """The energy (Wh) in peak periods, and the charges for these."""
    wh, found = 0, []
    for one in priced:
        tariff = one.tariff
        in_energy = _peak_periods(one, tariff.energy, tariff.energy_schedule)
        in_demand = _peak_periods(one, tariff.demand, tariff.demand_schedule)
        wh += sum(run.wh for run in runs[one.number] if run.period in in_energy)
        found += [c for c in energy if c.line.segment == one.number and c.line.period in in_energy]
        of_periods = [c for c in demand if c.line.segment == one.number and c.line.kind == "demand"]
        found += [charge for charge in of_periods if charge.line.period in in_demand]
    return wh, found


def _peak_periods(one: PricedSegment, structure: tuple[Tiers, ...], schedule: Schedule) -> set[int]:
    months = {month for _, month, _ in one.segment.months()}
    return {period for month in months for period in peak_periods(structure, schedule, month)}
