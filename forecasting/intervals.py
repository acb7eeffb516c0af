"""Split-conformal prediction intervals: as wide as the back-test's errors say, hour by hour of the horizon."""

import numpy as np

from forecasting.load import Floats

COVERAGE = 0.8
NEIGHBOURS = 1  # hours to either side whose errors count with an hour's own


def bounds(residuals: Floats, coverage: float = COVERAGE) -> tuple[Floats, Floats]:
    """How far below and above a forecast the interval reaches at each hour of the horizon, both as numbers to add.

    residuals: actual less forecast, shape (origins, horizon), NaN where the actual is not known. Each side is a
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
    """The share of errors within the interval that the other origins' errors make; None with under two origins."""
    if len(residuals) < 2:
        return None
    inside = []
    for origin, errors in enumerate(residuals):
        low, high = bounds(np.delete(residuals, origin, axis=0), coverage)
        known = np.isfinite(errors)
        inside.append(((errors >= low) & (errors <= high))[known])
    hits = np.concatenate(inside)
    return float(hits.mean()) if len(hits) else None
