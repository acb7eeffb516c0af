"""The candidate models. A backtest chooses one for each series."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from forecasting.boosting import boosted
from forecasting.first_weeks import first_weeks
from forecasting.gaussian_process import gaussian_process
from forecasting.load import Floats, Load
from forecasting.mstl import mstl
from forecasting.profile import profile
from forecasting.weather_boosting import share_of_trees, weather_boosted

DAY, WEEK = 24, 168

# (load, origins, horizon) -> forecasts, shape (origins, horizon). An origin is the number of known hours of the load;
# origins ascend in whole days, and a forecast uses nothing of the load after its origin.
Forecaster = Callable[[Load, Sequence[int], int], Floats]


class Candidate(NamedTuple):
    """A model. `least`: hours of history it needs. `naive`: a benchmark that repeats the past.

    `weather`: it needs the load's. `most`: hours of history beyond which other models are better.
    """

    name: str
    forecaster: Forecaster
    least: int
    naive: bool = False
    weather: bool = False
    most: int | None = None

    def can_run(self, load: Load, origin: int) -> bool:
        """Whether the load has the history and the weather that the model needs at an origin."""
        if self.most is not None and len(load.values) > self.most:
            return False
        if not self.weather:
            return self.least <= origin
        return load.weather is not None and self.least <= origin - load.weather.start


def repeat(lag: int, load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Seasonal naive: the last `lag` hours repeated."""
    return np.array([np.resize(load.filled[origin - lag : origin], horizon) for origin in origins])


def with_weather(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """The weighted mean of two models of different kinds: it is better than either for nearly every load."""
    assert load.weather is not None
    smooth, trees = gaussian_process(load, origins, horizon), weather_boosted(load, origins, horizon)
    share = share_of_trees(load.weather, origins, horizon)
    return (1 - share) * smooth + share * trees


LAG_DAY = Candidate("lag-24h", partial(repeat, DAY), DAY, naive=True)
LAG_WEEK = Candidate("lag-168h", partial(repeat, WEEK), WEEK, naive=True)

CANDIDATES = (
    LAG_DAY,
    LAG_WEEK,
    Candidate("first-weeks", first_weeks, DAY, most=4 * WEEK),
    Candidate("profile", profile, WEEK),
    Candidate("mstl-theta", mstl, 3 * WEEK),
    Candidate("lightgbm", partial(boosted, False), 5 * WEEK),
    Candidate("lightgbm-change", partial(boosted, True), 5 * WEEK),
    Candidate("weather", with_weather, 5 * WEEK, weather=True),
)
WITH_WEATHER = frozenset(candidate.name for candidate in CANDIDATES if candidate.weather)
