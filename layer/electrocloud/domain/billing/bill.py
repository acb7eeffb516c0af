"""Bills: a pure function of a period's plan and the determinants of its days, with every amount on a line."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from electrocloud.domain.billing import charges, line_text
from electrocloud.domain.billing.bill_document import Bill, BilledSegment, Status
from electrocloud.domain.billing.charges import Charge, Line, PricedSegment
from electrocloud.domain.billing.counting import Intervals, count_intervals
from electrocloud.domain.billing.credit import NO_CREDIT, Credit
from electrocloud.domain.billing.credit_account import CreditAccount
from electrocloud.domain.billing.demand import bill_demand, days_by_segment, past_demand
from electrocloud.domain.billing.demand_windows import Peak
from electrocloud.domain.billing.determinants import DayDeterminants, Run, day_determinants
from electrocloud.domain.billing.export import Exported, credited, exported, is_true_up
from electrocloud.domain.billing.open_reasons import open_reasons
from electrocloud.domain.billing.plan import PeriodPlan, plan_period
from electrocloud.domain.billing.ratchet import History, PastDemand, billed_demand
from electrocloud.domain.billing.reactive_charges import reactive_charges
from electrocloud.domain.billing.riders import rider_charges, tax_charges
from electrocloud.domain.billing.terms import UNREGISTERED, ServiceTerms
from electrocloud.domain.local_time import DAY_S, day_of, local_day
from electrocloud.domain.money import exact
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Tariff
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
    opening: Credit | None = NO_CREDIT,
    opening_is_open: bool = False,
) -> Bill:
    """The bill of a period, from the determinants that UTC days have for each span of its plan.

    A day that is not in a span's `days` has no readings. Intervals that end after `as_of` (s since 1970 UTC; None: all
    have ended) are not missing yet. `history` has the demand of earlier cycles, for tariffs with a ratchet, and
    `opening` the credit for export that the bill before left (None: nobody knows it, so export is not credited and
    leaves the bill open); the bill's `credit` has what this one leaves. A bill with export or credit stays open while
    the opening credit may still change (`opening_is_open`).
    """
    by_segment = days_by_segment(plan, days)
    runs = [[run for day in own for run in day.runs] for own in by_segment]
    energy_wh = [sum(run.wh for run in own) for own in runs]
    priced = _priced(plan)
    demands = _billed_demands(plan, priced, by_segment, history)
    export = exported(plan, priced, by_segment, demands.limits_kw, opening)
    billed_runs: Sequence[Sequence[Run]] = export.runs if export else runs
    energy: list[Charge] = []
    for one, limit_kw in zip(priced, demands.limits_kw, strict=True):
        netted = export is not None and export.netted[one.number]
        energy += charges.energy_charges(one, billed_runs[one.number], limit_kw, netted=netted)
        if one.tariff.series:
            energy += charges.series_charges(one, [part for day in by_segment[one.number] for part in day.series])
    credit = _credited(plan, export, opening, charges.total(energy))
    demand = [*demands.charges, *reactive_charges(priced, by_segment, demands.charges)]
    fixed = [charge for one in priced for charge in charges.fixed_charges(one)]
    energy_total, demand_total, fixed_total = map(charges.total, (energy, demand, fixed))
    charged = energy_total + demand_total + fixed_total
    # What export is worth beyond all charges does not pay the minimum, but is due to the customer beside it.
    minimum = charges.minimum_charges(priced, max(charged + credit.before_minimum, Fraction(0)) if export else charged)
    own_charges = [*energy, *credit.lines, *demand, *fixed, *minimum]
    riders = [
        charge
        for one in priced
        for charge in rider_charges(one, runs[one.number], billed_runs[one.number], own_charges)
    ]
    taxes = tax_charges(priced, [*own_charges, *riders], plan.terms)
    credit_total = charges.total([*credit.lines, *credit.paid_out])
    total = charged + credit_total + charges.total([*minimum, *riders, *taxes])
    lines = tuple(charge.line for charge in (*own_charges, *riders, *taxes, *credit.paid_out))
    intervals = count_intervals(plan, days, as_of)
    reasons = open_reasons(plan, by_segment, opening, opening_is_open=opening_is_open)
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
        demand_kw=exact(demands.kw),
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
        received_kwh=exact(Fraction(sum(run.wh for own in by_segment for day in own for run in day.received), 1000)),
        export_credit=exact(credit_total),
        credit=credit.account,
    )


def bills(  # noqa: C901 - one pass over the days, on the path that a year of readings takes
    tariff: Tariff | DatedTariff,
    intervals: Iterable[Interval],
    estimated: Iterable[Interval] = (),
    meter_id: str = "",
    *,
    terms: ServiceTerms = UNREGISTERED,
    as_of: int | None = None,
    received: Iterable[Interval] = (),
    reactive: Iterable[Interval] = (),
    opening: Credit = NO_CREDIT,
) -> list[Bill]:
    """The bills of all periods, cut to the terms of service, in which one of a meter's intervals starts, in order.

    The intervals may come in any order, and a repeated one counts once; `estimated` are as for `day_determinants`, and
    `as_of` is as for `rate`. All of a dated tariff's versions have one zone. Without terms a reading is billed where it
    starts, as that of a meter without an agreement. `received` has the energy received from the customer, `opening` the
    credit for it that the first bill begins with (each other bill begins with what the one before leaves), and
    `reactive` the reactive energy in varh.
    """
    dated = always(tariff) if isinstance(tariff, Tariff) else tariff
    zone = dated.versions[0].tariff.zone
    read, guessed, sent, varh = map(_by_day, (intervals, estimated, received, reactive))
    found: dict[BillingPeriod, tuple[PeriodPlan, list[dict[date, DayDeterminants]]]] = {}
    spread = terms.spread == "even"
    periods: list[BillingPeriod] = []
    start = end = 0  # of the one period that days are in
    for midnight in sorted(read.keys() | guessed.keys() | sent.keys()):
        own, guesses, exports = read.get(midnight, ()), guessed.get(midnight, ()), sent.get(midnight, ())
        until = midnight + DAY_S
        if spread:  # a reading may reach into the days, and the period, after its own
            until = max(until, max(r.start + r.seconds for r in (*own, *guesses, *exports)))
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
                tariff_then = plan.tariff_of(span)
                determinants = day_determinants(
                    tariff_then,
                    span,
                    own,
                    guesses,
                    spread=spread,
                    received=exports,
                    reactive=varh.get(midnight, ()),
                )
                if determinants.runs or determinants.received:
                    days[number][day_of(midnight)] = determinants
    issued: list[Bill] = []
    history: list[PastDemand] = []
    ratchet = any(version.tariff.ratchet for version in dated.versions)
    for plan, days in found.values():
        if any(days):
            bill = rate(plan, days, meter_id, as_of=as_of, history=history, opening=opening)
            issued.append(bill)
            opening = bill.credit.closing if bill.credit else opening
            if ratchet:
                history.append(past_demand(plan, days))
    return issued


def reissue(previous: Bill, now: Bill) -> Bill:
    """The next version of a bill that was final: `now`, with the difference to `previous` as its adjustment.

    It is `previous` itself where the two say the same to the same customer, if by other rules. A bill that was final
    stays final.
    """
    if _statement(previous) == _statement(now) and previous.account_id in (now.account_id, ""):
        return previous
    return _replacing(previous, now)


def without_charges(bill: Bill) -> Bill:
    """A bill whose agreement has no day in its cycle any more: nothing is owed. It is final."""
    return msgspec.structs.replace(
        bill,
        status="final",
        **dict.fromkeys(("energy_kwh", "demand_kw", "energy_charge", "demand_charge", "fixed_charge"), Decimal(0)),
        **dict.fromkeys(("minimum_top_up", "rider_charge", "tax", "total"), Decimal(0)),
        **dict.fromkeys(("received_kwh", "export_credit"), Decimal(0)),
        credit=None,
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
    reasons = tuple(reason for reason in now.open_reasons if reason.kind != "earlier bill open")
    return msgspec.structs.replace(
        now, version=previous.version + 1, status="final", adjustment=adjustment, open_reasons=reasons
    )


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
    credit = bill.credit and (bill.credit.opening, bill.credit.closing)
    return bill.energy_kwh, bill.received_kwh, bill.demand_kw, bill.total, bill.total_rounded, read, lines, credit


class _Demands(NamedTuple):
    """The highest demand (kW), each priced segment's limit for energy tiers (kW), and the charges for demand."""

    kw: Fraction
    limits_kw: list[Fraction]
    charges: list[Charge]


