"""Riders and taxes: charges beside the tariff's own, each a line, and taxes after riders."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from electrocloud.domain.billing import line_text
from electrocloud.domain.billing.charges import Charge, PricedSegment, plain_line, share, total
from electrocloud.domain.billing.determinants import Run
from electrocloud.domain.billing.plan import Segment
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.tariffs.tariff import Rider, Tax

_KINDS = {name: (name,) for name in ("energy", "export", "fixed", "minimum", "rider")} | {
    "demand": ("demand", "flat demand", "coincident", "reactive")
}


def rider_charges(
    priced: PricedSegment, runs: Sequence[Run], billed: Sequence[Run], charged: Sequence[Charge]
) -> list[Charge]:
    """A line for each rider that is in force on a day of the segment.

    One of `$/kWh` is for the segment's energy as it is `billed`, one of `$/kWh delivered` for all of its `runs`, one of
    `$/month` for its part of the full cycle, and one of `%` for the segment's lines of `charged`. A rider in force on
    some days, or an amount by month, counts for its days of the segment.
    """
    charges = []
    for rider in priced.tariff.riders:
        rate, days = _mean_rate(rider, priced.segment)
        if not days or not rate:
            continue
        own_runs = billed if rider.unit == "$/kWh" else runs
        estimated = sum(run.wh for run in own_runs if run.estimated)
        energy = sum(run.wh for run in own_runs)
        if rider.unit in ("$/kWh", "$/kWh delivered"):
            quantity, unit = Fraction(energy, 1000), "kWh"
        elif rider.unit == "$/month":
            quantity, unit = priced.part, "month"
        else:
            own = [charge for charge in charged if charge.line.segment in (priced.number, None)]
            quantity, unit, rate = _of(own, rider.of), "%", rate / 100
        text = rider.name + priced.label + _days_of(rider.unit, days, priced.segment)
        part = share(estimated, energy) if unit == "kWh" else share(0, 1)
        amount = quantity * rate
        line = plain_line("rider", priced.number, quantity, unit, rate, amount, text, part)
        charges.append(Charge(line, amount))
    return charges


def tax_charges(segments: Sequence[PricedSegment], charged: Sequence[Charge], terms: ServiceTerms) -> list[Charge]:
    """A line for each tax and segment: on the segment's lines of `charged`, and on the whole bill's with the last.

    A tax applies to the customer classes that it names, except where the terms exempt it. The class of a
    customer whose terms name none is the tariff's sector.
    """
    charges = []
    for priced in segments:
        own = [charge for charge in charged if charge.line.segment == priced.number]
        if priced is segments[-1]:
            own += [charge for charge in charged if charge.line.segment is None]
        for tax in priced.tariff.taxes:
            days = _days_in_force(tax.first, tax.end, priced.segment)
            if not days or not _owes(tax, terms, priced.tariff.sector):
                continue
            base = _of(own, tax.of)
            rate = Fraction(tax.percent) / 100 * Fraction(days, priced.segment.days)
            text = f"{tax.name}, {tax.percent:f}%{priced.label}" + _days_of("%", days, priced.segment)
            amount = base * rate
            charges.append(Charge(plain_line("tax", priced.number, base, "%", rate, amount, text), amount))
    return charges


def _owes(tax: Tax, terms: ServiceTerms, sector: str) -> bool:
    own = (terms.customer_class or sector).lower()
    named = [one.lower() for one in tax.classes]
    return tax.name not in terms.exemptions and (not named or own in named)


def _mean_rate(rider: Rider, segment: Segment) -> tuple[Fraction, int]:
    """The mean of a rider's amount over the days of a segment, 0 on those without it, and the days that have it."""
    if len(rider.amounts) == 1:
        days = _days_in_force(rider.first, rider.end, segment)
        return Fraction(rider.amounts[0]) * Fraction(days, segment.days), days
    parts = [(Fraction(rider.amounts[month - 1]), days) for _, month, days in segment.months()]
    return sum((amount * days for amount, days in parts), Fraction(0)) / segment.days, segment.days


def _days_in_force(first: date | None, end: date | None, segment: Segment) -> int:
    low, high = max(segment.first_day, first or segment.first_day), min(segment.end_day, end or segment.end_day)
    return max(0, (high - low).days)


def _days_of(unit: str, days: int, segment: Segment) -> str:
    if days < segment.days:
        return line_text.days_text(days, segment.full_days if unit == "$/month" else segment.days)
    return line_text.days_of(segment) if unit == "$/month" and segment.days < segment.full_days else ""


def _of(charged: Sequence[Charge], kinds: Sequence[str]) -> Fraction:
    """What the lines of these kinds come to."""
    known = {kind for name in kinds for kind in _KINDS[name]}
    return total([charge for charge in charged if charge.line.kind in known])
