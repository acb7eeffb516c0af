"""The lines of a bill: each is a quantity at a rate, exact, rounded to the cent once, and explained."""

import calendar
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from electrocloud.domain.billing import line_text, tiers
from electrocloud.domain.billing.demand_windows import Peak
from electrocloud.domain.billing.determinants import Run
from electrocloud.domain.billing.plan import Segment
from electrocloud.domain.billing.ratchet import Demand, coincident_demand
from electrocloud.domain.billing.series_energy import SeriesDay, over_cap
from electrocloud.domain.money import cents, exact
from electrocloud.domain.tariffs.tariff import Fee, Quantity, Tariff, Tiers

LineKind = Literal[
    "energy",
    "export",
    "demand",
    "flat demand",
    "coincident",
    "reactive",
    "fixed",
    "minimum",
    "rider",
    "tax",
    "adjustment",
]

_NOTHING, _ONE = Fraction(0), Fraction(1)


class Line(msgspec.Struct, frozen=True):
    """One amount: `quantity` (of `unit`) x `unit_rate` ($) = `amount` ($), exact, and rounded to the cent.

    `period` is the tariff's number of the period, and `tier` counts from 1; None where there is none.
    `estimated_share` is the part of the quantity, 0 to 1, that was estimated and not read. `segment` is the number,
    from 0, of the bill's segment that the line belongs to; None where it is the whole bill's.
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
    segment: int | None = None


class Charge(NamedTuple):
    """A line, and its amount ($) where that has no end as a decimal."""

    line: Line
    amount: Fraction


class PricedSegment(NamedTuple):
    """A segment that has a price: its number in the bill, and what its lines say of its days, such as `, 1-10 Apr`."""

    number: int
    segment: Segment
    tariff: Tariff
    label: str

    @property
    def part(self) -> Fraction:
        """Its days as a part of the full cycle's."""
        return Fraction(self.segment.days, self.segment.full_days)


def energy_charges(priced: PricedSegment, runs: Sequence[Run], kw: Fraction, *, netted: bool = False) -> list[Charge]:
    """What the runs of a segment cost, a line for each period and tier. `kw` is the bill's largest demand.

    `netted` runs are what a month's export left over: they have no order in time, so they come into tiers by shares.
    """
    tariff = priced.tariff
    if tariff.series and not tariff.prices_energy:
        return []
    rule = "" if netted else line_text.tier_rule(tariff, priced.segment)
    what = "Energy net of export" if netted else "Energy"
    return _by_tier(priced, "energy", tariff.energy, runs, kw, what, rule, _ONE, tariff.prices_energy, netted=netted)


def export_charges(
    priced: PricedSegment,
    sell: tuple[Tiers, ...],
    runs: Sequence[Run],
    kw: Fraction,
    sign: int,
    *,
    netted: bool = False,
) -> list[Charge]:
    """What the runs of received energy earn at the `sell` rates, a line for each period and tier: amounts times `sign`.

    The rest is as for `energy_charges`.
    """
    return _by_tier(priced, "export", sell, runs, kw, "Export", "", Fraction(sign), True, netted=netted)


def _by_tier(
    priced: PricedSegment,
    kind: LineKind,
    structure: tuple[Tiers, ...],
    runs: Sequence[Run],
    kw: Fraction,
    what: str,
    rule: str,
    weight: Fraction,
    has_price: bool,
    *,
    netted: bool,
) -> list[Charge]:
    number, segment, tariff, label = priced
    limits = _energy_limits(tariff, segment.days, segment.full_days, kw if tariff.limits_follow_demand else None)
    allot = tiers.prorated if netted or tariff.allocation == "prorated" else tiers.chronological
    names = line_text.energy_names(tariff, segment)
    charges = []
    for (period, tier), (wh, estimated) in sorted(allot(runs, limits).items()):
        steps = structure[period]
        range_text = line_text.tier_range(limits[period], tier, "kWh") if has_price else ", without a price"
        text = f"{what}{names[period]}{range_text}{rule if steps[1:] else ''}{label}"
        if segment.days < segment.full_days and any("daily" not in step.unit for step in steps[:-1]):
            text += line_text.days_of(segment)
        charges.append(_charge(kind, number, period, tier, wh, estimated, steps, weight, text, "kWh"))
    return charges


