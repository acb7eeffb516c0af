"""What a backtest of a load teaches: which models to use, and how far their forecasts of past days were off."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from electrocloud.domain.forecast import Score
from forecasting.backtest import Trial, actual, choose, origins_of, run_candidates, scale_of, score_of, with_blends
from forecasting.load import Floats, Load

NEAR = 48  # hours: today and tomorrow have a model of their own, the days after them another


class Learned(NamedTuple):
    """The result of a backtest.

    models: of the first NEAR hours and of those after them; the second is "" if they have none of their own. scores: of
    the first. truth, forecasts: what the hours after each origin came to and what the models forecast, shape (origins,
    horizon); NaN where unknown. end: the hour of the wall clock at which the load ended (see `Load.end`). stations:
    whose weather the load had (see `stations_of`).
    """

    models: tuple[str, str]
    scores: tuple[Score, ...]
    note: str
    truth: Floats
    forecasts: Floats
    end: int
    stations: tuple[str, ...] = ()

    @property
    def residuals(self) -> Floats:
        """Actual minus forecast."""
        return self.truth - self.forecasts

    def at(self, end: int, horizon: int) -> "Learned":
        """The same for a load that ends later: each hour of its horizon has the errors of the same hour of the day."""
        hours = np.arange(horizon) + (end - self.end) % 24
        hours -= np.maximum(0, -((self.truth.shape[1] - 1 - hours) // 24)) * 24
        return self._replace(truth=self.truth[:, hours], forecasts=self.forecasts[:, hours], end=end)

    def energy_errors(self, hours: Sequence[int]) -> Floats:
        """The errors in the energy of some hours of the horizon, one per origin; NaN where an hour is unknown."""
        errors: Floats = self.residuals[:, hours].sum(axis=1)
        return errors

    def peak_errors(self, hours: Sequence[int]) -> Floats:
        """The errors in the highest of some hours of the horizon, one per origin; NaN where an hour is unknown."""
        errors: Floats = self.truth[:, hours].max(axis=1) - self.forecasts[:, hours].max(axis=1)
        return errors

    def wape(self, hours: Sequence[int]) -> float | None:
        """The error over some hours of the horizon."""
        known = np.isfinite(self.truth[:, hours])
        size = float(np.abs(self.truth[:, hours])[known].sum())
        return float(np.abs(self.residuals[:, hours])[known].sum()) / size if size else None


def learn(load: Load, horizon: int) -> Learned | None:
    """Run the candidates from past origins and choose the best; None if the load is too short for it.

    Origins lie up to NEAR hours before the load's end, so the last of them are judged by less than the whole horizon.
    """
    origins = origins_of(load, min(horizon, NEAR))
    if not origins or origins[0] < 24:
        return None
    truth = actual(load, origins, horizon)
    trials = run_candidates(load, origins, horizon)
    near, best = _part(trials, truth, slice(0, NEAR))
    forecasts, far = np.full_like(truth, np.nan), None
    forecasts[:, :NEAR] = best.forecasts
    if np.isfinite(truth[:, NEAR:]).any():
        _, far = _part(trials, truth, slice(NEAR, horizon))
        forecasts[:, NEAR:] = far.forecasts
    scale = scale_of(load)
    scores = sorted((score_of(trial, truth[:, :NEAR], scale) for trial in near), key=lambda score: score.wape or 0.0)
    models = (best.name, far.name if far else "")
    return Learned(models, tuple(scores), _note(best, len(origins), far), truth, forecasts, load.end, stations_of(load))


def stations_of(load: Load) -> tuple[str, ...]:
    """The stations whose weather a load has, in order of their names."""
    return tuple(sorted(load.weather.stations)) if load.weather else ()


def _part(trials: Sequence[Trial], truth: Floats, hours: slice) -> tuple[list[Trial], Trial]:
    """The trials and their blends over a part of the horizon, and the best of them."""
    cut = [trial._replace(forecasts=trial.forecasts[:, hours]) for trial in trials]
    blended = with_blends(cut, truth[:, hours])
    return blended, choose(blended, truth[:, hours])


def _note(best: Trial, origins: int, far: Trial | None) -> str:
    notes = []
    if best.naive:
        notes.append(f"no model beat {best.name} from the last {origins} origins, so this repeats it")
    elif origins < 14:
        notes.append(f"chosen from only {origins} origins, because the history is short")
    if far and far.name != best.name:
        notes.append(f"after {NEAR} hours by {far.name}")
    return "; ".join(notes)


class _Stored(msgspec.Struct, array_like=True):
    models: tuple[str, str]
    scores: tuple[Score, ...]
    note: str
    origins: int
    truth: bytes
    forecasts: bytes
    end: int
    stations: tuple[str, ...]


_decoder = msgspec.msgpack.Decoder(_Stored)


def encode(learned: Learned) -> bytes:
    """The stored form, with single precision: some 45 kB."""
    truth, forecasts = (zlib.compress(one.astype("<f4").tobytes()) for one in (learned.truth, learned.forecasts))
    return msgspec.msgpack.encode(
        _Stored(
            learned.models,
            learned.scores,
            learned.note,
            len(learned.truth),
            truth,
            forecasts,
            learned.end,
            learned.stations,
        )
    )


def decode(body: bytes | None) -> Learned | None:
    """A stored result; None without one, and for one of another version, which a new backtest replaces."""
    try:
        stored = _decoder.decode(body or b"")
    except msgspec.DecodeError:
        return None
    truth, forecasts = (
        np.frombuffer(zlib.decompress(one), "<f4").reshape(stored.origins, -1).astype(np.float64)
        for one in (stored.truth, stored.forecasts)
    )
    return Learned(stored.models, stored.scores, stored.note, truth, forecasts, stored.end, stored.stations)
