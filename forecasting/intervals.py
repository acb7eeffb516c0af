"""Split-conformal quantiles, from the backtest's errors at each hour of the horizon, and how good they are."""

import numpy as np

from electrocloud.domain.forecast import IntervalQuality
from forecasting.load import Floats

COVERAGE = 0.8
NEIGHBOURS = 1  # hours on either side whose errors are included
LEVELS = np.arange(1, 20) / 20  # of the quantiles that the CRPS is computed from
PINBALL = np.array([0.1, 0.5, 0.9])


def bounds(residuals: Floats) -> tuple[Floats, Floats]:
    """The 80% interval's bounds relative to the forecast at each hour; low is 0 or less, high 0 or more."""
    tail = (1 - COVERAGE) / 2
    low, high = quantiles(residuals, np.array([tail, 1 - tail]))
    return low, high


def quantiles(residuals: Floats, levels: Floats) -> Floats:
    """The quantiles relative to the forecast, shape (levels, horizon); the median is the forecast itself, so 0.

    residuals: actual minus forecast, shape (origins, horizon), NaN if the actual is unknown. Each side is a
    quantile of its own, as a home's errors are one-sided. With n errors the quantile is that of n + 1, which makes the
    coverage hold for the next error if it is exchangeable with them (Vovk et al., 2005; Lei et al., 2018). An hour
    without errors has those of all hours.
    """
    horizon = residuals.shape[1]
    padded = np.pad(residuals, ((0, 0), (NEIGHBOURS, NEIGHBOURS)), constant_values=np.nan)
    near = np.concatenate([padded[:, shift : shift + horizon] for shift in range(2 * NEIGHBOURS + 1)])
    of_all = _quantiles(residuals.reshape(-1, 1), levels, np.zeros((1, 1)))
    found = _quantiles(near, levels, of_all)
    side = np.sign(levels - 0.5).round(9)[:, None]
    return np.where(side < 0, np.minimum(found, 0), np.where(side > 0, np.maximum(found, 0), 0))


def quantile_of(errors: Floats, level: float) -> float:
    """The quantile of errors of one kind, NaN where unknown; 0 for none."""
    return float(_quantiles(errors.reshape(-1, 1), np.array([level]), np.zeros((1, 1)))[0, 0])


def quality(truth: Floats, forecasts: Floats, first_hour: int) -> IntervalQuality | None:
    """How good the quantiles are: each origin is judged by those from the errors of the others.

    first_hour: the hour of the day at which the horizon begins. None with fewer than two origins, and without energy.
    """
    residuals = truth - forecasts
    if len(residuals) < 2:
        return None
    every = np.concatenate([LEVELS, PINBALL])
    made = np.stack([quantiles(np.delete(residuals, origin, axis=0), every) for origin in range(len(residuals))], 1)
    return quality_of(residuals, truth, made, first_hour)


def quality_of(residuals: Floats, truth: Floats, made: Floats, first_hour: int) -> IntervalQuality | None:
    """The quality of quantiles at LEVELS and PINBALL, relative to the forecast, shape (levels, origins, horizon)."""
    known = np.isfinite(residuals)
    size = np.abs(truth[known]).sum()
    if not known.any() or not size:
        return None
    levels = np.concatenate([LEVELS, PINBALL])[:, None]
    off = residuals[known] - made[:, known]
    loss = np.maximum(levels * off, (levels - 1) * off).sum(axis=1) / size
    inside = (made[-3] <= residuals) & (residuals <= made[-1])
    hours = np.broadcast_to((first_hour + np.arange(residuals.shape[1])) % 24, residuals.shape)
    by_hour = (inside[known & (hours == hour)] for hour in range(24))
    return IntervalQuality(
        coverage=float(inside[known].mean()),
        pinball=float(loss[len(LEVELS) :].mean()),
        crps=float(2 * loss[: len(LEVELS)].sum() * (LEVELS[1] - LEVELS[0])),  # the loss at 0 and 1 is nearly none
        coverage_by_hour=tuple(float(hour.mean()) if len(hour) else None for hour in by_hour),
    )


def _quantiles(columns: Floats, levels: Floats, otherwise: Floats) -> Floats:
    """The quantiles of each column's n known values, taken as of n + 1; `otherwise` where there is none."""
    ordered = np.sort(columns, axis=0)
    known = np.isfinite(columns).sum(axis=0)
    last = np.maximum(known, 1) - 1
    at = np.clip(levels[:, None] * (known + 1) - 1, 0, last)
    below = np.floor(at).astype(int)
    above = np.minimum(below + 1, last)
    low, high = (np.take_along_axis(ordered, rows, axis=0) for rows in (below, above))
    return np.where(known > 0, low + (high - low) * (at - below), otherwise)
