"""Suspect readings: far outside the range of the previous weeks. They are flagged for review, never dropped."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecasting.intervals import COVERAGE
from forecasting.load import HOUR_S, Floats, Hours, Load

Kind = Literal["high", "zero", "stuck", "silent"]

DAY = 24
MEMORY = 28  # days of history that an hour is compared with
FAR = 6.0  # times as far above the median as the interval's upper bound
ABOVE_ALL = 1.5  # times the highest hour of those days: a home's ordinary hours are erratic, its peaks are not
RARELY_ZERO = 0.01  # share of those hours; a load that is often zero, such as a holiday home, is not suspect
STUCK_READINGS = 4
STUCK_S = 2 * HOUR_S
STUCK_LONGER = 1.5  # times as many readings as any repetition in those days: standby load can be constant for hours
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


def anomalies(load: Load, stuck: Sequence[tuple[int, int]] = ()) -> list[Anomaly]:
    """The suspect hours of a load, in order of time. The first four weeks serve as history only.

    `stuck` are the hours of its stuck readings (see `stuck_readings`), as indexes from the first to before the end.
    """
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
    start = offset + MEMORY * DAY
    repeated = np.zeros(len(now), bool)
    for first, end in stuck:
        repeated[max(0, first - start) : max(0, end - start)] = True
    flags: dict[Kind, np.ndarray] = {
        "high": (now > reach) & (now > ABOVE_ALL * most),
        "zero": (now == 0) & (zeros < RARELY_ZERO),
        "stuck": repeated,
        "silent": _runs(np.isnan(now), SILENT_HOURS),
    }
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


def stuck_readings(readings: Hours) -> list[tuple[int, int]]:
    """From when to when (s) a register repeats a nonzero reading longer than the load does by itself.

    Readings are rows in order of time: start (s), length (s), energy (Wh). Equal ones one after the other are suspect
    if they repeat for long, and are STUCK_LONGER times as many as ever in the four weeks before. The first four weeks
    serve as history only.
    """
    found: list[tuple[int, int]] = []
    natural: list[tuple[int, int]] = []  # start and count of the repetitions that are not suspect
    for start, seconds, count in _repetitions(readings):
        memory = start - MEMORY * DAY * HOUR_S
        longest = max((other for at, other in natural if at >= memory), default=1)
        if memory >= readings[0, 0] and _long(seconds, count) and count >= STUCK_LONGER * longest:
            found.append((start, start + count * seconds))
        else:
            natural.append((start, count))
    return found


def repeats_for_long(readings: Hours) -> bool:
    """Whether any of the readings may be found stuck, once four weeks before them are known."""
    return any(_long(seconds, count) for _, seconds, count in _repetitions(readings))


def _long(seconds: int, count: int) -> bool:
    return count >= STUCK_READINGS and count * seconds >= STUCK_S


def _repetitions(readings: Hours) -> list[tuple[int, int, int]]:
    """Start, length of a reading, and count of the equal nonzero readings one after the other."""
    starts, seconds, wh = readings.T
    next_to = (starts[:-1] + seconds[:-1] == starts[1:]) & (seconds[:-1] == seconds[1:])
    spans = _spans(next_to & (wh[:-1] == wh[1:]) & (wh[1:] != 0))
    return [(int(starts[first]), int(seconds[first]), end + 1 - first) for first, end in spans]


def _runs(flag: np.ndarray, least: int) -> np.ndarray:
    """The flags in runs of at least `least`."""
    kept = np.zeros_like(flag)
    for first, end in _spans(flag):
        kept[first:end] = end - first >= least
    return kept


def _spans(flag: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flag.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
