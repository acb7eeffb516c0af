"""Regression on weather and calendar by a Gaussian process for each hour of the day, whose samples are days.

It is smooth in temperature, keeps the history of all seasons, and follows what the last days and weeks were above or
below: at every temperature, and the more the further it is from mild.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from forecasting.load import Floats, Load, calendar_of
from forecasting.weather import Weather, smoothed

DAY, WEEK = 24, 7  # hours, days
MEMORY = 500  # days

# A day's temperatures, by how many hours they are smoothed over, and over how many K the load's response may bend.
_SMOOTHED_H = (0, 3, 12, 100)
_BEND_K = (24.0, 16.5, 29.0, 18.6)
_MIDDLE_C, _SPREAD_K = 15.0, 10.0
_COMING_H, _COMING_K = 3, 5.0  # how the temperature is about to change on the same day tells of clouds and rain

# Shares of the variance of an hour's loads: with them, a year of two systems' loads is likeliest.
_LINE = 0.0034  # in temperature
_CURVE = 3.6  # in temperature
_COMING = 0.0077
_TYPE, _WEEKDAY = 0.28, 0.017
_SEASON, _SEASON_OF_TYPE, _SEASON_DAYS = 0.11, 0.012, 105
_RECENT, _RECENT_DAYS = 0.033, 10.5
_RECENT_LINE, _RECENT_LINE_DAYS = 0.032, 4.0  # in temperature
_NOISE = (0.01, 0.02, 0.04, 0.12, 0.4, 1.2)  # that which makes the history likeliest is taken

_SOME_HOURS = range(2, DAY, 4)
_UNLIKELY = 15.0  # variances of a day given the days before it, in the mean of these hours
_MOST_UNLIKELY = 3  # days of a week
_UNRELIABLE = 1_000.0  # times the noise, of an unlikely day


def gaussian_process(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """Forecasts of a load with weather, from its history and the weather known at each origin.

    A day that those before it make very unlikely, as by an outage or a storm, hardly counts for those after it. A load
    that was never negative is modeled by its square root, since what it is off by grows with it.
    """
    assert load.weather is not None
    start, days = _span(load.weather, origins[-1])
    ahead = -(-horizon // DAY)
    total = (days + ahead) * DAY
    calendar = calendar_of(load.first + start, total, load.zone).reshape(days + ahead, DAY, -1)
    weather = [_inputs(load.weather, start, origin, ahead, days + ahead) for origin in origins]
    rooted = bool(load.filled[start : origins[0]].min() >= 0)
    history = load.filled[start : origins[-1]]
    loads = (np.sqrt(np.maximum(history, 0)) if rooted else history).reshape(days, DAY)
    known = [(origin - start) // DAY for origin in origins]
    noise = _noise(loads, calendar, weather[-1], known[0])
    answers = np.empty((len(origins), ahead, DAY))
    for hour in range(DAY):
        answers[:, :, hour] = _forecast(
            loads[:, hour], known, calendar[:, hour], [one[:, hour] for one in weather], noise
        )
    made = np.maximum(answers, 0) ** 2 if rooted else answers
    return made.reshape(len(origins), -1)[:, :horizon]


def _span(weather: Weather, end: int) -> tuple[int, int]:
    """The first hour of the history that is used, and its days: they end with the load."""
    days = min(MEMORY, (end - weather.start) // DAY)
    return end - days * DAY, days


def _inputs(weather: Weather, start: int, origin: int, ahead: int, days: int) -> Floats:
    """What is known at an origin of each day's hours, shape (days, 24, 5), 0 for days after that.

    The smoothed temperatures, and how much warmer it is _COMING_H later, or at the end of the day.
    """
    temperature = weather.known_at(origin, ahead * DAY)[start - weather.start :]
    found = np.zeros((days, DAY, len(_SMOOTHED_H) + 1))
    known = found[: len(temperature) // DAY]
    for place, hours in enumerate(_SMOOTHED_H):
        known[:, :, place] = smoothed(temperature, hours).reshape(-1, DAY)
    later = np.minimum(np.arange(DAY) + _COMING_H, DAY - 1)
    known[:, :, -1] = known[:, later, 0] - known[:, :, 0]
    return found


def _forecast(
    loads: Floats, known: Sequence[int], calendar: Floats, weather: Sequence[Floats], noise: Floats
) -> Floats:
    """One hour of the day, shape (origins, days ahead). What was known at the last origin holds that of all earlier.

    `noise` is that of each day.
    """
    last = known[-1]
    own = _kernel(calendar[:last], weather[-1][:last], calendar[:last], weather[-1][:last], 0)
    factor = cholesky(own + np.diag(noise), lower=True)
    answers = np.empty((len(known), len(calendar) - last))
    for place, (days, inputs) in enumerate(zip(known, weather, strict=True)):
        coming = slice(days, days + answers.shape[1])
        across = _kernel(calendar[:days], inputs[:days], calendar[coming], inputs[coming], days)
        mean, scale = loads[:days].mean(), loads[:days].std() or 1.0
        root = factor[:days, :days]
        solved = solve_triangular(root, np.column_stack([(loads[:days] - mean) / scale, across]), lower=True)
        answers[place] = solved[:, 0] @ solved[:, 1:] * scale + mean
    return answers


def _noise(loads: Floats, calendar: Floats, weather: Floats, first: int) -> Floats:
    """The noise of each day: that which makes the days until the first origin likeliest, and more on unlikely days."""
    days = len(loads)
    kernels = np.stack(
        [
            _kernel(calendar[:days, hour], weather[:days, hour], calendar[:days, hour], weather[:days, hour], 0)
            for hour in _SOME_HOURS
        ]
    )
    early = loads[:first, _SOME_HOURS]
    normal = (loads[:, _SOME_HOURS] - early.mean(axis=0)) / (early.std(axis=0) + 1e-9 * (1 + np.abs(early).max()))
    likeliest = max(_NOISE, key=lambda noise: _likelihood(kernels[:, :first, :first], normal[:first], noise))
    return np.where(_unlikely(kernels, normal, likeliest), _UNRELIABLE, 1.0) * likeliest


def _likelihood(kernels: Floats, normal: Floats, noise: float) -> float:
    """The logarithm of the likelihood of hours' loads, shape (days, hours), and a constant; outliers count little."""
    total = 0.0
    for own, values in zip(kernels, normal.T, strict=True):
        factor = cholesky(own + noise * np.eye(len(own)), lower=True)
        total -= float(np.minimum(solve_triangular(factor, values, lower=True) ** 2, _UNLIKELY).sum() / 2)
        total -= float(np.log(np.diag(factor)).sum())
    return total


