"""Regression on weather and calendar by a Gaussian process for each hour of the day, whose samples are days.

It is smooth in temperature, goes on in a straight line beyond the temperatures that were seen, and follows what the
last days and weeks were above or below; trees do the rest better, and their mean with it is better than either.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from forecasting.load import Floats, Load, calendar_of
from forecasting.weather import Weather, smoothed

DAY = 24
MEMORY = 500  # days

# A day's temperatures, by how many hours they are smoothed over, and over how many K the load's response may bend.
_SMOOTHED_H = (0, 3, 12, 36, 100)
_BEND_K = (12.0, 12.0, 15.0, 15.0, 20.0)
_MIDDLE_C, _SPREAD_K = 15.0, 10.0

# Shares of the variance of an hour's loads.
_LINE = 0.4  # in temperature
_CURVE = 0.4  # in temperature
_CURVE_OF_TYPE = 0.04  # as far as it differs between working days and others
_TYPE, _WEEKDAY = 0.1, 0.04
_SEASON, _SEASON_OF_TYPE, _SEASON_DAYS = 0.06, 0.02, 40
_RECENT, _RECENT_DAYS = 0.03, 3
_NOISE = (0.004, 0.016, 0.06, 0.25, 1.0)  # that which makes the history likeliest is taken


def gaussian_process(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Forecasts of a load with weather, from its history and the weather known at each origin."""
    assert load.weather is not None
    start, days = _span(load.weather, origins[-1])
    ahead = -(-horizon // DAY)
    total = (days + ahead) * DAY
    calendar = calendar_of(load.first + start, total, load.zone).reshape(days + ahead, DAY, -1)
    weather = [_inputs(load.weather, start, origin, ahead, days + ahead) for origin in origins]
    loads = load.filled[start : origins[-1]].reshape(days, DAY)
    known = [(origin - start) // DAY for origin in origins]
    noise = _likeliest(loads[: known[0]], calendar, weather[0])
    answers = np.empty((len(origins), ahead, DAY))
    for hour in range(DAY):
        answers[:, :, hour] = _forecast(
            loads[:, hour], known, calendar[:, hour], [one[:, hour] for one in weather], noise
        )
    return answers.reshape(len(origins), -1)[:, :horizon]


def _span(weather: Weather, end: int) -> tuple[int, int]:
    """The first hour of the history that is used, and its days: they end with the load."""
    days = min(MEMORY, (end - weather.start) // DAY)
    return end - days * DAY, days


def _inputs(weather: Weather, start: int, origin: int, ahead: int, days: int) -> Floats:
    """The temperatures of each day and hour as known at an origin, smoothed, shape (days, 24, 5); then 0."""
    temperature = weather.known_at(origin, ahead * DAY)[start - weather.start :]
    found = np.zeros((days * DAY, len(_SMOOTHED_H)))
    found[: len(temperature)] = np.stack([smoothed(temperature, hours) for hours in _SMOOTHED_H], axis=-1)
    return found.reshape(days, DAY, -1)


def _forecast(loads: Floats, known: Sequence[int], calendar: Floats, weather: Sequence[Floats], noise: float) -> Floats:
    """One hour of the day, shape (origins, days ahead). What was known at the last origin holds that of all earlier."""
    last = known[-1]
    scale = loads.std() or 1.0
    own = _kernel(calendar[:last], weather[-1][:last], calendar[:last], weather[-1][:last], 0)
    factor = cholesky(own + noise * np.eye(last), lower=True)
    answers = np.empty((len(known), len(calendar) - last))
    for place, (days, inputs) in enumerate(zip(known, weather, strict=True)):
        coming = slice(days, days + answers.shape[1])
        across = _kernel(calendar[:days], inputs[:days], calendar[coming], inputs[coming], days)
        mean = loads[:days].mean()
        root = factor[:days, :days]
        explained = solve_triangular(root, (loads[:days] - mean) / scale, lower=True)
        answers[place] = explained @ solve_triangular(root, across, lower=True) * scale + mean
    return answers


def _likeliest(loads: Floats, calendar: Floats, weather: Floats) -> float:
    """The noise that makes the loads of six hours of the day likeliest."""
    days = len(loads)
    total = dict.fromkeys(_NOISE, 0.0)
    for hour in range(2, DAY, 4):
        own = _kernel(calendar[:days, hour], weather[:days, hour], calendar[:days, hour], weather[:days, hour], 0)
        normal = (loads[:, hour] - loads[:, hour].mean()) / (loads[:, hour].std() or 1.0)
        for noise in _NOISE:
            factor = cholesky(own + noise * np.eye(days), lower=True)
            total[noise] -= float((solve_triangular(factor, normal, lower=True) ** 2).sum() / 2)
            total[noise] -= float(np.log(np.diag(factor)).sum())
    return max(total, key=total.__getitem__)


def _kernel(calendar: Floats, weather: Floats, other_calendar: Floats, other_weather: Floats, later: int) -> Floats:
    """How alike days are, shape (days, others); the others begin `later` days after the first of the days."""
    bend = sum(((weather[:, [place]] - other_weather[:, place]) / width) ** 2 for place, width in enumerate(_BEND_K))
    line = 1 + ((weather - _MIDDLE_C) / _SPREAD_K) @ ((other_weather - _MIDDLE_C) / _SPREAD_K).T
    weekday, other_weekday = _weekday(calendar), _weekday(other_calendar)
    alike = (weekday > 4)[:, None] == (other_weekday > 4)
    apart = np.abs(np.arange(len(calendar))[:, None] - np.arange(later, later + len(other_calendar)))
    curve, season = np.exp(-bend / 2), np.exp(-((apart / _SEASON_DAYS) ** 2) / 2)
    found: Floats = (
        _LINE * line
        + _CURVE * curve
        + alike * (_CURVE_OF_TYPE * curve + _TYPE + _SEASON_OF_TYPE * season)
        + _WEEKDAY * (weekday[:, None] == other_weekday)
        + _SEASON * season
        + _RECENT * np.exp(-apart / _RECENT_DAYS)
    )
    return found


def _weekday(calendar: Floats) -> Floats:
    """0 is Monday; a public holiday is a Sunday."""
    return np.where(calendar[:, 3] > 0, 6, calendar[:, 1])
