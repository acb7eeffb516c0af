"""A meter's readings as numpy arrays, from the lake's rows."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import numpy as np

from analytics.lake_readings import LakeRow
from analytics.studies.rate_calendar import Numbers
from electrocloud.domain.local_time import instant_of


class MeterSeries(NamedTuple):
    """The energy delivered by a meter: start (s since 1970 UTC), length (s) and Wh of each reading, in time order.

    `both_ways` says whether energy was received from the customer, too.
    """

    start: Numbers
    seconds: Numbers
    wh: Numbers
    both_ways: bool

    def filling(self, start: int, end: int) -> tuple[int, Numbers] | None:
        """The length and the Wh of the intervals from `start` to before `end`; None unless they are of one length and
        fill the time without a gap."""
        low, high = np.searchsorted(self.start, (start, end)).tolist()
        if low == high or self.start[low] != start:
            return None
        seconds = int(self.seconds[low])
        count = high - low
        if count * seconds != end - start or self.start[high - 1] != end - seconds:
            return None
        starts, lengths = self.start[low:high], self.seconds[low:high]
        if (lengths != seconds).any() or (np.diff(starts) != seconds).any():
            return None
        return seconds, self.wh[low:high]


def meter_series(rows: Iterable[LakeRow]) -> MeterSeries:
    """The series of a meter's rows."""
    lines: list[str] = []
    both_ways = False
    for direction, text in rows:
        if direction == "delivered":
            lines += text.splitlines()
        else:
            both_ways = True
    lines.sort()
    starts, lengths, energies = [], [], []
    for line in lines:
        day, length, count, _, minutes, wh, *_ = line.split("|")
        starts.append(_starts(day, int(length), int(count), minutes))
        lengths.append(int(length))
        energies.append(wh)
    if not lines:
        nothing = np.zeros(0, np.int64)
        return MeterSeries(nothing, nothing, nothing, both_ways)
    wh_of_all = np.fromstring(" ".join(energies), np.int64, sep=" ")
    counts = [len(one) for one in starts]
    start, seconds = np.concatenate(starts), np.repeat(lengths, counts)
    if (np.diff(start) <= 0).any():
        order = np.argsort(start, kind="stable")
        start, seconds, wh_of_all = start[order], seconds[order], wh_of_all[order]
    return MeterSeries(start, seconds, wh_of_all, both_ways)


def _starts(day: str, length: int, count: int, minutes: str) -> Numbers:
    midnight = instant_of(date.fromisoformat(day))
    if " " in minutes:
        return midnight + np.fromstring(minutes, np.int64, sep=" ") * 60
    first = midnight + int(minutes) * 60
    return np.arange(first, first + count * length, length, dtype=np.int64)
