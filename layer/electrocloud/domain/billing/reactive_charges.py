"""The lines of a bill for reactive power: kvar, kvarh, and a power factor below the tariff's."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from electrocloud.domain.billing import line_text
from electrocloud.domain.billing.charges import Charge, LineKind, PricedSegment, plain_line, total
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.reactive import is_metered, largest_reactive, power_factor
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Reactive

KIND: LineKind = "reactive"
_NOTHING = Fraction(0)


def reactive_charges(
    segments: Sequence[PricedSegment], days: Sequence[Sequence[DayDeterminants]], demand: Sequence[Charge]
) -> list[Charge]:
    """What reactive power costs. `days` are each segment's by its number, and `demand` the charges for demand.

    Where a tariff charges for it and no reading has any, one line of $0 says so.
    """
    charged = [(one, rule) for one in segments if (rule := one.tariff.reactive)]
    if not charged:
        return []
    if not is_metered(days):
        rate = Fraction(charged[0][1].rate)
        return [Charge(plain_line(KIND, None, _NOTHING, "kvar", rate, _NOTHING, line_text.NO_REACTIVE), _NOTHING)]
    return [line for one, rule in charged for line in _of_segment(one, rule, days, demand)]


def _of_segment(
    priced: PricedSegment, rule: Reactive, days: Sequence[Sequence[DayDeterminants]], demand: Sequence[Charge]
) -> Iterator[Charge]:
    peak = largest_reactive([day for own in days for day in own])
    if rule.rate and peak:
        kvar, rate = Fraction(peak.watts, peak.parts * 1000), Fraction(rule.rate) * priced.part
        text = f"Reactive power: the highest, {line_text.moment(peak, priced.tariff.zone)}{priced.label}"
        if priced.part < 1:
            weight = priced.segment.days, priced.segment.full_days, priced.tariff.currency
            text += line_text.weight(rule.rate, *weight)
        yield _line(priced, kvar, "kvar", rate, text)
    own = [day.reactive for day in days[priced.number] if day.reactive]
    varh, wh = sum(day.varh for day in own), sum(day.wh for day in own)
    if rule.energy_rate and varh:
        free = Fraction(rule.free_part) * wh
        text = f"Reactive energy{line_text.free_reactive(rule.free_part, varh, wh)}{priced.label}"
        yield _line(priced, max(varh - free, _NOTHING) / 1000, "kvarh", Fraction(rule.energy_rate), text)
    factor = power_factor(wh, varh)
    of_demand = total([charge for charge in demand if charge.line.segment == priced.number])
    if factor and factor < Fraction(rule.least_factor) and of_demand:
        text = f"Power factor {exact(factor):f}, below {rule.least_factor:f}: added to demand charges{priced.label}"
        yield _line(priced, of_demand, "%", Fraction(rule.least_factor) / factor - 1, text)


def _line(priced: PricedSegment, quantity: Fraction, unit: str, rate: Fraction, text: str) -> Charge:
    amount = quantity * rate
    return Charge(plain_line(KIND, priced.number, quantity, unit, rate, amount, text), amount)
