"""Bills: a pure function of a tariff and the determinants of a month's days, with every amount on a line."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Literal

import msgspec

from electrocloud.domain.billing import charges
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.determinants import (
    DayDeterminants,
    Peak,
    day_determinants,
    expected_count,
    higher_peak,
)
from electrocloud.domain.local_time import DAY_S, HOUR_S, BillingMonth, day_of, months_of
from electrocloud.domain.money import exact
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Tariff, peak_periods, period_spans

Status = Literal["provisional", "final"]


class Intervals(msgspec.Struct, frozen=True):
    """How many intervals a month has, and how many of them were read, were estimated, and are missing."""

    expected: int
    read: int
    estimated: int
    missing: int


class Bill(msgspec.Struct, frozen=True):
    """What one meter owes for one month, in $.

    `total` is exact: energy + demand + fixed charges + the top-up to the minimum. `total_rounded` is what is owed: the
    sum of the lines' rounded amounts. A bill is provisional until every interval was read or estimated. The peak
    shares, 0 to 1, are of the energy and of `total`, in the periods with the month's highest first-tier rate.
    `adjustment` is what this version owes more (or less) than the one before it, and no part of the total.
    """

    meter_id: str
    month: str
    zone: str
    tariff: str
    tariff_name: str
    tariff_fingerprint: str
    status: Status
    version: int
    energy_kwh: Decimal
    demand_kw: Decimal
    energy_charge: Decimal
    demand_charge: Decimal
    fixed_charge: Decimal
    minimum_top_up: Decimal
    total: Decimal
    total_rounded: Decimal
    lines: tuple[Line, ...]
    intervals: Intervals
    peak_energy_share: Decimal
    peak_bill_share: Decimal
    adjustment: Line | None = None


def rate(tariff: Tariff, month: BillingMonth, days: Mapping[date, DayDeterminants], meter_id: str = "") -> Bill:
    """The bill of a month, from the determinants that its UTC days have for it under this tariff.

    A day that is not in `days` has no readings. `month.zone` is the tariff's.
    """
    ordered = [days[day] for day in sorted(days)]
    runs = [run for day in ordered for run in day.runs]
    peaks = _peaks(tariff, ordered)
    peak = reduce(higher_peak, peaks.values()) if peaks else None
    kw = Fraction(peak.watts, peak.parts * 1000) if peak else Fraction(0)
    energy = charges.energy_charges(tariff, month, runs, kw)
    demand = charges.demand_charges(tariff, month, peaks) + charges.flat_demand_charges(tariff, month, peak)
    fixed = charges.fixed_charges(tariff)
    charged = charges.total([*energy, *demand, *fixed])
    minimum = charges.minimum_charges(tariff, charged)
    total = charged + charges.total(minimum)
    lines = tuple(charge.line for charge in (*energy, *demand, *fixed, *minimum))
    intervals = _count(month, days)
    wh = sum(run.wh for run in runs)
    peak_energy = peak_periods(tariff.energy, tariff.energy_schedule, month.month)
    peak_demand = peak_periods(tariff.demand, tariff.demand_schedule, month.month)
    in_peak = [charge for charge in energy if charge.line.period in peak_energy]
    in_peak += [charge for charge in demand if charge.line.kind == "demand" and charge.line.period in peak_demand]
    return Bill(
        meter_id=meter_id,
        month=str(month),
        zone=tariff.zone,
        tariff=tariff.label,
        tariff_name=tariff.name,
        tariff_fingerprint=tariff.fingerprint,
        status="provisional" if intervals.missing else "final",
        version=1,
        energy_kwh=exact(Fraction(wh, 1000)),
        demand_kw=exact(kw),
        energy_charge=exact(charges.total(energy)),
        demand_charge=exact(charges.total(demand)),
        fixed_charge=exact(charges.total(fixed)),
        minimum_top_up=exact(charges.total(minimum)),
        total=exact(total),
        total_rounded=sum((line.amount_rounded for line in lines), Decimal("0.00")),
        lines=lines,
        intervals=intervals,
        peak_energy_share=charges.share(sum(run.wh for run in runs if run.period in peak_energy), wh),
        peak_bill_share=charges.share(charges.total(in_peak), total),
    )


def bills(
    tariff: Tariff, intervals: Iterable[Interval], estimated: Iterable[Interval] = (), meter_id: str = ""
) -> list[Bill]:
    """The bills of all months in which one of a meter's intervals starts, in order.

    The intervals may come in any order, and a repeated one counts once; `estimated` are as for `day_determinants`.
    """
    read, guessed = _by_day(intervals), _by_day(estimated)
    months: dict[BillingMonth, dict[date, DayDeterminants]] = {}
    for midnight in sorted(read.keys() | guessed.keys()):
        day = day_of(midnight)
        for month in months_of(day, tariff.zone):
            determinants = day_determinants(tariff, month, read.get(midnight, ()), guessed.get(midnight, ()))
            if determinants.runs:
                months.setdefault(month, {})[day] = determinants
    return [rate(tariff, month, days, meter_id) for month, days in months.items()]


def reissue(previous: Bill, now: Bill) -> Bill:
    """The next version of a bill that was final: `now`, with the difference to `previous` as its adjustment.

    It is `previous` itself where the two say the same, if by other rules. A bill that was final stays final.
    """
    same = msgspec.structs.replace(
        now,
        version=previous.version,
        status=previous.status,
        adjustment=previous.adjustment,
        tariff_fingerprint=previous.tariff_fingerprint,
    )
    if same == previous:
        return previous
    owed = now.total_rounded - previous.total_rounded
    adjustment = Line(
        kind="adjustment",
        period=None,
        tier=None,
        quantity=Decimal(1),
        unit="correction",
        unit_rate=owed,
        amount=owed,
        amount_rounded=owed,
        estimated_share=Decimal(0),
        explanation=f"Replaces version {previous.version} of this bill, which was ${previous.total_rounded}",
    )
    return msgspec.structs.replace(now, version=previous.version + 1, status="final", adjustment=adjustment)


def _by_day(intervals: Iterable[Interval]) -> dict[int, list[Interval]]:
    """Intervals by the midnight (s since 1970) of the UTC day that they start in."""
    ordered = sorted(intervals)
    days = {}
    first = 0
    while first < len(ordered):
        midnight = ordered[first].start // DAY_S * DAY_S
        end = bisect_left(ordered, (midnight + DAY_S,), first)
        days[midnight] = ordered[first:end]
        first = end
    return days


def _peaks(tariff: Tariff, days: Iterable[DayDeterminants]) -> dict[int, Peak]:
    """The month's largest demand in each demand period; windows that a UTC midnight cuts are joined."""
    peaks: dict[int, Peak] = {}
    windows: dict[int, list[Peak]] = {}
    for day in days:
        for period, peak in day.peaks.items():
            peaks[period] = higher_peak(peaks.get(period, peak), peak)
        for peak in day.cut:
            windows.setdefault(peak.start, []).append(peak)
    for start, parts in windows.items():
        power = sum((Fraction(part.watts, part.parts) for part in parts), Fraction(0))
        estimated = any(part.estimated for part in parts)
        peak = Peak(power.numerator, power.denominator, start, parts[0].seconds, estimated)
        (period,) = [s.demand for s in period_spans(tariff, start // DAY_S * DAY_S) if s.start <= start < s.end]
        peaks[period] = higher_peak(peaks.get(period, peak), peak)
    return peaks


def _count(month: BillingMonth, days: Mapping[date, DayDeterminants]) -> Intervals:
    """The month's intervals. A day without readings would have had them as long as the first day's, or an hour."""
    usual = days[min(days)].interval_s if days else HOUR_S
    missing = sum(day.missing for day in days.values())
    start, end = month.start, month.end
    for midnight in range(start // DAY_S * DAY_S, end, DAY_S):
        if day_of(midnight) not in days:
            missing += expected_count(max(midnight, start), min(midnight + DAY_S, end), usual)
    read = sum(day.count for day in days.values())
    estimated = sum(day.estimated for day in days.values())
    return Intervals(read + estimated + missing, read, estimated, missing)
