"""Suspect readings: far outside the range of the previous weeks. They are flagged for review, never dropped."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecasting.intervals import COVERAGE
from forecasting.load import Floats, Load

Kind = Literal["high", "zero", "stuck", "silent"]

DAY = 24
MEMORY = 28  # days of history that an hour is compared with
FAR = 6.0  # times as far above the median as the interval's upper bound
ABOVE_ALL = 1.5  # times the highest hour of those days: a home's ordinary hours are erratic, its peaks are not
RARELY_ZERO = 0.01  # share of those hours; a load that is often zero, such as a holiday home, is not suspect
STUCK_HOURS = 4
STUCK_LONGER = 1  # hours longer than any repetition in those days: standby load can be constant for hours
SILENT_HOURS = 24


class Anomaly(NamedTuple):
    """Suspect hours of a load, as indexes from `first` to before `end`, and why.

    high: a register spike, or the end of theft. zero: an outage, or a bypass. stuck: a register that repeats a reading.
    silent: no readings for a day or more. `expected`: the interval of the first hour, low and high.
    """

    first: int
    end: int
    kind: Kind
    expected: tuple[float, float]


def anomalies(load: Load) -> list[Anomaly]:
    """The suspect hours of a load, in order of time. The first four weeks serve as history only."""
    count = len(load.values) // DAY
    if count <= MEMORY:
        return []
    offset = len(load.values) - count * DAY
    values = load.values[offset:]
    before = sliding_window_view(values.reshape(count, DAY), MEMORY, axis=0)[:-1]  # (days judged, 24, MEMORY)
    now = values[MEMORY * DAY :]
    low, middle, high = _quantiles(before)
    most = np.repeat(np.nanmax(np.where(np.isnan(before), -np.inf, before), axis=(1, 2)), DAY)
    zeros = np.repeat(np.mean(before == 0, axis=(1, 2)), DAY)
    reach = middle + FAR * np.maximum(high - middle, 0)
    flags: dict[Kind, np.ndarray] = {
        "high": (now > reach) & (now > ABOVE_ALL * most),
        "zero": (now == 0) & (zeros < RARELY_ZERO),
        "stuck": _stuck(values)[MEMORY * DAY :],
        "silent": _runs(np.isnan(now), SILENT_HOURS),
    }
    start = offset + MEMORY * DAY
    return sorted(
        Anomaly(start + first, start + end, kind, (float(low[first]), float(high[first])))
        for kind, flag in flags.items()
        for first, end in _spans(flag)
    )


def _quantiles(before: Floats) -> list[Floats]:
    """Low bound, median and high bound of the same hours of the days before, each flat; NaN if none is known."""
    ordered = np.sort(before, axis=2)  # NaN last
    known = np.isfinite(before).sum(axis=2)
    tail = (1 - COVERAGE) / 2
    rows = []
    for part in (tail, 0.5, 1 - tail):
        place = np.rint(part * np.maximum(known - 1, 0)).astype(int)
        picked = np.take_along_axis(ordered, place[:, :, None], axis=2)[:, :, 0]
        rows.append(picked.ravel())
    return rows


def _stuck(values: Floats) -> np.ndarray:
    """Hours that repeat a nonzero value for longer than the load did in the days before."""
    equal = (values[1:] == values[:-1]) & (values[1:] != 0)
    runs = [(first, end + 1) for first, end in _spans(equal)]
    stuck = np.zeros(len(values), bool)
    for place, (first, end) in enumerate(runs):
        if first < MEMORY * DAY:
            continue
        natural = (to - at for at, to in runs[:place] if first - at <= MEMORY * DAY and not stuck[at])
        stuck[first:end] = end - first >= max(STUCK_HOURS, max(natural, default=0) + STUCK_LONGER)
    return stuck


def _runs(flag: np.ndarray, least: int) -> np.ndarray:
    """The flags in runs of at least `least`."""
    kept = np.zeros_like(flag)
    for first, end in _spans(flag):
        kept[first:end] = end - first >= least
    return kept


def _spans(flag: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flag.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
