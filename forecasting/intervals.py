"""Split-conformal prediction intervals, from the backtest's errors at each hour of the horizon."""

import numpy as np

from forecasting.load import Floats

COVERAGE = 0.8
NEIGHBOURS = 1  # hours on either side whose errors are included


def bounds(residuals: Floats, coverage: float = COVERAGE) -> tuple[Floats, Floats]:
    """The interval's bounds relative to the forecast at each hour of the horizon; low is 0 or less, high 0 or more.

    residuals: actual minus forecast, shape (origins, horizon), NaN if the actual is unknown. Each side is a
    quantile of its own, as a home's errors are one-sided. With n errors the quantile is that of n + 1, which makes the
    coverage hold for the next error if it is exchangeable with them (Vovk et al., 2005; Lei et al., 2018). An hour
    without errors has those of all hours.
    """
    tail = (1 - coverage) / 2
    return np.minimum(quantile(residuals, tail), 0), np.maximum(quantile(residuals, 1 - tail), 0)


def quantile(residuals: Floats, level: float) -> Floats:
    """The quantile of the errors at each hour of the horizon; see `bounds`."""
    horizon = residuals.shape[1]
    padded = np.pad(residuals, ((0, 0), (NEIGHBOURS, NEIGHBOURS)), constant_values=np.nan)
    near = np.concatenate([padded[:, shift : shift + horizon] for shift in range(2 * NEIGHBOURS + 1)])
    return _quantile(near, level, _quantile(residuals.reshape(-1, 1), level, np.zeros(1)))


def quantile_of(errors: Floats, level: float) -> float:
    """The quantile of errors of one kind, NaN where unknown; 0 for none."""
    return float(_quantile(errors.reshape(-1, 1), level, np.zeros(1))[0])


def cross_coverage(residuals: Floats, coverage: float = COVERAGE) -> float | None:
    """The share of errors within the interval made from the other origins; None with fewer than two origins."""
    if len(residuals) < 2:
        return None
    inside = []
    for origin, errors in enumerate(residuals):
        low, high = bounds(np.delete(residuals, origin, axis=0), coverage)
        known = np.isfinite(errors)
        inside.append(((errors >= low) & (errors <= high))[known])
    hits = np.concatenate(inside)
    return float(hits.mean()) if len(hits) else None


def _quantile(columns: Floats, level: float, otherwise: Floats) -> Floats:
    """The quantile of each column's n known values, taken as of n + 1; `otherwise` where there is none."""
    ordered = np.sort(columns, axis=0)
    known = np.isfinite(columns).sum(axis=0)
    last = np.maximum(known, 1) - 1
    at = np.clip(level * (known + 1) - 1, 0, last)
    below = np.floor(at).astype(int)
    above = np.minimum(below + 1, last)
    low, high = (np.take_along_axis(ordered, row[None], axis=0)[0] for row in (below, above))
    return np.where(known > 0, low + (high - low) * (at - below), otherwise)
