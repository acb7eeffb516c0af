"""Bills: a pure function of a tariff and the determinants of a month's days, with every amount on a line."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Literal, NamedTuple

import msgspec

from electrocloud.domain import wording
from electrocloud.domain.calendar import DAY_S, BillingMonth, instant_of
from electrocloud.domain.determinants import DayDeterminants, Peak, Run, larger
from electrocloud.domain.money import cents, exact
from electrocloud.domain.tariff import Quantity, Tariff, Tier, Tiers, stretches

LineKind = Literal["energy", "demand", "flat demand", "fixed", "minimum", "adjustment"]
Status = Literal["provisional", "final"]

_ZERO = Fraction(0)


class Line(msgspec.Struct, frozen=True):
    """One amount: `quantity` (of `unit`) x `unit_rate` ($) = `amount` ($), exact, and rounded to the cent.

    `period` is the tariff's number of the period, `tier` counts from 1; None where there is none.
    `estimated_share` is the part of the quantity, 0 to 1, that was estimated and not read.
    """

    kind: LineKind
    period: int | None
    tier: int | None
    quantity: Decimal
    unit: str
    unit_rate: Decimal
    amount: Decimal
    amount_rounded: Decimal
    estimated_share: Decimal
    explanation: str


class Intervals(msgspec.Struct, frozen=True):
    """How many intervals a month has, and how many of them were read, were estimated, and are missing."""

    expected: int
    read: int
    estimated: int
    missing: int


class Bill(msgspec.Struct, frozen=True):
    """What one meter owes for one month, in $.

    `total` is exact: energy + demand + fixed charges + the top-up to the minimum. `total_rounded` is what is
    owed: the sum of the lines' rounded amounts. A bill is provisional until every interval was read or
    estimated. The peak shares, 0 to 1, are of the energy and of `total`, in the periods with the month's
    highest first-tier rate. `adjustment` is what this version owes more (or less) than the one before it, and
    no part of the total.
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


class _Priced(NamedTuple):
    line: Line
    amount: Fraction


def rate(
    tariff: Tariff, month: BillingMonth, days: Mapping[date, DayDeterminants], meter_id: str = ""
) -> Bill:
    """The bill of a month, from the determinants that its UTC days have for it under this tariff.

    A day that is not in `days` has no readings. `month.zone` is the tariff's.
    """
    ordered = [days[day] for day in sorted(days)]
    runs = [run for day in ordered for run in day.runs]
    peaks = _peaks(tariff, ordered)
    demand = reduce(larger, peaks.values()) if peaks else None
    energy = _energy_lines(tariff, month, runs, demand)
    demands = [*_demand_lines(tariff, month, peaks), *_flat_demand_lines(tariff, month, demand)]
    fixed = _fixed_lines(tariff)
    charged = _sum(energy) + _sum(demands) + _sum(fixed)
    minimum = _minimum_lines(tariff, charged)
    total = charged + _sum(minimum)
    lines = tuple(priced.line for priced in (*energy, *demands, *fixed, *minimum))
    wh = sum(run.wh for run in runs)
    intervals = _count(month, days)
    peak_periods = wording.dearest(tariff.energy, tariff.energy_schedule, month.month)
    peak_demands = (
        wording.dearest(tariff.demand, tariff.demand_schedule, month.month) if tariff.demand else set()
    )
    in_peak = [p for p in energy if p.line.period in peak_periods]
    in_peak += [p for p in demands if p.line.kind == "demand" and p.line.period in peak_demands]
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
        demand_kw=exact(_kw(demand)),
        energy_charge=exact(_sum(energy)),
        demand_charge=exact(_sum(demands)),
        fixed_charge=exact(_sum(fixed)),
        minimum_top_up=exact(_sum(minimum)),
        total=exact(total),
        total_rounded=sum((line.amount_rounded for line in lines), Decimal("0.00")),
        lines=lines,
        intervals=intervals,
        peak_energy_share=_share(sum(run.wh for run in runs if run.period in peak_periods), wh),
        peak_bill_share=_share(_sum(in_peak), total),
    )


