"""What each reading costs of a bill's energy charge."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.demand_windows import starting_in
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.local_time import DAY_S
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import period_spans

_Place = tuple[int | None, int]  # number of the segment, and energy period


def interval_costs(bill: Bill, plan: PeriodPlan, meter_id: str, readings: Sequence[Interval]) -> dict[int, Fraction]:
    """The energy charge ($) of each reading of energy delivered, by its start; they sum to the bill's energy lines.

    `plan` is the bill's, and `readings` are the meter's in time order. In a period's tiers energy counts in order of
    time or, where the tariff shares tiers out, at the mean of its tiers. No reading has a cost where the lines
    are of other energy than these readings (estimated, net of export, of another meter, shared by time) or have no
    period (hourly prices).
    """
    energy = [line for line in bill.lines if line.kind == "energy"]
    if bill.tariff_fingerprint != plan.fingerprint or any(line.period is None for line in energy):
        return {}
    lines: dict[_Place, list[Line]] = {}
    for line in energy:
        lines.setdefault((line.segment, line.period or 0), []).append(line)
    placed: dict[_Place, list[Interval]] = {}
    for place, reading in _by_period(plan, meter_id, readings):
        placed.setdefault(place, []).append(reading)
    billed = {place: round(sum(line.quantity for line in own) * 1000) for place, own in lines.items()}
    read = {place: sum(one.wh for one in own) for place, own in placed.items()}
    if {place: wh for place, wh in read.items() if wh} != {place: wh for place, wh in billed.items() if wh}:
        return {}
    found: dict[int, Fraction] = {}
    for place, own in placed.items():
        prices = _by_tier(lines.get(place, ()))
        if place[0] is not None and plan.tariff_of_segment(place[0]).allocation == "prorated":
            prices = [(sum((wh for wh, _ in prices), Fraction(0)), sum((cost for _, cost in prices), Fraction(0)))]
        found.update(_in_order(own, prices))
    return found


def _by_period(plan: PeriodPlan, meter_id: str, readings: Sequence[Interval]) -> Iterator[tuple[_Place, Interval]]:
    for span in plan.spans:
        if span.meter_id != meter_id:
            continue
        tariff = plan.tariff_of(span)
        for midnight in range(span.start // DAY_S * DAY_S, span.end, DAY_S):
            for period_span in period_spans(tariff, midnight):
                first, end = max(span.start, period_span.start), min(span.end, period_span.end)
                for reading in starting_in(period_span._replace(start=first, end=end), readings):
                    yield (span.segment, period_span.energy), reading


def _by_tier(lines: Sequence[Line]) -> list[tuple[Fraction, Fraction]]:
    """The energy (Wh) and cost ($) of a period's tiers, the first tier first."""
    own = sorted(lines, key=lambda line: line.tier or 0)
    return [(Fraction(line.quantity) * 1000, Fraction(line.amount)) for line in own if line.quantity]


def _in_order(readings: Sequence[Interval], prices: list[tuple[Fraction, Fraction]]) -> Iterator[tuple[int, Fraction]]:
    """The cost of each reading, where the energy of `prices` is used up in their order."""
    tier, used = 0, Fraction(0)
    for reading in readings:
        left, cost = Fraction(reading.wh), Fraction(0)
        while left:
            energy, amount = prices[tier]
            last = tier == len(prices) - 1
            part = left if last else min(left, energy - used)
            cost += amount * part / energy
            left, used = left - part, used + part
            if used == energy and not last:
                tier, used = tier + 1, Fraction(0)
        yield reading.start, cost
