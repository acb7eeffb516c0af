"""The largest demand of a bill: in each demand period, and at any time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing.demand_windows import Peak, add_peak, highest, whole_windows
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.ratchet import PastDemand
from electrocloud.domain.billing.reactive import apparent_peak, is_metered
from electrocloud.domain.local_time import DAY_S
from electrocloud.domain.tariffs.tariff import Tariff, period_spans

Peaks = dict[int, Peak]  # by demand period


class SegmentDemand(NamedTuple):
    """The peaks that a segment is billed by: of each demand period, and the highest; in VA where `apparent`, else W."""

    by_period: Peaks
    highest: Peak | None
    apparent: bool


class BillDemand(NamedTuple):
    """Each segment's demand, and the bill's highest mean power (W)."""

    segments: list[SegmentDemand]
    power: Peak | None


def bill_demand(plan: PeriodPlan, days: Sequence[Sequence[DayDeterminants]]) -> BillDemand:
    """The demand of a bill. `days` are each segment's, in order.

    Demand is the bill's: segments whose demand periods are the same times have the same peaks, whichever of them these
    are from, and the highest is that of all segments. A segment with other periods than the rest has its own days'
    peaks by period. A segment whose tariff's demand is in kVA has its peaks in VA, of the segments that are in kVA. It
    has them in W where no reading of these segments has reactive energy.
    """
    in_va = [segment.tariff is not None and is_apparent(segment.tariff) for segment in plan.segments]
    metered = is_metered([own for own, apparent in zip(days, in_va, strict=True) if apparent])
    watts = _segment_peaks(plan, days, apparent=False)
    found = _shared(plan, watts, apparent=False)
    if metered:
        va = _segment_peaks(plan, [own if is_va else () for own, is_va in zip(days, in_va, strict=True)], apparent=True)
        of_va = _shared(plan, va, apparent=True)
        found = [mine if is_va else other for mine, other, is_va in zip(of_va, found, in_va, strict=True)]
    return BillDemand(found, highest(peak for peaks in watts for peak in peaks.values()))


def _segment_peaks(plan: PeriodPlan, days: Sequence[Sequence[DayDeterminants]], *, apparent: bool) -> list[Peaks]:
    return [
        largest_peaks(plan.tariff_of_segment(number), own, apparent=apparent) if own else {}
        for number, own in enumerate(days)
    ]


def _shared(plan: PeriodPlan, own: list[Peaks], *, apparent: bool) -> list[SegmentDemand]:
    """The demand of each segment, from the peaks of each segment's own days."""
    largest = highest(peak for peaks in own for peak in peaks.values())
    if len(own) == 1:
        return [SegmentDemand(own[0], largest, apparent)]
    tariffs = [segment.tariff for segment in plan.segments]
    shared = [
        _joined(
            peaks
            for other, peaks in zip(tariffs, own, strict=True)
            if other and tariff and other.demand_key == tariff.demand_key
        )
        for tariff in tariffs
    ]
    return [SegmentDemand(peaks, largest, apparent) for peaks in shared]


def days_by_segment(plan: PeriodPlan, days: Sequence[Mapping[date, DayDeterminants]]) -> list[list[DayDeterminants]]:
    """The determinants of each segment in order, from those of each of the plan's spans."""
    found: list[list[DayDeterminants]] = [[] for _ in plan.segments]
    for span, own in zip(plan.spans, days, strict=True):
        found[span.segment] += [own[day] for day in sorted(own)]
    return found


def past_demand(plan: PeriodPlan, days: Sequence[Mapping[date, DayDeterminants]]) -> PastDemand:
    """What the bills of later cycles may need of this one: the measured peaks of its last segment."""
    last = bill_demand(plan, days_by_segment(plan, days)).segments[-1]
    return PastDemand(plan.period.cycle_first, last.highest, last.by_period)


def is_apparent(tariff: Tariff) -> bool:
    """Whether a tariff's demand is in kVA."""
    return tariff.reactive is not None and tariff.reactive.apparent


def largest_peaks(tariff: Tariff, days: Sequence[DayDeterminants], *, apparent: bool) -> Peaks:
    """The largest demand in each demand period, in VA where `apparent`; windows that a UTC midnight cuts are joined."""
    peaks = _joined(day.reactive.apparent if apparent and day.reactive else day.peaks for day in days)
    cut = whole_windows(share for day in days for share in day.cut)
    of_reactive = [day.reactive for day in days if day.reactive] if apparent and cut else []
    reactive = {peak.start: peak for peak in whole_windows(share for day in of_reactive for share in day.cut)}
    for peak in cut:
        start = peak.start
        if start in reactive:
            peak = apparent_peak(peak, Fraction(reactive[start].watts, reactive[start].parts))
        (period,) = [s.demand for s in period_spans(tariff, start // DAY_S * DAY_S) if s.start <= start < s.end]
        add_peak(peaks, period, peak)
    return peaks


def _joined(several: Iterable[Mapping[int, Peak]]) -> Peaks:
    joined: Peaks = {}
    for peaks in several:
        for period, peak in peaks.items():
            add_peak(joined, period, peak)
    return joined