def series_charges(priced: PricedSegment, days: Sequence[SeriesDay]) -> list[Charge]:
    """What a segment's energy costs at a series' prices, and what a daily cap takes off."""
    series, label = priced.tariff.series, priced.label
    wh = sum(day.wh for day in days)
    if series is None or not wh:
        return []
    kwh, amount = Fraction(wh, 1000), sum((day.cost for day in days), _NOTHING)
    estimated = share(sum(day.estimated_wh for day in days), wh)
    text = f"Energy, {series.name or 'hourly prices'}{label}"
    line = plain_line("energy", priced.number, kwh, "kWh", amount / kwh, amount, text, estimated)
    found = [Charge(line, amount)]
    if excess := over_cap(series, days):
        off = -sum(excess, _NOTHING)
        text = f"Daily cap of {line_text.price(series.daily_cap or Decimal(0), 2, priced.tariff.currency)}{label}"
        count = Fraction(len(excess))
        found.append(Charge(plain_line("energy", priced.number, count, "day", off / count, off, text), off))
    return found


def demand_charges(priced: PricedSegment, demands: Mapping[int, Demand], unit: str = "kW") -> list[Charge]:
    """What the billed demand of each demand period costs, a line for each tier that has a price.

    A period's rate is weighted by the days of the months that have it in their schedule. `unit` is kW or kVA.
    """
    _, segment, tariff, _ = priced
    if not tariff.demand:
        return []
    names = line_text.demand_names(tariff, segment)
    charges = []
    for period, demand in sorted(demands.items()):
        days = sum(days for _, month, days in segment.months() if period in tariff.demand_schedule.periods(month))
        if days:
            what, steps = f"Demand{names[period]}", tariff.demand[period]
            charges += _demand(priced, "demand", period, demand, steps, days, what, unit)
    return charges


def flat_demand_charges(priced: PricedSegment, demand: Demand | None, unit: str = "kW") -> list[Charge]:
    """What the bill's billed demand at any time costs, a line for each tier that has a price.

    The rates of two months are weighted by their days in the segment.
    """
    tariff = priced.tariff
    if not tariff.flat_demand or demand is None:
        return []
    days_of: dict[int, int] = {}
    for _, month, days in priced.segment.months():
        period = tariff.flat_demand_months[month - 1]
        days_of[period] = days_of.get(period, 0) + days
    return [
        charge
        for period, days in days_of.items()
        for charge in _demand(
            priced, "flat demand", period, demand, tariff.flat_demand[period], days, "Demand, any time", unit
        )
    ]


def coincident_charges(priced: PricedSegment, peaks: Sequence[Peak]) -> list[Charge]:
    """What the demand at the system's peaks costs, a line for each tier that has a price."""
    charge = priced.tariff.coincident
    if charge is None:
        return []
    what, days = "Demand at the system's peak", priced.segment.days
    return [
        line
        for period, demand in sorted(coincident_demand(priced.tariff, peaks).items())
        for line in _demand(priced, "coincident", period, demand, charge.tiers[period], days, what)
    ]


@lru_cache(maxsize=1_024)  # many bills have the same segments
def fixed_charges(priced: PricedSegment) -> tuple[Charge, ...]:
    """What the service costs, whatever is used."""
    fee = priced.tariff.fixed
    if not fee.amount:
        return ()
    quantity, unit, rate = times(fee, priced)
    text = f"Service, {line_text.fee(fee, priced.segment, priced.tariff)}{priced.label}"
    amount = quantity * rate
    return (Charge(plain_line("fixed", priced.number, quantity, unit, rate, amount, text), amount),)


def minimum_charges(segments: Sequence[PricedSegment], charged: Fraction) -> list[Charge]:
    """What raises a bill of `charged` ($) to the minimum of all its segments, if it is below."""
    least, texts = _NOTHING, []
    for priced in segments:
        if priced.tariff.minimum.amount:
            amount, text = _minimum(priced)
            least += amount
            texts.append(text)
    missing = least - charged
    if missing <= 0 or not texts:
        return []
    text = f"Minimum-bill charge, {' and '.join(texts)}"
    return [Charge(plain_line("minimum", None, _ONE, "month", missing, missing, text), missing)]


