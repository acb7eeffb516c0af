"""Ridge regression of a load on weather and calendar, one for each hour of the day."""

from typing import NamedTuple

import numpy as np

from forecasting.load import Floats
from forecasting.weather import before, mean_of_last

DAY = 24
YEAR = 365.25  # days
HALF_LIFE = 300  # days after which a day counts half
_PENALTY = 3.0  # on standardized coefficients, in days
_KNOTS = (1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6)  # quantiles of the history's temperature at which a line may bend


class Regression(NamedTuple):
    """Coefficients of each hour, with the means and scales of its columns, and where lines bend."""

    knots: tuple[Floats, Floats]
    middle: Floats
    scale: Floats
    level: Floats
    weights: Floats
    days: int

    def predict(self, calendar: Floats, temperature: Floats) -> Floats:
        """The load of days, shape (days, 24), from the first day that it was fitted on."""
        columns = _columns(calendar, temperature, self.knots, self.days)
        found: Floats = self.level + np.einsum("dhc,hc->dh", (columns - self.middle) / self.scale, self.weights)
        return found


def fit_regression(loads: Floats, calendar: Floats, temperature: Floats) -> Regression:
    """Fit to days of loads, shape (days, 24), NaN where not known; temperature by the hour."""
    days = len(loads)
    cuts = np.quantile(temperature, _KNOTS), np.quantile(mean_of_last(temperature, DAY), _KNOTS)
    columns = _columns(calendar, temperature, cuts, days)
    counts = np.where(np.isfinite(loads), 0.5 ** (np.arange(days, 0, -1) / HALF_LIFE)[:, None], 0)
    share = counts / np.maximum(counts.sum(axis=0), 1e-9)
    known = np.where(np.isfinite(loads), loads, 0)
    middle = np.einsum("dh,dhc->hc", share, columns)
    scale = np.sqrt(np.einsum("dh,dhc->hc", share, (columns - middle) ** 2)) + 1e-9
    level = (share * known).sum(axis=0)
    weights = np.empty_like(middle)
    for hour in range(DAY):
        own = (columns[:, hour] - middle[hour]) / scale[hour]
        weighted = own * counts[:, [hour]]
        square = weighted.T @ own + _PENALTY * np.eye(own.shape[1])
        weights[hour] = np.linalg.solve(square, weighted.T @ (known[:, hour] - level[hour]))
    return Regression(cuts, middle, scale, level, weights, days)


def _columns(calendar: Floats, temperature: Floats, knots: tuple[Floats, Floats], fitted: int) -> Floats:
    """Shape (days, 24, columns). Seasons are told apart from weather once there is a year of history."""
    day = mean_of_last(temperature, DAY)
    two = [knots[0][1], knots[0][3]], [knots[1][1], knots[1][3]]
    off = calendar[..., 3] > 0
    weekday = np.eye(7)[calendar[..., 1].astype(int)] * ~off[..., None]
    idle = (calendar[..., [1]] > 4) | off[..., None]
    angle = 2 * np.pi * calendar[..., 2] / YEAR
    waves = [wave(order * angle) for order in range(1, 2 + (fitted > YEAR)) for wave in (np.sin, np.cos)]
    by_hour = [
        _bent(temperature, knots[0]),
        _bent(day, knots[1]),
        _bent(mean_of_last(temperature, 4), two[0]),
        _bent(before(day, DAY), two[1]),
        _bent(before(mean_of_last(temperature, 3 * DAY), 2 * DAY), two[1]),
    ]
    weather = np.concatenate(by_hour, axis=-1).reshape(*off.shape, -1)
    on_idle = _bent(temperature, two[0]).reshape(*off.shape, -1) * idle
    trend = np.broadcast_to(((np.arange(len(off)) - fitted) / YEAR)[:, None, None], (*off.shape, 1))
    calendars = [weekday, off[..., None], calendar[..., 4:6], np.stack(waves, axis=-1)]
    if fitted > YEAR:
        calendars.append(np.stack(waves[:2], axis=-1) * idle)
    return np.concatenate([weather, on_idle, *calendars, trend], axis=-1)


def _bent(values: Floats, at: Floats | list[float]) -> Floats:
    """The values, and how far they are above each of some others."""
    return np.stack([values, *(np.maximum(values - knot, 0) for knot in at)], axis=-1)
