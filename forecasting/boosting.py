"""Gradient-boosted trees on calendar features and past days.

The load is cut into days that end at the origin, at whatever hour that is. An hour's features come from its row of
the calendar and from earlier days alone, so they are known when the day begins; a horizon of several days is forecast
day by day, each from the ones forecast before it.
"""

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np

from forecasting.load import Floats, Load, calendar_of, mean_of_known

DAY = 24
LAGS = (1, 2, 3, 4, 5, 6, 7, 8, 14, 21, 28)  # days
FIRST = 7  # the first day whose features say enough to learn from
MEMORY = 730  # days: two years, so that each season is known
REFIT = 7  # days: one fit serves the origins of a week, as a model in service would

_TREES = 150
_PARAMETERS = {
    "objective": "l1",  # what WAPE and MASE count; a single home's best forecast is near its median, not its mean
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "num_threads": 1,  # two threads that share a busy core wait for each other, ten times longer than they work
    "deterministic": True,
    "force_col_wise": True,
    "seed": 1,
    "verbose": -1,
}


def boosted(change: bool, load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Forecasts by LightGBM of the load itself or, if `change`, of its change from the mean of the last four weeks.

    The change follows a load beyond what it has been before; the load itself is the better target where it is erratic.
    """
    day0 = max(0, origins[-1] // DAY - MEMORY)
    start = origins[-1] % DAY + day0 * DAY
    ahead = -(-horizon // DAY)
    days = load.filled[start : origins[-1]].reshape(-1, DAY)
    known = load.values[start : origins[-1]].reshape(-1, DAY)
    calendar = calendar_of(load.first + start, (len(days) + ahead) * DAY, load.zone).reshape(len(days) + ahead, DAY, -1)
    rows = [(origin - start) // DAY for origin in origins]
    table = features(np.concatenate([days, np.full((1, DAY), np.nan)]), calendar[: len(days) + 1])
    usual = _usual(table) if change else np.zeros((len(table), DAY))
    answers = np.empty((len(origins), ahead, DAY))
    fitted = -REFIT
    for place, row in enumerate(rows):
        if row - fitted >= REFIT:
            model, fitted = fit_trees(table[FIRST:row], (known - usual[:-1])[FIRST:row]), row
        recent = days[max(0, row - max(LAGS)) : row]
        answers[place] = run_trees(model, recent, calendar[: row + ahead], ahead, change=change)
    return answers.reshape(len(origins), -1)[:, :horizon]


def features(days: Floats, calendar: Floats) -> Floats:
    """The features of each hour, shape (days, 24, features), from days before its own and its row of the calendar."""
    back = {lag: _shift(days, lag) for lag in LAGS}
    week = np.stack([back[lag] for lag in range(1, 8)])
    weeks = np.stack([back[lag] for lag in (7, 14, 21, 28)])
    mean = mean_of_known(days, 1, keepdims=True)
    evening = mean_of_known(days[:, -3:], 1, keepdims=True)
    of_day = [
        _shift(level, lag) for level, lag in ((mean, 1), (mean, 2), (mean, 7), (evening, 1), (evening, 2), (evening, 8))
    ]
    of_day += [_shift(days[:, -1:], 1), mean_of_known(np.stack([_shift(mean, lag) for lag in range(1, 8)]), 0)]
    alike = [
        mean_of_known(weeks, 0),
        mean_of_known(week, 0),
        np.sort(week, 0)[3],
        np.fmin.reduce(week, 0),
        np.fmax.reduce(week, 0),
    ]
    columns = alike + list(back.values()) + [np.broadcast_to(level, days.shape) for level in of_day]
    return np.concatenate([np.stack(columns, axis=-1), calendar], axis=-1)


def run_trees(model: lgb.Booster, days: Floats, calendar: Floats, ahead: int, *, change: bool = False) -> Floats:
    """Forecast `ahead` days after `days`; the calendar, or whatever is known of each hour, ends with them."""
    for end in range(len(calendar) - ahead + 1, len(calendar) + 1):
        now = np.concatenate([days, np.full((1, DAY), np.nan)])
        table = features(now, calendar[end - len(now) : end])[-1]
        today = np.asarray(model.predict(table, num_threads=1)) + (_usual(table) if change else 0)
        days = np.concatenate([days, today[None]])
    return days[-ahead:]


def fit_trees(table: Floats, target: Floats) -> lgb.Booster:
    """Trees for the features of days and what was known of their loads, NaN where nothing was."""
    rows, wanted = table.reshape(-1, table.shape[-1]), target.ravel()
    known = np.isfinite(wanted)
    return lgb.train(_PARAMETERS, lgb.Dataset(rows[known], wanted[known]), _TREES)


def _usual(table: Floats) -> Floats:
    """The mean of the same hours of the last four weeks, or the last week's where there are fewer."""
    return table[..., 0]


def _shift(days: Floats, lag: int) -> Floats:
    if lag >= len(days):
        return np.full_like(days, np.nan)
    return np.concatenate([np.full((lag, days.shape[1]), np.nan), days[:-lag]])
