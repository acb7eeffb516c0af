"""The candidate models. A backtest chooses one for each series."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from forecasting.boosting import boosted
from forecasting.load import Floats, Load, calendar_of

try:
    from statsforecast import models
except ImportError:  # too large for the Lambda function, which runs without it
    models = None

DAY, WEEK = 24, 168

# (load, origins, horizon) -> forecasts, shape (origins, horizon). An origin is the number of known hours of the load;
# origins ascend in whole days, and a forecast uses nothing of the load after its origin.
Forecaster = Callable[[Load, Sequence[int], int], Floats]


class Candidate(NamedTuple):
    """A model. `least`: hours of history it needs. `naive`: a benchmark that repeats the past.

    `slow`: takes up to a second per origin; the others take a fifth of that.
    """

    name: str
    forecaster: Forecaster
    least: int
    naive: bool = False
    slow: bool = False


def repeat(lag: int, load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Seasonal naive: the last `lag` hours repeated."""
    return np.array([np.resize(load.filled[origin - lag : origin], horizon) for origin in origins])


def profile(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """The median of the last four weeks' hours at the same time of day, on days of the same type.

    Day types are workday, Saturday, and Sunday or public holiday. With under two days of a type, all days are used.
    """
    calendar = calendar_of(load.first, origins[-1] + horizon, load.zone)
    kind = np.where(calendar[:, 3] > 0, 2, np.clip(calendar[:, 1] - 4, 0, 2)) * DAY + calendar[:, 0]
    answers = np.empty((len(origins), horizon))
    for row, origin in enumerate(origins):
        known = slice(max(0, origin - 4 * WEEK), origin)
        values, kinds = load.filled[known], kind[known]
        for column, wanted in enumerate(kind[origin : origin + horizon]):
            alike = values[kinds == wanted]
            answers[row, column] = np.median(alike if len(alike) > 1 else values[kinds % DAY == wanted % DAY])
    return answers


def auto_ets(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Exponential smoothing with a daily season, its form chosen by AICc (statsforecast), on two weeks."""
    return _fitted(partial(models.AutoETS, season_length=DAY), 2 * WEEK, load, origins, horizon)


def mstl(trend: str, load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """MSTL with daily and weekly seasons, the remainder by AutoETS or AutoTheta, on eight weeks."""
    make = {
        "ets": partial(models.AutoETS, model="ZZN"),
        "theta": partial(models.AutoTheta, season_length=1, model="STM"),
    }[trend]
    return _fitted(lambda: models.MSTL([DAY, WEEK], trend_forecaster=make()), 8 * WEEK, load, origins, horizon)


def _fitted(make: Callable[[], Any], hours: int, load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """A statsforecast model, refitted at each origin to the last `hours`."""
    return np.array(
        [make().forecast(load.filled[max(0, origin - hours) : origin], horizon)["mean"] for origin in origins]
    )


LAG_DAY = Candidate("lag-24h", partial(repeat, DAY), DAY, naive=True)
LAG_WEEK = Candidate("lag-168h", partial(repeat, WEEK), WEEK, naive=True)

STATISTICAL = (
    Candidate("auto-ets", auto_ets, WEEK, slow=True),
    Candidate("mstl-ets", partial(mstl, "ets"), 3 * WEEK, slow=True),
    Candidate("mstl-theta", partial(mstl, "theta"), 3 * WEEK, slow=True),
)

CANDIDATES = (
    LAG_DAY,
    LAG_WEEK,
    Candidate("profile", profile, WEEK),
    *(STATISTICAL if models else ()),
    Candidate("lightgbm", partial(boosted, False), 5 * WEEK),
    Candidate("lightgbm-change", partial(boosted, True), 5 * WEEK),
)
