"""Rolling-origin backtest: forecasts as they would have been made on past days, and their errors."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from electrocloud.domain.forecast import Score, errors_of
from forecasting.candidates import CANDIDATES, LAG_WEEK, Candidate
from forecasting.load import Floats, Load

ORIGINS = 28
FEW = 5  # origins: see `choose`
BLENDED = 3  # models in a blend, at most


class Trial(NamedTuple):
    """One model's forecasts from each origin, shape (origins, horizon), and the CPU seconds per origin."""

    name: str
    forecasts: Floats
    seconds: float
    naive: bool = False


def origins_of(load: Load, horizon: int, most: int = ORIGINS) -> list[int]:
    """The last origins, at the hour of the day at which the load ends and a day apart, whose horizon has passed.

    Each has as much history before it as there is after it. Empty if the load is too short.
    """
    days = -(-horizon // 24)
    count = min(most, (len(load.values) - 24 * days) // 48)
    return [len(load.values) - 24 * (days + back) for back in range(count)][::-1]


def actual(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """The actual values, shape (origins, horizon); NaN if unknown or after the load's end."""
    values = np.concatenate([load.values, np.full(horizon, np.nan)])
    return np.array([values[origin : origin + horizon] for origin in origins]).reshape(len(origins), horizon)


def run_candidates(
    load: Load, origins: Sequence[int], horizon: int, candidates: Sequence[Candidate] = CANDIDATES
) -> list[Trial]:
    """Run all candidates with enough history at the first origin."""
    eligible = [candidate for candidate in candidates if candidate.can_run(load, origins[0])]
    return [_run(candidate, load, origins, horizon) for candidate in eligible]


def _run(candidate: Candidate, load: Load, origins: Sequence[int], horizon: int) -> Trial:
    begun = time.process_time()
    forecasts = candidate.forecaster(load, origins, horizon)
    return Trial(candidate.name, forecasts, (time.process_time() - begun) / len(origins), candidate.naive)


def with_blends(trials: Sequence[Trial], truth: Floats) -> list[Trial]:
    """The trials plus the means of the best two and best three models."""
    models = [trial for trial in trials if not trial.naive]
    ranked = sorted(models, key=lambda trial: float(np.nansum(np.abs(trial.forecasts - truth))))
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
    """The trial with the smallest absolute error of those that ran at all origins; the first of equals.

    From fewer than FEW origins, a naive one is chosen only with half the error of any other: little proves little.
    """
    complete = [trial for trial in trials if np.isfinite(trial.forecasts).all()]
    handicap = 2 if len(truth) < FEW else 1

    def error(trial: Trial) -> float:
        return float(np.nansum(np.abs(trial.forecasts - truth))) * (handicap if trial.naive else 1)

    return min(complete, key=error)


def scale_of(load: Load) -> float | None:
    """The unit of MASE: the mean absolute change from a week before, or from a day before if the load is short."""
    lag = LAG_WEEK.least if len(load.values) > LAG_WEEK.least else 24
    changes = np.abs(load.values[lag:] - load.values[:-lag])
    known = changes[np.isfinite(changes)]
    return float(known.mean()) if len(known) and known.mean() > 0 else None


def score_of(trial: Trial, truth: Floats, scale: float | None) -> Score:
    """A trial's errors over all origins and hours with known actual values."""
    known = np.isfinite(truth)
    errors = errors_of(truth[known].tolist(), trial.forecasts[known].tolist(), scale)
    return Score(trial.name, errors.wape, errors.mase, len(truth), round(trial.seconds, 4), trial.naive)
