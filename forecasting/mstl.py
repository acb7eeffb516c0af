"""MSTL: a load as seasons of a day and of a week, and a rest, which goes on by the theta method.

STL (Cleveland et al., 1990) separates one season by loess, MSTL (Bandara et al., 2021) several in turn. Loess at evenly
spaced points is linear in their values, so each smoothing is a matrix here, and all origins are one product. The season
goes on as its last cycle, the rest by the standard theta model (Fiorucci et al., 2016).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecasting.load import Floats, Load

SEASONS = ((24, 11), (168, 15))  # hours, and over how many cycles a season is smoothed
MEMORY = 8 * 168  # hours
ROUNDS = 2  # over the seasons; and in each, of season and trend
JUMP = 15  # hours: the trend's loess is evaluated at so many and is a line between, as in R's stl

_ALPHAS = np.concatenate([[0.001, 0.003], np.arange(0.01, 0.1, 0.01), np.arange(0.1, 1.0, 0.05), [0.99]])


def mstl(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Forecasts from each origin by the last eight weeks, or by the whole weeks that there are."""
    lengths = np.minimum(np.asarray(origins), MEMORY)
    answers = np.empty((len(origins), horizon))
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length).tolist()
        known = np.stack([load.filled[origins[row] - length : origins[row]] for row in rows])
        seasons = _seasons(known)
        rest = known - sum(seasons)
        ahead = [np.resize(np.arange(period), horizon) + length - period for period, _ in SEASONS]
        answers[rows] = _theta(rest, horizon) + sum(
            season[:, hours] for season, hours in zip(seasons, ahead, strict=True)
        )
    return answers


def _seasons(known: Floats) -> list[Floats]:
    """The seasons of series in rows."""
    found = [np.zeros_like(known) for _ in SEASONS]
    rest = known
    for _ in range(ROUNDS):
        for place, (period, window) in enumerate(SEASONS):
            rest = rest + found[place]
            found[place] = _season(rest, period, window)
            rest = rest - found[place]
    return found


def _season(values: Floats, period: int, window: int) -> Floats:
    """The seasonal part by STL, without robust weights."""
    count = values.shape[1]
    trend_window = _odd(int(np.ceil(1.5 * period / (1 - 1.5 / window))))
    trend, season = np.zeros_like(values), values
    for _ in range(ROUNDS):
        cycles = _cycle_smoothed(values - trend, period, window)
        level = _moving_mean(_moving_mean(_moving_mean(cycles, period), period), 3)
        season = cycles[:, period : period + count] - _smoothed(level, _odd(period))
        trend = _smoothed(values - season, trend_window)
    return season


def _cycle_smoothed(values: Floats, period: int, window: int) -> Floats:
    """The same hours of each cycle smoothed over the cycles, with a cycle more at both ends."""
    rows, count = values.shape
    cycles = -(-count // period)
    padded = np.pad(values, ((0, 0), (0, cycles * period - count)))
    grid = padded.reshape(rows, cycles, period)
    found = np.empty((rows, cycles + 2, period))
    whole = count - (cycles - 1) * period  # hours of the cycle that the last one has
    for hours, length in ((slice(0, whole), cycles), (slice(whole, period), cycles - 1)):
        if hours.start < hours.stop:
            matrix = _loess(length, window, 0, 1, 1)
            found[:, : length + 2, hours] = np.einsum("ec,rch->reh", matrix, grid[:, :length, hours])
    return found.reshape(rows, -1)[:, : count + 2 * period]


def _smoothed(values: Floats, window: int) -> Floats:
    """Values in rows smoothed by lines, evaluated at every JUMPth and with lines between.

    einsum, because the threads of a matrix product take thirty times its time on a busy machine.
    """
    count = values.shape[1]
    smooth = np.einsum("rn,en->re", values, _loess(count, window, 1, JUMP, 0))
    at, steps = _evaluated(count, JUMP, 0), np.arange(count)
    above = np.clip(np.searchsorted(at, steps), 1, len(at) - 1)
    part = (steps - at[above - 1]) / (at[above] - at[above - 1])
    between: Floats = smooth[:, above - 1] * (1 - part) + smooth[:, above] * part
    return between


def _moving_mean(values: Floats, length: int) -> Floats:
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    mean: Floats = (total[:, length:] - total[:, :-length]) / length
    return mean


@lru_cache(maxsize=64)
def _loess(count: int, window: int, degree: int, jump: int, beyond: int) -> Floats:
    """The matrix that smooths `count` values by loess of a degree (0 or 1); its rows are the points of `_evaluated`."""
    at = _evaluated(count, jump, beyond)
    places = np.arange(count)
    rows = np.empty((len(at), count))
    for row, point in enumerate(at):
        left = int(np.clip(point - window // 2, 0, max(0, count - window)))
        right = min(left + window, count) - 1
        reach = max(point - left, right - point) + max(0, (window - count) // 2)
        far = np.abs(places - point) / max(reach, 1)
        weight = np.where((places >= left) & (places <= right) & (far <= 0.999), (1 - np.minimum(far, 1) ** 3) ** 3, 0)
        weight /= weight.sum()
        if degree:
            center = weight @ places
            spread = weight @ (places - center) ** 2
            if np.sqrt(spread) > 0.001 * (count - 1):
                weight *= 1 + (point - center) / spread * (places - center)
        rows[row] = weight
    return rows


def _evaluated(count: int, jump: int, beyond: int) -> NDArray[np.int64]:
    """Every `jump`th point and the last one, from `beyond` points before the first to as many after the last."""
    return np.unique(np.append(np.arange(-beyond, count + beyond, jump), count + beyond - 1))


def _theta(values: Floats, horizon: int) -> Floats:
    """The standard theta model: exponential smoothing with half of the linear trend as its drift.

    The smoothing factor and the first level are those with the least squared error a step ahead.
    """
    rows, count = values.shape
    steps = np.arange(1, count + 1)
    slope = 6 / (count**2 - 1) * (2 * (values @ steps) / count - (count + 1) * values.mean(axis=1))
    start = values.mean(axis=1) - slope * (count + 1) / 2
    alpha = _ALPHAS[None, :]
    # The level without a first one, and by how much a first level of 1 counts in it: both smooth alike.
    level, share = np.zeros((rows, len(_ALPHAS))), np.ones((1, len(_ALPHAS)))
    wanted_share, shares, wanted_square = np.zeros_like(level), np.zeros_like(share), np.zeros_like(level)
    for step in range(count):
        drift = 0.5 * (share * start[:, None] + (1 - share * (1 - alpha)) / alpha * slope[:, None])
        missing = values[:, step : step + 1] - level - drift
        wanted_share += missing * share
        wanted_square += missing**2
        shares += share**2
        level += alpha * (values[:, step : step + 1] - level)
        share = share * (1 - alpha)
    first = wanted_share / shares
    best = (wanted_square - first * wanted_share).argmin(axis=1)
    row = np.arange(rows)
    kept, factor = share[0, best], _ALPHAS[best]
    last = level[row, best] + kept * first[row, best]
    growth = np.arange(horizon)[None, :] + ((1 - kept * (1 - factor)) / factor)[:, None]
    found: Floats = last[:, None] + 0.5 * ((kept * start)[:, None] + growth * slope[:, None])
    return found


def _odd(number: int) -> int:
    """The least odd number that is not less."""
    return number + 1 - number % 2
