"""Rolling origins: forecasts as they would have been made, day after day, and what they missed by."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from electrocloud.domain.forecast import Score, errors_of
from forecasting.candidates import CANDIDATES, LAG_WEEK, Candidate
from forecasting.load import Floats, Load

ORIGINS = 28
TRIAL = 4  # origins, spread over them all, at which the slow candidates show which of them is worth the rest
TRIAL_MARGIN = 1.1  # of the best error there; beyond it none of them is
BLENDED = 3  # at most


class Trial(NamedTuple):
    """What one model forecast from each origin, shape (origins, horizon), and what that took (s of a processor each).

    Rows are NaN where it was not tried: it was out of the race, or did not know enough.
    """

    name: str
    forecasts: Floats
    seconds: float
    naive: bool = False


def origins_of(load: Load, horizon: int, most: int = ORIGINS) -> list[int]:
    """The last origins, a day apart, of which the horizon has come to pass and before which lies as much as after.

    None where the load is too short to have any.
    """
    count = min(most, (len(load.values) - horizon) // 48)
    return [len(load.values) - horizon - 24 * back for back in range(count)][::-1]


def actual(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """What came to pass, shape (origins, horizon), NaN where it is not known."""
    return np.array([load.values[origin : origin + horizon] for origin in origins]).reshape(len(origins), horizon)


def run_candidates(
    load: Load, origins: Sequence[int], horizon: int, candidates: Sequence[Candidate] = CANDIDATES
) -> list[Trial]:
    """Forecasts of all candidates that know enough at the first origin; of the slow ones the best, if it is near."""
    able = [candidate for candidate in candidates if candidate.least <= origins[0]]
    few = sorted({round(place) for place in np.linspace(0, len(origins) - 1, TRIAL)})
    every = list(range(len(origins)))
    truth = actual(load, origins, horizon)[few]
    trials = {
        candidate: _tried(candidate, load, origins, horizon, few if candidate.slow else every) for candidate in able
    }
    errors = {candidate: float(np.nansum(np.abs(trial.forecasts[few] - truth))) for candidate, trial in trials.items()}
    slow = min((candidate for candidate in able if candidate.slow), key=errors.__getitem__, default=None)
    if slow and errors[slow] <= TRIAL_MARGIN * min(errors.values()):
        trials[slow] = _tried(slow, load, origins, horizon, every)
    return list(trials.values())


def _tried(candidate: Candidate, load: Load, origins: Sequence[int], horizon: int, places: list[int]) -> Trial:
    begun = time.process_time()
    forecasts = np.full((len(origins), horizon), np.nan)
    forecasts[places] = candidate.forecaster(load, [origins[place] for place in places], horizon)
    return Trial(candidate.name, forecasts, (time.process_time() - begun) / len(places), candidate.naive)


def with_blends(trials: Sequence[Trial], truth: Floats) -> list[Trial]:
    """The trials and, beside them, the means of the best two and of the best three that were run to the end."""
    whole = [trial for trial in trials if not trial.naive and np.isfinite(trial.forecasts).all()]
    ranked = sorted(whole, key=lambda trial: float(np.nansum(np.abs(trial.forecasts - truth))))
    blends = [
        Trial(
            " + ".join(sorted(trial.name for trial in best)),
            np.mean([trial.forecasts for trial in best], axis=0),
            sum(trial.seconds for trial in best),
        )
        for best in (ranked[:count] for count in range(2, min(BLENDED, len(ranked)) + 1))
    ]
    return [*trials, *blends]


def choose(trials: Sequence[Trial], truth: Floats) -> Trial:
    """The trial with the least absolute error, among those that were run to the end; of equals the first."""
    whole = [trial for trial in trials if np.isfinite(trial.forecasts).all()]
    return min(whole, key=lambda trial: float(np.nansum(np.abs(trial.forecasts - truth))))


def scale_of(load: Load) -> float | None:
    """The mean absolute change from a week before, MASE's unit; from a day before where the load is too short."""
    lag = LAG_WEEK.least if len(load.values) > LAG_WEEK.least else 24
    changes = np.abs(load.values[lag:] - load.values[:-lag])
    known = changes[np.isfinite(changes)]
    return float(known.mean()) if len(known) and known.mean() > 0 else None


def score_of(trial: Trial, truth: Floats, scale: float | None) -> Score:
    """The errors of the forecasts that were made, over all origins and hours of which the truth is known."""
    known = np.isfinite(truth) & np.isfinite(trial.forecasts)
    tried = int(np.isfinite(trial.forecasts).all(axis=1).sum())
    errors = errors_of(truth[known].tolist(), trial.forecasts[known].tolist(), scale)
    return Score(trial.name, errors.wape, errors.mase, tried, round(trial.seconds, 4), trial.naive)