def _unlikely(kernels: Floats, normal: Floats, noise: float) -> NDArray[np.bool_]:
    """Whether each day is unlikely, given those before it: so no later day changes what a day is taken for.

    The factors' inverses grow by a row for each day. Of a week, no more than three days are: more are a new normal.
    """
    hours, days = kernels.shape[:2]
    inverse, off, found = np.zeros_like(kernels), np.zeros((hours, days)), np.zeros(days, bool)
    for day in range(days):
        before = inverse[:, :day, :day]
        row = np.matmul(before, kernels[:, day, :day, None])[..., 0]
        own = kernels[:, day, day] - (row**2).sum(axis=1)
        rest = normal[day] - (row * off[:, :day]).sum(axis=1)
        unlikely = (rest**2 / (own + noise)).mean() > _UNLIKELY
        found[day] = unlikely and found[max(0, day - WEEK) : day].sum() < _MOST_UNLIKELY
        scale = np.sqrt(own + noise * (_UNRELIABLE if found[day] else 1))
        off[:, day] = rest / scale
        inverse[:, day, :day] = -np.matmul(row[:, None], before)[:, 0] / scale[:, None]
        inverse[:, day, day] = 1 / scale
    return found


def _kernel(calendar: Floats, weather: Floats, other_calendar: Floats, other_weather: Floats, later: int) -> Floats:
    """How alike days are, shape (days, others); the others begin `later` days after the first of the days."""
    warm, other_warm = weather[:, :-1], other_weather[:, :-1]
    bend = sum(((warm[:, [place]] - other_warm[:, place]) / width) ** 2 for place, width in enumerate(_BEND_K))
    away, other_away = (warm - _MIDDLE_C) / _SPREAD_K, (other_warm - _MIDDLE_C) / _SPREAD_K
    coming = weather[:, [-1]] * other_weather[:, -1] / _COMING_K**2
    weekday, other_weekday = _weekday(calendar), _weekday(other_calendar)
    alike = (weekday > 4)[:, None] == (other_weekday > 4)
    apart = np.abs(np.arange(len(calendar))[:, None] - np.arange(later, later + len(other_calendar)))
    season = np.exp(-((apart / _SEASON_DAYS) ** 2) / 2)
    found: Floats = (
        _LINE * (1 + away @ other_away.T)
        + _CURVE * np.exp(-bend / 2)
        + _COMING * coming
        + alike * (_TYPE + _SEASON_OF_TYPE * season)
        + _WEEKDAY * (weekday[:, None] == other_weekday)
        + _SEASON * season
        + _RECENT * np.exp(-apart / _RECENT_DAYS)
        + _RECENT_LINE * np.exp(-apart / _RECENT_LINE_DAYS) * away[:, [0]] * other_away[:, 0]
    )
    return found


def _weekday(calendar: Floats) -> Floats:
    """0 is Monday; a public holiday is a Sunday."""
    return np.where(calendar[:, 3] > 0, 6, calendar[:, 1])