def _billed_demands(
    plan: PeriodPlan,
    priced: Sequence[PricedSegment],
    by_segment: Sequence[Sequence[DayDeterminants]],
    history: History,
) -> _Demands:
    of_bill = bill_demand(plan, by_segment)
    limits_kw: list[Fraction] = []
    demand: list[Charge] = []
    flat: list[Charge] = []
    for one in priced:
        own = of_bill.segments[one.number]
        unit = "kVA" if own.apparent else "kW"
        billed = billed_demand(one.tariff, plan.period.cycle_first, own.highest, own.by_period, history, unit)
        limits_kw.append(Fraction(billed.any_time.watts) / 1000 if billed.any_time else _thousands(own.highest))
        demand += charges.demand_charges(one, billed.by_period, unit)
        flat += charges.flat_demand_charges(one, billed.any_time, unit)
    demand += flat
    if any(one.tariff.coincident for one in priced):
        system_peaks = [peak for own in by_segment for day in own for peak in day.coincident]
        demand += [charge for one in priced for charge in charges.coincident_charges(one, system_peaks)]
    return _Demands(_thousands(of_bill.power), limits_kw, demand)


def _thousands(peak: Peak | None) -> Fraction:
    """A peak in kW, or kVA where it is in VA; 0 of none."""
    return Fraction(peak.watts, peak.parts * 1000) if peak else Fraction(0)


class _Credit(NamedTuple):
    """What export does to a bill: lines that count as its charges, $ that lower what the minimum is compared with, what
    a true-up pays out, and the account of the credit."""

    lines: list[Charge]
    before_minimum: Fraction
    paid_out: list[Charge]
    account: CreditAccount | None


def _credited(plan: PeriodPlan, export: Exported | None, opening: Credit | None, energy: Fraction) -> _Credit:
    if export is None or opening is None:
        return _Credit([], Fraction(0), [], None)
    true_up = is_true_up(plan, export.metering)
    found = credited(export, opening, energy, true_up, plan.is_last)
    lines = [*export.sales, *found.used]
    # Buy all sell all is two meters: what the one sells is no part of the other's minimum.
    counted = found.used if export.metering.option == "buy-all-sell-all" else lines
    return _Credit(lines, charges.total(counted), found.paid_out, found.account)


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
        months = {month for _, month, _ in one.segment.months()}
        in_energy = {period for month in months for period in tariff.peak_energy_periods[month - 1]}
        in_demand = {period for month in months for period in tariff.peak_demand_periods[month - 1]}
        wh += sum(run.wh for run in runs[one.number] if run.period in in_energy)
        found += [c for c in energy if c.line.segment == one.number and c.line.period in in_energy]
        of_periods = [c for c in demand if c.line.segment == one.number and c.line.kind == "demand"]
        found += [charge for charge in of_periods if charge.line.period in in_demand]
    return wh, found
