"""Billed demand: what was measured or, by a ratchet, a part of an earlier peak or the least demand of the tariff."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing import line_text
from electrocloud.domain.billing.determinants import Peak
from electrocloud.domain.tariffs.tariff import Quantity, Tariff


class Demand(NamedTuple):
    """Demand as it is billed: W, whether it rests on estimates, and its reason as the bill says it."""

    watts: Quantity
    estimated: bool
    reason: str


class PastDemand(NamedTuple):
    """The measured peaks of an earlier billing cycle from `cycle_first` on: its highest, and by demand period."""

    cycle_first: date
    peak: Peak | None
    by_period: Mapping[int, Peak]


History = Sequence[PastDemand]


class BilledDemand(NamedTuple):
    """A segment's demand at any time (None: it has no part in the charges), and by demand period."""

    any_time: Demand | None
    by_period: Mapping[int, Demand]


def billed_demand(
    tariff: Tariff, cycle_first: date, peak: Peak | None, peaks: Mapping[int, Peak], history: History
) -> BilledDemand:
    """What a tariff bills of a cycle that began on `cycle_first`, with these measured peaks.

    Of an earlier cycle the peak of the same demand period counts, and for demand at any time its highest.
    """
    any_time = None
    if peak and (tariff.flat_demand or tariff.ratchet):
        any_time = _billed(tariff, cycle_first, peak, history, lambda past: past.peak)
    by_period = {
        period: _billed(tariff, cycle_first, own, history, lambda past, period=period: past.by_period.get(period))
        for period, own in (peaks.items() if tariff.demand else ())
    }
    return BilledDemand(any_time, by_period)


def _billed(
    tariff: Tariff, cycle_first: date, peak: Peak, history: History, peak_of: Callable[[PastDemand], Peak | None]
) -> Demand:
    watts = Fraction(peak.watts, peak.parts)
    demand = Demand(watts, peak.estimated, f"the highest, {line_text.moment(peak, tariff.zone)}")
    ratchet = tariff.ratchet
    if ratchet is None:
        return demand
    for past in history:
        before = _months(past.cycle_first, cycle_first)
        earlier = peak_of(past)
        if earlier is None or not 1 <= before <= ratchet.lookback or past.cycle_first.month not in ratchet.months:
            continue
        watts = Fraction(ratchet.part) * Fraction(earlier.watts, earlier.parts)
        if watts > demand.watts:
            reason = line_text.ratchet(ratchet.part, earlier, tariff.zone, peak)
            demand = Demand(watts, earlier.estimated, reason)
    least = Fraction(ratchet.least_kw) * 1000
    if least > demand.watts:
        demand = Demand(least, False, line_text.least_demand(ratchet.least_kw, peak))
    return demand


def _months(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month
