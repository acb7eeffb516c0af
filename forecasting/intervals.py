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
    horizon = residuals.shape[1]
    low, high = np.zeros(horizon), np.zeros(horizon)
    for hour in range(horizon):
        near = residuals[:, max(0, hour - NEIGHBOURS) : hour + NEIGHBOURS + 1]
        known = near[np.isfinite(near)]
        if not len(known):
            known = residuals[np.isfinite(residuals)]
        if len(known):
            reach = min(1.0, (1 - tail) * (len(known) + 1) / len(known))
            low[hour], high[hour] = np.quantile(known, [1 - reach, reach])
    return np.minimum(low, 0), np.maximum(high, 0)


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
