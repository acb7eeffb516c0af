"""Regression on weather and calendar, and gradient-boosted trees on what it leaves unexplained."""

from collections.abc import Sequence

import numpy as np

from forecasting.boosting import FIRST, LAGS, REFIT, features, fit_trees, run_trees
from forecasting.load import Floats, Load, calendar_of
from forecasting.regression import DAY, fit_regression
from forecasting.weather import Weather, mean_of_last, temperature_features

MEMORY = 1_100  # days: three years of weather
SHARE = 0.4  # of these models in a mean with the Gaussian process, where the history has many days as warm
ALIKE_K = 2.0  # a day is as warm if its mean temperature is within so much
ENOUGH = 10  # such days, with which the share is half of that


def weather_boosted(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Forecasts of a load with weather: learned from observed temperatures, made by those known at each origin."""
    weather = load.weather
    assert weather is not None
    ahead = -(-horizon // DAY)
    total = min(MEMORY, (origins[-1] - weather.start) // DAY)
    start = origins[-1] - total * DAY
    loads = load.filled[start : origins[-1]].reshape(total, DAY)
    actual = load.values[start : origins[-1]].reshape(total, DAY)
    calendar = calendar_of(load.first + start, (total + ahead) * DAY, load.zone).reshape(total + ahead, DAY, -1)
    answers = np.empty((len(origins), ahead, DAY))
    fitted = -REFIT
    for place, origin in enumerate(origins):
        days = (origin - start) // DAY
        temperature = weather.known_at(origin, ahead * DAY)[start - weather.start :]
        own_calendar = calendar[: days + ahead]
        columns = temperature_features(temperature).reshape(days + ahead, DAY, -1)
        if days - fitted >= REFIT:
            regression = fit_regression(actual[:days], own_calendar[:days], temperature[: days * DAY])
        usual = regression.predict(own_calendar, temperature)
        known = np.concatenate([own_calendar, columns, usual[..., None]], axis=-1)
        rest = loads[:days] - usual[:days]
        if days - fitted >= REFIT:
            table = features(rest, known[:days])
            trees, fitted = fit_trees(table[FIRST:], (actual[:days] - usual[:days])[FIRST:]), days
        answers[place] = usual[days:] + run_trees(trees, rest[-max(LAGS) :], known[-max(LAGS) - ahead :], ahead)
    return answers.reshape(len(origins), -1)[:, :horizon]


def share_of_trees(weather: Weather, origins: Sequence[int], horizon: int) -> Floats:
    """The share of these models in a mean, shape (origins, horizon), by how many days were about as warm until then.

    They extrapolate badly: in the first heat of a history, the Gaussian process is better alone.
    """
    found = np.empty((len(origins), horizon))
    for row, origin in enumerate(origins):
        means = mean_of_last(weather.known_at(origin, horizon), DAY)
        past, coming = np.sort(means[: origin - weather.start]), means[origin - weather.start :]
        hours = np.searchsorted(past, coming + ALIKE_K) - np.searchsorted(past, coming - ALIKE_K)
        found[row] = SHARE * hours / (hours + ENOUGH * DAY)
    return found