def reissue(previous: Bill, now: Bill) -> Bill:
    """The next version of a bill that was final: `now`, with the difference to `previous` as its adjustment.

    It is `previous` itself where nothing but the version would differ. A bill that was final stays final.
    """
    same = msgspec.structs.replace(
        now, version=previous.version, status=previous.status, adjustment=previous.adjustment
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
        amount=now.total - previous.total,
        amount_rounded=owed,
        estimated_share=Decimal(0),
        explanation=f"Replaces version {previous.version} of this bill, which was ${previous.total_rounded}",
    )
    return msgspec.structs.replace(now, version=previous.version + 1, status="final", adjustment=adjustment)


def _peaks(tariff: Tariff, days: Iterable[DayDeterminants]) -> dict[int, Peak]:
    """The month's largest demand in each demand period; windows that a UTC midnight cuts are joined."""
    peaks: dict[int, Peak] = {}
    windows: dict[int, list[Peak]] = {}
    for day in days:
        for period, peak in day.peaks.items():
            peaks[period] = larger(peaks.get(period, peak), peak)
        for peak in day.cut:
            windows.setdefault(peak.start, []).append(peak)
    for start, parts in windows.items():
        power = sum((Fraction(part.watts, part.parts) for part in parts), _ZERO)
        guessed = any(part.estimated for part in parts)
        peak = Peak(power.numerator, power.denominator, start, parts[0].seconds, guessed)
        (period,) = [s.demand for s in stretches(tariff, start // DAY_S * DAY_S) if s.start <= start < s.end]
        peaks[period] = larger(peaks.get(period, peak), peak)
    return peaks


def _energy_lines(tariff: Tariff, month: BillingMonth, runs: list[Run], demand: Peak | None) -> list[_Priced]:
    bounds = [_bounds(tiers, month.days, _kw(demand)) for tiers in tariff.energy]
    allot = _prorated if tariff.allocation == "prorated" else _chronological
    names = wording.energy_periods(tariff, month.month)
    lines = []
    for (period, tier), (quantity, guessed) in sorted(allot(runs, bounds).items()):
        text = f"Energy, {names[period]}{wording.block(bounds[period], tier, 'kWh')}"
        lines.append(_line("energy", period, tier, quantity, tariff.energy[period], guessed, text))
    return lines


_Allotted = dict[
    tuple[int, int], tuple[Quantity, Quantity]
]  # (period, tier) -> (Wh, Wh of it that are estimated)


def _chronological(runs: list[Run], bounds: list[tuple[Quantity, ...]]) -> _Allotted:
    """One running count in time order: each Wh pays its hour's period, at the tier the count has reached."""
    allotted: _Allotted = {}
    count = 0
    for run in runs:
        for tier, wh in _split(count, count + run.wh, bounds[run.period]):
            before, guessed = allotted.get((run.period, tier), (0, 0))
            allotted[run.period, tier] = before + wh, guessed + wh if run.estimated else guessed
        count += run.wh
    return allotted


def _prorated(runs: list[Run], bounds: list[tuple[Quantity, ...]]) -> _Allotted:
    """Each period has its share of the month's energy in every tier."""
    used: dict[int, int] = {}
    guessed: dict[int, int] = {}
    for run in runs:
        used[run.period] = used.get(run.period, 0) + run.wh
        guessed[run.period] = guessed.get(run.period, 0) + run.wh * run.estimated
    total = sum(used.values())
    return {
        (period, tier): (Fraction(wh * own, total), Fraction(wh * guessed[period], total))
        for period, own in used.items()
        for tier, wh in _split(0, total, bounds[period])
        if own
    }


def _demand_lines(tariff: Tariff, month: BillingMonth, peaks: dict[int, Peak]) -> list[_Priced]:
    if not tariff.demand:
        return []
    names = wording.demand_periods(tariff, month.month)
    return [
        line
        for period, peak in sorted(peaks.items())
        for line in _demand(
            "demand", period, peak, tariff.demand[period], f"Demand, {names[period]}", tariff.zone
        )
    ]


def _flat_demand_lines(tariff: Tariff, month: BillingMonth, peak: Peak | None) -> list[_Priced]:
    if not tariff.flat_demand or peak is None:
        return []
    period = tariff.flat_demand_months[month.month - 1]
    return _demand("flat demand", period, peak, tariff.flat_demand[period], "Demand, any time", tariff.zone)


def _demand(kind: LineKind, period: int, peak: Peak, tiers: Tiers, what: str, zone: str) -> list[_Priced]:
    power = Fraction(peak.watts, peak.parts)
    bounds = _bounds(tiers, 1, _ZERO)
    when = wording.moment(peak, zone)
    return [
        _line(
            kind, period, tier, watts, tiers, watts if peak.estimated else 0,
            f"{what}{wording.block(bounds, tier, 'kW')}: the month's highest, {when}",
        )
        for tier, watts in _split(0, power, bounds)
    ]  # fmt: skip


def _fixed_lines(tariff: Tariff) -> list[_Priced]:
    monthly = tariff.fixed.monthly
    text = f"Service, {wording.charge(tariff.fixed)}"
    return [_monthly("fixed", monthly, text)] if monthly else []


def _minimum_lines(tariff: Tariff, charged: Fraction) -> list[_Priced]:
    missing = tariff.minimum.monthly - charged
    text = f"Brings the bill up to the minimum, {wording.charge(tariff.minimum)}"
    return [_monthly("minimum", missing, text)] if missing > 0 and tariff.minimum.amount else []


def _monthly(kind: LineKind, amount: Fraction, text: str) -> _Priced:
    dollars = exact(amount)
    line = Line(kind, None, None, Decimal(1), "month", dollars, dollars, cents(amount), Decimal(0), text)
    return _Priced(line, amount)


def _line(
    kind: LineKind, period: int, tier: int, quantity: Quantity, tiers: Tiers, guessed: Quantity, text: str
) -> _Priced:
    """A line of `quantity` Wh or W; `guessed` of them are estimated."""
    thousands = Fraction(quantity) / 1000
    price = tiers[tier].rate
    amount = thousands * Fraction(price)
    unit = "kWh" if kind == "energy" else "kW"
    share = _share(guessed, quantity)
    line = Line(
        kind, period, tier + 1, exact(thousands), unit, price, exact(amount), cents(amount), share, text
    )
    return _Priced(line, amount)


def _bounds(tiers: Tiers, days: int, kw: Fraction) -> tuple[Quantity, ...]:
    """Where the tiers end, in Wh (or W): all but the last, which does not."""
    return tuple(_bound(tier, days, kw) for tier in tiers[:-1])


def _bound(tier: Tier, days: int, kw: Fraction) -> Quantity:
    bound = Fraction(tier.limit or 0) * 1000
    if "daily" in tier.unit:
        bound *= days
    if "/kW" in tier.unit:
        bound *= kw
    return bound.numerator if bound.denominator == 1 else bound


def _split(low: Quantity, high: Quantity, bounds: tuple[Quantity, ...]) -> list[tuple[int, Quantity]]:
    """How much of what lies from `low` to `high` is in each tier: (tier, amount), of those that have any."""
    parts: list[tuple[int, Quantity]] = []
    tier = bisect_right(bounds, low)
    while low < high:
        end = min(high, bounds[tier]) if tier < len(bounds) else high
        parts.append((tier, end - low))
        low = end
        tier += 1
    return parts


def _count(month: BillingMonth, days: Mapping[date, DayDeterminants]) -> Intervals:
    """The month's intervals; a day without readings has them as long as the first day's, or an hour."""
    usual = days[min(days)].interval_s if days else 3600
    absent = [day for day in month.utc_days() if day not in days]
    spans = [min(instant_of(day) + DAY_S, month.end) - max(instant_of(day), month.start) for day in absent]
    read = sum(day.count for day in days.values())
    estimated = sum(day.estimated for day in days.values())
    missing = sum(day.missing for day in days.values()) + sum(span // usual for span in spans)
    return Intervals(read + estimated + missing, read, estimated, missing)


def _kw(peak: Peak | None) -> Fraction:
    return Fraction(peak.watts, peak.parts * 1000) if peak else _ZERO


def _sum(lines: list[_Priced]) -> Fraction:
    return sum((line.amount for line in lines), _ZERO)


def _share(part: Quantity, whole: Quantity) -> Decimal:
    return (
        Decimal(round(Fraction(part) / Fraction(whole) * 10_000)).scaleb(-4)
        if whole > 0 and part
        else Decimal(0)
    )
