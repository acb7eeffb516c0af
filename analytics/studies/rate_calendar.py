"""When which price holds, interval by interval, as numpy has it: made once for all customers who share it."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from electrocloud.domain.billing.demand_windows import Peak
from electrocloud.domain.billing.determinants import Run
from electrocloud.domain.billing.spreading import Crossing
from electrocloud.domain.local_time import DAY_S, HOUR_S, offsets
from electrocloud.domain.tariffs.tariff import Tariff, period_spans

Numbers = NDArray[np.int64]


class Grouping(NamedTuple):
    """Sums of values by group: of `order`, or of the values as they are, each group from one of `edges` to the next."""

    periods: list[int]
    edges: Numbers
    order: Numbers | None

    def sums(self, values: Numbers) -> list[int]:
        """The sum of each group's values."""
        found: list[int] = np.add.reduceat(values if self.order is None else values[self.order], self.edges).tolist()
        return found


class RateCalendar(NamedTuple):
    """The energy and the demand periods of intervals of one length that fill a span, which begins at `start`.

    `demand` has the windows of each demand period, ascending, `window` s long; it is empty where demand has no part in
    the bill. `per_window` intervals make a window. `crossing` is the first interval that is longer than the tariff's
    windows.
    """

    start: int
    energy: Grouping
    demand: list[tuple[int, Numbers]]
    window: int
    per_window: int
    crossing: Crossing | None

    def runs(self, wh: Numbers) -> tuple[Run, ...]:
        """The energy (Wh) of the span's intervals by period; in time order where that matters to a bill."""
        return tuple(
            Run(period, total, False) for period, total in zip(self.energy.periods, self.energy.sums(wh), strict=True)
        )

    def peaks(self, wh: Numbers) -> dict[int, Peak]:
        """The highest mean power of each demand period, the first of equal ones."""
        if not self.demand:
            return {}
        windows = wh if self.per_window == 1 else wh.reshape(-1, self.per_window).sum(axis=1)
        found = {}
        for period, places in self.demand:
            place = int(places[np.argmax(windows[places])])
            watts = int(windows[place]) * (HOUR_S // self.window)
            found[period] = Peak(watts, 1, self.start + place * self.window, self.window, False)
        return found


@lru_cache(maxsize=2_048)
def rate_calendar(tariff: Tariff, start: int, end: int, seconds: int, *, demand: bool) -> RateCalendar | None:
    """The calendar of intervals of `seconds` that fill a span from `start` to before `end` (s since 1970 UTC).

    `demand` says whether demand has a part in the bill. None where the tariff has rules that need more than sums and
    peaks (hourly prices, the system's peaks, reactive power), where an interval spans two prices, and where demand
    windows do not consist of whole intervals.
    """
    if tariff.series or tariff.coincident or tariff.reactive or HOUR_S % seconds or start % seconds or end % seconds:
        return None
    periods = _by_interval(tariff, start, end, seconds)
    if periods is None:
        return None
    energy, of_demand = periods
    longer = tariff.demand_window_s is not None and seconds > tariff.demand_window_s
    if longer and seconds % (tariff.demand_window_s or seconds):
        return None
    window = seconds if longer else tariff.demand_window_s or seconds
    if demand and not _has_whole_windows(tariff, start, end, seconds, window):
        return None
    per_window = window // seconds if demand else 1
    starts = of_demand[::per_window]
    windows = [(int(one), np.flatnonzero(starts == one)) for one in np.unique(starts)] if demand else []
    crossing = Crossing(start, seconds, "demand windows") if longer and tariff.prices_demand else None
    return RateCalendar(start, _grouping(tariff, energy), windows, window, per_window, crossing)


def needs_demand(tariff: Tariff) -> bool:
    """Whether a tariff charges for demand, or is limited to customers by their demand."""
    return tariff.prices_demand or tariff.ratchet is not None or any(tariff.eligibility[:2])


def _by_interval(tariff: Tariff, start: int, end: int, seconds: int) -> tuple[Numbers, Numbers] | None:
    """The energy and the demand period of each interval; None where one spans two."""
    energy = np.empty((end - start) // seconds, np.int64)
    demand = np.empty_like(energy)
    for midnight in range(start // DAY_S * DAY_S, end, DAY_S):
        for span in period_spans(tariff, midnight):
            low, high = max(span.start, start), min(span.end, end)
            if low >= high:
                continue
            if low % seconds or high % seconds:
                return None
            part = slice((low - start) // seconds, (high - start) // seconds)
            energy[part], demand[part] = span.energy, span.demand
    return energy, demand


def _has_whole_windows(tariff: Tariff, start: int, end: int, seconds: int, window: int) -> bool:
    """Whether whole intervals make each demand window, which begin at multiples of their length in local time."""
    if window % seconds or HOUR_S % window or start % window or end % window:
        return False
    days = range(start // DAY_S * DAY_S, end, DAY_S)
    return all(offset.seconds % window == 0 for midnight in days for offset in offsets(midnight, tariff.zone))


def _grouping(tariff: Tariff, periods: Numbers) -> Grouping:
    """By period, or by stretches of one period in time order where energy comes into tiers as it is used."""
    found = np.unique(periods)
    if len(found) > 1 and tariff.allocation == "chronological" and any(tariff.energy[one][1:] for one in found):
        edges = np.concatenate(([0], np.flatnonzero(np.diff(periods)) + 1))
        return Grouping(periods[edges].tolist(), edges, None)
    order = np.argsort(periods, kind="stable")
    edges = np.searchsorted(periods[order], found)
    return Grouping(found.tolist(), edges, order if len(found) > 1 else None)