@lru_cache(maxsize=1_024)
def _minimum(priced: PricedSegment) -> tuple[Fraction, str]:
    """The least that a segment costs ($), and how that comes about."""
    fee = priced.tariff.minimum
    quantity, _, rate = times(fee, priced)
    return quantity * rate, line_text.fee(fee, priced.segment, priced.tariff) + priced.label


def times(fee: Fee, priced: PricedSegment) -> tuple[Fraction, str, Fraction]:
    """How often a fee is charged for a segment: quantity, its unit, and $ of one."""
    if fee.unit == "$/month" or priced.tariff.average_month:
        return priced.part, "month", fee.monthly
    if fee.unit == "$/day":
        return Fraction(priced.segment.days), "day", Fraction(fee.amount)
    years = [Fraction(days, 366 if calendar.isleap(year) else 365) for year, _, days in priced.segment.months()]
    return sum(years, _NOTHING), "year", Fraction(fee.amount)


def plain_line(
    kind: LineKind,
    segment: int | None,
    quantity: Fraction,
    unit: str,
    rate: Fraction,
    amount: Fraction,
    text: str,
    estimated: Decimal = Decimal(0),
) -> Line:
    """A line that belongs to no period and no tier."""
    amounts = exact(quantity), unit, exact(rate), exact(amount), cents(amount)
    return Line(kind, None, None, *amounts, estimated, text, segment)


def total(charges: Sequence[Charge]) -> Fraction:
    """The sum of charges, $."""
    if not charges:
        return _NOTHING
    first, *others = (charge.amount for charge in charges)
    return sum(others, first)


def share(part: Quantity | Decimal, whole: Quantity | Decimal) -> Decimal:
    """`part` of `whole`, to four decimals, half to even; 0 of nothing."""
    return Decimal(round(Fraction(part) / Fraction(whole) * 10_000)).scaleb(-4) if part and whole > 0 else Decimal(0)


@lru_cache(maxsize=1_024)
def _energy_limits(tariff: Tariff, days: int, full_days: int, kw: Fraction | None) -> tuple[tiers.Bounds, ...]:
    return tuple(tiers.bounds(period, days, kw or _NOTHING, full_days) for period in tariff.energy)


def _demand(
    priced: PricedSegment,
    kind: LineKind,
    period: int,
    demand: Demand,
    steps: Tiers,
    days: int,
    what: str,
    unit: str = "kW",
) -> list[Charge]:
    limits = tiers.bounds(steps, 1, _NOTHING)
    weight = Fraction(days, priced.segment.full_days)
    charges = []
    for tier, watts in tiers.split(0, demand.watts, limits):
        text = f"{what}{line_text.tier_range(limits, tier, unit)}: {demand.reason}{priced.label}"
        if weight < 1:
            text += line_text.weight(steps[tier].rate, days, priced.segment.full_days, priced.tariff.currency)
        if steps[tier].rate:
            estimated = watts if demand.estimated else 0
            charges.append(_charge(kind, priced.number, period, tier, watts, estimated, steps, weight, text, unit))
    return charges


def _charge(
    kind: LineKind,
    segment: int,
    period: int,
    tier: int,
    quantity: Quantity,
    estimated: Quantity,
    steps: Tiers,
    weight: Fraction,
    text: str,
    unit: str,
) -> Charge:
    """A line of `quantity` Wh, W or VA, of which `estimated` were not read, at `weight` times the tier's rate."""
    rate = steps[tier].rate
    dollars, parts = rate.as_integer_ratio()
    if weight != 1:
        weighted = Fraction(dollars, parts) * weight
        rate, dollars, parts = exact(weighted), weighted.numerator, weighted.denominator
    thousands = Fraction(quantity.numerator, quantity.denominator * 1000)
    amount = Fraction(thousands.numerator * dollars, thousands.denominator * parts)
    line = Line(
        kind=kind,
        period=period,
        tier=tier + 1,
        quantity=exact(thousands),
        unit=unit,
        unit_rate=rate,
        amount=exact(amount),
        amount_rounded=cents(amount),
        estimated_share=share(estimated, quantity),
        explanation=text,
        segment=segment,
    )
    return Charge(line, amount)
