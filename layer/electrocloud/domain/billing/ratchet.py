"""Billed demand: what was measured or, by a ratchet, a part of an earlier peak or the least demand of the tariff."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from electrocloud.domain.billing import line_text
from electrocloud.domain.billing.demand_windows import Peak, whole_windows
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
    tariff: Tariff,
    cycle_first: date,
    peak: Peak | None,
    peaks: Mapping[int, Peak],
    history: History,
    unit: str = "kW",
) -> BilledDemand:
    """What a tariff bills of a cycle that began on `cycle_first`, with these measured peaks in W, or VA for kVA.

    Of an earlier cycle the peak of the same demand period counts, and for demand at any time its highest.
    """
    any_time = None
    if peak and (tariff.flat_demand or tariff.ratchet):
        any_time = _billed(tariff, cycle_first, None, peak, history, unit)
    by_period = {
        period: _billed(tariff, cycle_first, period, own, history, unit)
        for period, own in (peaks.items() if tariff.demand else ())
    }
    return BilledDemand(any_time, by_period)


def coincident_demand(tariff: Tariff, peaks: Sequence[Peak]) -> dict[int, Demand]:
    """The demand at the system's peaks by coincident period: the mean over those of a period.

    `peaks` has the share of each day; those of one peak are added up.
    """
    if tariff.coincident is None:
        return {}
    by_period: dict[int, list[Peak]] = {}
    for whole in whole_windows(peaks):
        here = datetime.fromtimestamp(whole.start, ZoneInfo(tariff.zone))
        by_period.setdefault(tariff.coincident.schedule[here.month - 1][here.hour], []).append(whole)
    found = {}
    for period, own in by_period.items():
        watts = sum((Fraction(peak.watts, peak.parts) for peak in own), Fraction(0)) / len(own)
        moments = ", ".join(line_text.moment(peak, tariff.zone) for peak in own)
        reason = moments if len(own) == 1 else f"the mean of {moments}"
        found[period] = Demand(watts, any(peak.estimated for peak in own), reason)
    return found


def _billed(tariff: Tariff, cycle_first: date, period: int | None, peak: Peak, history: History, unit: str) -> Demand:
    watts = Fraction(peak.watts, peak.parts)
    demand = Demand(watts, peak.estimated, f"the highest, {line_text.moment(peak, tariff.zone)}")
    ratchet = tariff.ratchet
    if ratchet is None:
        return demand
    for past in history:
        before = months_between(past.cycle_first, cycle_first)
        earlier = past.peak if period is None else past.by_period.get(period)
        if earlier is None or not 1 <= before <= ratchet.lookback or past.cycle_first.month not in ratchet.months:
            continue
        watts = Fraction(ratchet.part) * Fraction(earlier.watts, earlier.parts)
        if watts > demand.watts:
            reason = line_text.ratchet(ratchet.part, earlier, tariff.zone, peak, unit)
            demand = Demand(watts, earlier.estimated, reason)
    least = Fraction(ratchet.least_kw) * 1000
    if least > demand.watts:
        demand = Demand(least, False, line_text.least_demand(ratchet.least_kw, peak, unit))
    return demand


def months_between(earlier: date, later: date) -> int:
    """How many cycles a cycle's first day is before another's."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
