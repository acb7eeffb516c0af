"""The weather of a load, from the temperatures of one station or several."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.weather import OBSERVED, Temperature
from forecasting.ahead import LONGEST_HORIZON
from forecasting.load import HOUR_S, Floats, Load, calendar_of, mean_of_known, wall_clock
from forecasting.weather import STATED_ERROR, ForecastError, IssuedForecast, Weather, continued, mean_of_last

LONGEST_GAP = 24  # hours without a temperature that are filled in from those on either side
LEAST = 5 * 168  # hours of load with weather that a model needs
DAY = 24
JUDGING = 370 * DAY  # hours by which stations are chosen, at most
MOST_STATIONS = 16  # in a mean
JUDGED = 35 * DAY  # hours at a load's end in which a backtest's forecasts are made


class MissingWeatherError(UsageError):
    """Temperatures that a forecast needs are missing: which, and what the owner of a file can do."""

    def __init__(self, missing: str, advice: str = "") -> None:
        super().__init__("; ".join(filter(None, (missing, advice))))
        self.missing = missing


def weather_at(
    load: Load,
    temperatures: Sequence[Temperature],
    horizon: int,
    error: ForecastError = STATED_ERROR,
    judged: int = JUDGED,
) -> Weather:
    """The weather at a load and for `horizon` hours after it, from the stations that explain the load best.

    Temperatures of the hours after the load are the newest forecast, or what was observed there; without a time of
    issue, they are taken for a forecast. Stations are chosen without the load's last `judged` hours.
    `MissingWeatherError` if the temperatures do not cover the hours that a forecast needs.
    """
    hours = len(load.values) + horizon
    stations = sorted({one.station_id for one in temperatures})
    place = {station: row for row, station in enumerate(stations)}
    clock = _clock(temperatures, load)
    observed = np.full((len(stations), hours), np.nan)
    newest = np.full((len(stations), hours), np.nan)
    runs: dict[int, list[tuple[int, int, float]]] = {}
    for one in temperatures:  # in the order of their issue: a later forecast replaces an earlier one
        hour = clock[one.time]
        if one.issued != OBSERVED:
            runs.setdefault(one.issued, []).append((place[one.station_id], hour, one.celsius))
        if 0 <= hour < hours:
            (observed if one.issued == OBSERVED else newest)[place[one.station_id], hour] = one.celsius
    merged = np.where(np.isfinite(observed), observed, newest)
    if not np.isfinite(merged).any():
        raise MissingWeatherError("no temperature is of the hours of the load", "check the years and the zone")
    chosen = _chosen(load, merged, judged)
    own = [when for when, rows in runs.items() if any(row in chosen for row, _, _ in rows)]
    begin = min(len(load.values), max(0, clock[max(own)])) if own else len(load.values)
    temperature, start, repeated = _filled(mean_of_known(merged[chosen], 0), load, begin)
    issued = tuple(_issued(when, clock, rows, chosen, horizon) for when, rows in sorted(runs.items()))
    names = tuple(stations[row] for row in dict.fromkeys(chosen))
    return Weather(
        load.first, start, len(load.values), temperature, issued, error, names, max(own, default=None), repeated
    )


def _clock(temperatures: Sequence[Temperature], load: Load) -> Mapping[int, int]:
    """The hour of the load of each time and time of issue, counted from its first."""
    times = np.array(sorted({one.time for one in temperatures} | {one.issued for one in temperatures}), np.int64)
    hours = -(-wall_clock(times, load.zone or "UTC") // HOUR_S) - load.first
    return dict(zip(times.tolist(), hours.tolist(), strict=True))


def _issued(
    when: int, clock: Mapping[int, int], rows: Sequence[tuple[int, int, float]], chosen: Sequence[int], horizon: int
) -> IssuedForecast:
    first = clock[when]
    # A backtest forecasts LONGEST_HORIZON hours, whatever the horizon of the forecast after it.
    values = np.full((max(chosen) + 1, max(horizon, LONGEST_HORIZON) + 24), np.nan)
    for station, hour, celsius in rows:
        if station in chosen and 0 <= hour - first < values.shape[1]:
            values[station, hour - first] = celsius
    return IssuedForecast(first, mean_of_known(values[list(chosen)], 0))


def _filled(temperature: Floats, load: Load, begin: int) -> tuple[Floats, int, int]:
    """Without gaps; from which hour on, the first with a temperature after the last long gap; and hours repeated.

    begin: the first hour of the newest weather forecast.
    """
    known = np.flatnonzero(np.isfinite(temperature))
    breaks = np.flatnonzero(np.diff(known) > LONGEST_GAP)
    start = int(known[breaks[-1] + 1] if len(breaks) else known[0])
    filled = np.interp(np.arange(len(temperature)), known, temperature[known])
    if lacking := len(temperature) - 1 - int(known[-1]):
        left = len(temperature) - len(load.values) - lacking
        ahead = continued(filled[begin:-lacking], len(temperature) - begin) if left > 0 else None
        if ahead is None:
            asked = f"no more than {left} hours" if left > 0 else "none"
            raise MissingWeatherError(
                f"the temperatures end {lacking} hours before the forecast does",
                f"add the weather forecast of these hours, or ask for {asked}",
            )
        filled[begin:] = ahead
    if len(load.values) - start < LEAST:
        raise MissingWeatherError(
            f"there are {max(0, len(load.values) - start)} hours of load with temperatures and no gap of over a day; "
            f"a model with weather needs {LEAST}"
        )
    return filled, start, lacking


def _chosen(load: Load, temperature: Floats, judged: int) -> list[int]:
    """The stations whose mean explains the load best, in weeks left out of the fit; some of them more than once.

    The mean grows by the station that helps it most, and is taken where it was best (Caruana et al., 2004). That beats
    the mean of those that are best alone, since stations next to each other say the same.
    """
    coverage = np.isfinite(temperature).mean(axis=1)
    covered = np.flatnonzero(coverage > 0.9 * coverage.max()).tolist()
    until = len(load.values) - judged
    if len(covered) == 1 or until < LEAST:
        return list(covered)
    begin = max(0, until // DAY * DAY - JUDGING)
    known = {row: np.interp(np.arange(begin, until), *_points(temperature[row, :until])) for row in covered}
    misfit = _misfit_of(load.values[begin:until], calendar_of(load.first + begin, until - begin, load.zone))
    chosen: list[int] = []
    total, found = np.zeros(until - begin), []
    while len(chosen) < MOST_STATIONS:
        errors = {row: misfit((total + own) / (len(chosen) + 1)) for row, own in known.items()}
        chosen.append(min(errors, key=errors.__getitem__))
        total += known[chosen[-1]]
        found.append(errors[chosen[-1]])
    return chosen[: int(np.argmin(found)) + 1]


def _misfit_of(values: Floats, calendar: Floats) -> Callable[[Floats], float]:
    """The mean absolute error of a regression on a temperature, in every second week, fitted to the others.

    For each hour of the day, it is cubic in the temperature and in its means of 4 hours, one and three days.
    """
    days = len(values) // DAY
    loads = values[: days * DAY].reshape(days, DAY)
    known = np.isfinite(loads)
    loads = np.where(known, loads, 0)
    idle = (calendar[:, 1] > 4) | (calendar[:, 3] > 0)
    angle = 2 * np.pi * calendar[:, 2] / 365.25
    always = [np.ones(len(values)), idle, np.sin(angle), np.cos(angle)]
    even = known & (np.arange(days) // 7 % 2 == 0)[:, None]

    def misfit(temperature: Floats) -> float:
        warm = [(mean_of_last(temperature, hours) - 15) / 10 for hours in (1, 4, DAY, 3 * DAY)]
        powers = [one**power for one in warm for power in (1, 2, 3)]
        columns = np.stack([*always, *powers], axis=-1)[: days * DAY].reshape(days, DAY, -1)
        total = 0.0
        for fit, judge in ((even, known & ~even), (known & ~even, even)):
            fitted = columns * fit[..., None]
            square = np.einsum("dhc,dhk->hck", fitted, columns, optimize=True)
            square += 1e-6 * np.eye(columns.shape[-1])
            weights = np.linalg.solve(square, np.einsum("dhc,dh->hc", fitted, loads)[..., None])[..., 0]
            total += float(np.abs(loads - np.einsum("dhc,hc->dh", columns, weights))[judge].sum())
        return total

    return misfit


def _points(values: Floats) -> tuple[Floats, Floats]:
    known = np.flatnonzero(np.isfinite(values))
    return known.astype(np.float64), values[known]
