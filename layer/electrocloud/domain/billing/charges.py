"""The lines of a bill: each is a quantity at a rate, exact, rounded to the cent once, and explained."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from electrocloud.domain.billing import line_text, tiers
from electrocloud.domain.billing.determinants import Peak, Run
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.money import cents, exact
from electrocloud.domain.tariffs.tariff import Quantity, Tariff, Tiers

LineKind = Literal["energy", "demand", "flat demand", "fixed", "minimum", "adjustment"]

_NOTHING = Fraction(0)


class Line(msgspec.Struct, frozen=True):
    """One amount: `quantity` (of `unit`) x `unit_rate` ($) = `amount` ($), exact, and rounded to the cent.

    `period` is the tariff's number of the period, and `tier` counts from 1; None where there is none.
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


class Charge(NamedTuple):
    """A line, and its amount ($) where that has no end as a decimal."""

    line: Line
    amount: Fraction


def energy_charges(tariff: Tariff, month: BillingMonth, runs: Sequence[Run], kw: Fraction) -> list[Charge]:
    """What the runs of a month cost, a line for each period and tier. `kw` is the month's largest demand."""
    limits = _energy_limits(tariff, month.days, kw if tariff.limits_follow_demand else None)
    allot = tiers.prorated if tariff.allocation == "prorated" else tiers.chronological
    names = line_text.energy_periods(tariff, month.month)
    charges = []
    for (period, tier), (wh, estimated) in sorted(allot(runs, limits).items()):
        text = f"Energy{names[period]}{line_text.tier_range(limits[period], tier, 'kWh')}"
        charges.append(_charge("energy", period, tier, wh, estimated, tariff.energy[period], text))
    return charges


def demand_charges(tariff: Tariff, month: BillingMonth, peaks: Mapping[int, Peak]) -> list[Charge]:
    """What the largest demand in each demand period costs, a line for each tier that has a price."""
    if not tariff.demand:
        return []
    names = line_text.demand_periods(tariff, month.month)
    return [
        charge
        for period, peak in sorted(peaks.items())
        for charge in _demand(tariff, "demand", period, peak, tariff.demand[period], f"Demand{names[period]}")
    ]


def flat_demand_charges(tariff: Tariff, month: BillingMonth, peak: Peak | None) -> list[Charge]:
    """What the month's largest demand at any time costs, a line for each tier that has a price."""
    if not tariff.flat_demand or peak is None:
        return []
    period = tariff.flat_demand_months[month.month - 1]
    return _demand(tariff, "flat demand", period, peak, tariff.flat_demand[period], "Demand, any time")


def fixed_charges(tariff: Tariff) -> list[Charge]:
    """What the service costs a month, whatever is used."""
    monthly = tariff.fixed.monthly
    return [_monthly("fixed", monthly, f"Service, {line_text.fee(tariff.fixed)}")] if monthly else []


def minimum_charges(tariff: Tariff, charged: Fraction) -> list[Charge]:
    """What brings a bill of `charged` ($) up to the minimum, if it is below."""
    missing = tariff.minimum.monthly - charged
    if missing <= 0 or not tariff.minimum.amount:
        return []
    return [_monthly("minimum", missing, f"Up to the minimum bill, {line_text.fee(tariff.minimum)}")]


def total(charges: Sequence[Charge]) -> Fraction:
    """The sum of charges, $."""
    return sum((charge.amount for charge in charges), _NOTHING)


def share(part: Quantity | Decimal, whole: Quantity | Decimal) -> Decimal:
    """`part` of `whole`, to four decimals, half to even; 0 of nothing."""
    return Decimal(round(Fraction(part) / Fraction(whole) * 10_000)).scaleb(-4) if part and whole > 0 else Decimal(0)


@lru_cache(maxsize=1_024)
def _energy_limits(tariff: Tariff, days: int, kw: Fraction | None) -> tuple[tiers.Bounds, ...]:
    return tuple(tiers.bounds(period, days, kw or _NOTHING) for period in tariff.energy)


def _demand(tariff: Tariff, kind: LineKind, period: int, peak: Peak, steps: Tiers, what: str) -> list[Charge]:
    limits = tiers.bounds(steps, 1, _NOTHING)
    when = line_text.moment(peak, tariff.zone)
    charges = []
    for tier, watts in tiers.split(0, Fraction(peak.watts, peak.parts), limits):
        text = f"{what}{line_text.tier_range(limits, tier, 'kW')}: the highest, {when}"
        if steps[tier].rate:
            charges.append(_charge(kind, period, tier, watts, watts if peak.estimated else 0, steps, text))
    return charges


def _charge(
    kind: LineKind, period: int, tier: int, quantity: Quantity, estimated: Quantity, steps: Tiers, text: str
) -> Charge:
    """A line of `quantity` Wh or W, of which `estimated` were not read."""
    rate = steps[tier].rate
    dollars, parts = rate.as_integer_ratio()
    thousands = Fraction(quantity.numerator, quantity.denominator * 1000)
    amount = Fraction(thousands.numerator * dollars, thousands.denominator * parts)
    line = Line(
        kind=kind,
        period=period,
        tier=tier + 1,
        quantity=exact(thousands),
        unit="kWh" if kind == "energy" else "kW",
        unit_rate=rate,
        amount=exact(amount),
        amount_rounded=cents(amount),
        estimated_share=share(estimated, quantity),
        explanation=text,
    )
    return Charge(line, amount)


def _monthly(kind: LineKind, amount: Fraction, text: str) -> Charge:
    dollars = exact(amount)
    line = Line(kind, None, None, Decimal(1), "month", dollars, dollars, cents(amount), Decimal(0), text)
    return Charge(line, amount)
