"""Temperature as the models see it: observed until a forecast is made, and as it was forecast then for later hours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class ForecastError(NamedTuple):
    """How far a weather forecast's temperature is off, where none was kept of what was forecast.

    first_k: the error's standard deviation (K) in the first day. last_k: that after seven days; it grows evenly
    between. memory_h: the hours after which an error is correlated with itself by 1/e.
    """

    first_k: float
    last_k: float
    memory_h: float

    def draw(self, clock_hour: int, hours: int) -> Floats:
        """The error (K) of the forecast made at an hour of the clock; the same hour always has the same error."""
        noise = np.random.default_rng([3, clock_hour]).normal(size=hours)
        keep = np.exp(-1 / self.memory_h)
        found = np.empty(hours)
        state = noise[0]
        for lead in range(hours):
            state = keep * state + (1 - keep**2) ** 0.5 * noise[lead] if lead else noise[0]
            found[lead] = state
        days = np.arange(hours) / 24
        return found * (self.first_k + (self.last_k - self.first_k) * np.minimum(days / 7, 1))


NO_ERROR = ForecastError(0.0, 0.0, 1.0)

# First day: the Met Office has 95% of its three-hourly temperatures of the day within 2 K (1.0 K), ForecastWatch 68% of
# the next day's highs in the United States within 3 °F (1.7 K). Growth and memory are assumptions.
STATED_ERROR = ForecastError(first_k=1.5, last_k=3.3, memory_h=18.0)


LONGEST_REPEAT = 48  # hours after the end of a weather forecast, for which its last day is repeated


def continued(forecast: Floats, hours: int) -> Floats | None:
    """So many hours of a weather forecast from its first on, NaN after its end, continued by its last day.

    None if more than LONGEST_REPEAT hours are missing, or any of a forecast that is shorter than a day.
    """
    found = np.append(forecast[:hours], np.full(max(0, hours - len(forecast)), np.nan))
    known = max(np.flatnonzero(np.isfinite(found)), default=-1) + 1
    if known < hours and (known < 24 or hours - known > LONGEST_REPEAT):
        return None
    for hour in range(known, hours):
        found[hour] = found[hour - 24]
    return found


class IssuedForecast(NamedTuple):
    """A weather forecast that was kept: temperatures (°C) by the hour from `hour` on, NaN where there is none.

    hour: the first of the load's clock after it was issued, counted from the load's first.
    """

    hour: int
    temperature: Floats

    def of(self, origin: int, horizon: int) -> Floats | None:
        """The temperatures of the hours from an origin on; None if the forecast lacks one (see `continued`)."""
        if origin < self.hour:
            return None
        since = origin - self.hour
        found = continued(self.temperature, since + horizon)
        return found[since:] if found is not None and np.isfinite(found[since:]).all() else None


class Weather(NamedTuple):
    """Outdoor temperature (°C) at a load, by the hour of its clock from the load's first hour on.

    temperature: without NaN from `start` on: observed until `observed`, and after it as forecast. issued: forecasts of
    the weather that were kept, in the order of their issue. error: that of the forecast at an hour of which none was
    kept: it is what was observed, and this. stations: whose mean it is. newest: when the newest of their forecasts was
    issued (s since 1970 UTC); None where nothing says it. repeated: hours at the end that repeat the day before
    them (see `continued`).
    """

    first: int
    start: int
    observed: int
    temperature: Floats
    issued: Sequence[IssuedForecast] = ()
    error: ForecastError = STATED_ERROR
    stations: tuple[str, ...] = ()
    newest: int | None = None
    repeated: int = 0

    def known_at(self, origin: int, horizon: int) -> Floats:
        """What was known at an hour: `origin` observed temperatures and `horizon` forecast ones; from `start` on."""
        past, coming = self.temperature[self.start : origin], self.temperature[origin : origin + horizon]
        if len(coming) < horizon:
            coming = np.pad(coming, (0, horizon - len(coming)), mode="edge")
        if origin < self.observed:
            kept = (found for one in reversed(self.issued) if (found := one.of(origin, horizon)) is not None)
            coming = next(kept, coming + self.error.draw(self.first + origin, horizon))
        return np.concatenate([past, coming])


def temperature_features(temperature: Floats) -> Floats:
    """Columns for each hour, from its temperature and earlier ones: its own, those before, means, and changes."""
    day, week = before(temperature, 24), before(temperature, 168)
    means = [mean_of_last(temperature, hours) for hours in (6, 24, 72, 168)]
    columns = [
        temperature,
        *(before(temperature, hours) for hours in (1, 2, 3, 6)),
        *means,
        temperature - day,
        temperature - week,
        means[1] - before(means[1], 24),
        means[1] - before(means[1], 168),
    ]
    return np.stack(columns, axis=-1)


def mean_of_last(values: Floats, hours: int) -> Floats:
    """The mean of each hour and those before it, so many in all, or as many as there are."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    begin = np.maximum(end - hours, 0)
    mean: Floats = (total[end] - total[begin]) / (end - begin)
    return mean


def smoothed(values: Floats, hours: float) -> Floats:
    """The exponentially weighted mean of each hour and those before it, whose weights fall by 1/e in so many hours."""
    if not hours:
        return values.copy()
    share = 1 - np.exp(-1 / hours)
    found, level = np.empty(len(values)), values[0]
    for hour, value in enumerate(values.tolist()):
        level += share * (value - level)
        found[hour] = level
    return found


def before(values: Floats, hours: int) -> Floats:
    """The value so many hours before each hour; before there are so many, the first."""
    return values[np.maximum(np.arange(len(values)) - hours, 0)]
