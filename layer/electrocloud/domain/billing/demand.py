"""The largest demand of a bill: in each demand period, and at any time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from electrocloud.domain.billing.demand_windows import Peak, add_peak, highest, whole_windows
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.ratchet import PastDemand
from electrocloud.domain.billing.reactive import apparent_peak
from electrocloud.domain.local_time import DAY_S
from electrocloud.domain.tariffs.tariff import Tariff, period_spans

Peaks = dict[int, Peak]  # by demand period


def peaks_by_segment(plan: PeriodPlan, days: Sequence[Sequence[DayDeterminants]]) -> tuple[list[Peaks], Peak | None]:
    """The peaks that each segment is billed by, and the bill's highest. `days` are each segment's, in order.

    Demand is the bill's: segments whose demand periods are the same times have the same peaks, whichever of them these
    are from. A segment with other periods than the rest has its own days' peaks. They are in VA where the tariff's
    demand is in kVA and reactive power was read, else in W.
    """
    own = [
        largest_peaks(plan.tariff_of_segment(number), own_days) if own_days else {}
        for number, own_days in enumerate(days)
    ]
    every = [peak for peaks in own for peak in peaks.values()]
    if len(own) == 1:
        return own, highest(every)
    tariffs = [segment.tariff for segment in plan.segments]
    shared = [
        _joined(
            peaks
            for other, peaks in zip(tariffs, own, strict=True)
            if other and tariff and other.demand_key == tariff.demand_key
        )
        for tariff in tariffs
    ]
    return shared, highest(every)


def days_by_segment(plan: PeriodPlan, days: Sequence[Mapping[date, DayDeterminants]]) -> list[list[DayDeterminants]]:
    """The determinants of each segment in order, from those of each of the plan's spans."""
    found: list[list[DayDeterminants]] = [[] for _ in plan.segments]
    for span, own in zip(plan.spans, days, strict=True):
        found[span.segment] += [own[day] for day in sorted(own)]
    return found


def past_demand(plan: PeriodPlan, days: Sequence[Mapping[date, DayDeterminants]]) -> PastDemand:
    """What the bills of later cycles may need of this one: its measured peaks, by period those of its last segment."""
    peaks, peak = peaks_by_segment(plan, days_by_segment(plan, days))
    return PastDemand(plan.period.cycle_first, peak, peaks[-1])


def highest_power(days: Sequence[Sequence[DayDeterminants]], plan: PeriodPlan) -> Peak | None:
    """The bill's highest mean power in W, whatever the unit of the tariff's demand."""
    return highest(
        peak
        for number, own in enumerate(days)
        if own
        for peak in largest_peaks(plan.tariff_of_segment(number), own, apparent=False).values()
    )


def largest_peaks(tariff: Tariff, days: Sequence[DayDeterminants], *, apparent: bool | None = None) -> Peaks:
    """The largest demand in each demand period; windows that a UTC midnight cuts are joined.

    In VA where `apparent`; without it as the tariff says.
    """
    if apparent is None:
        apparent = tariff.reactive is not None and tariff.reactive.apparent
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
