"""The candidate models. A backtest chooses one for each series."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from forecasting.boosting import boosted
from forecasting.load import Floats, Load, calendar_of

try:
    from statsforecast import models
except ImportError:  # too large for the Lambda function, which runs without it
    models = None

DAY, WEEK = 24, 168

# Loess at every so many hours and lines between, as R's stl has it: a sixth of the time for the same forecasts.
_LOESS_STEPS = {"seasonal_jump": 2, "trend_jump": 15, "low_pass_jump": 15}

# (load, origins, horizon) -> forecasts, shape (origins, horizon). An origin is the number of known hours of the load;
# origins ascend in whole days, and a forecast uses nothing of the load after its origin.
Forecaster = Callable[[Load, Sequence[int], int], Floats]


class Candidate(NamedTuple):
    """A model. `least`: hours of history it needs. `naive`: a benchmark that repeats the past.

    `slow`: takes up to a fifth of a second per origin; the others take a tenth of that.
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
        coming = kind[origin : origin + horizon]
        for wanted in np.unique(coming):
            alike = values[kinds == wanted]
            median = np.median(alike if len(alike) > 1 else values[kinds % DAY == wanted % DAY])
            answers[row, coming == wanted] = median
    return answers


def auto_ets(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Exponential smoothing with a daily season, on two weeks (statsforecast).

    Its form is chosen by AICc and fitted once per week of origins; at those between it is run over the newest hours.
    """
    answers = np.empty((len(origins), horizon))
    fitted = -WEEK
    for row, origin in enumerate(origins):
        known = load.filled[max(0, origin - 2 * WEEK) : origin]
        if origin - fitted >= WEEK:
            model, fitted = models.AutoETS(season_length=DAY).fit(known), origin
            answers[row] = model.predict(horizon)["mean"]
        else:
            answers[row] = model.forward(known, horizon)["mean"]
    return answers


def mstl(trend: str, load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """MSTL with daily and weekly seasons, the remainder by AutoETS or AutoTheta, refitted at each origin to 8 weeks."""
    make = {
        "ets": partial(models.AutoETS, model="ZZN"),
        "theta": partial(models.AutoTheta, season_length=1, model="STM"),
    }[trend]
    return np.array(
        [
            models.MSTL([DAY, WEEK], trend_forecaster=make(), stl_kwargs=_LOESS_STEPS).forecast(
                load.filled[max(0, origin - 8 * WEEK) : origin], horizon
            )["mean"]
            for origin in origins
        ]
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
