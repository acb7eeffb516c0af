"""Anomalies: what is flagged as suspect, and what is only a lively home."""

import numpy as np

from forecasting.anomalies import anomalies
from forecasting.load import Load, load_of

DAYS = 40


def _home() -> np.ndarray:
    hours = np.arange(DAYS * 24)
    usual = 300 + 200 * (hours % 24 >= 17)
    return np.rint(usual * np.random.default_rng(5).gamma(4, 0.25, len(hours))) + 20


def _load(values: np.ndarray) -> Load:
    return load_of((np.arange(len(values)) * 3600).tolist(), values.tolist())


def _found(values: np.ndarray) -> list[tuple[int, int, str]]:
    return [(one.first, one.end, one.kind) for one in anomalies(_load(values))]


def test_a_home_with_variable_load_is_not_suspect() -> None:
    assert _found(_home()) == []


def test_a_spiking_register_is_flagged_with_what_was_expected() -> None:
    values = _home()
    values[800] *= 40
    (flag,) = anomalies(_load(values))
    assert (flag.first, flag.end, flag.kind) == (800, 801, "high")
    low, high = flag.expected
    assert 0 < low < high < values[800] / 10


def test_hours_without_energy_are_an_outage_unless_the_load_is_often_zero() -> None:
    values = _home()
    values[800:803] = 0
    assert _found(values) == [(800, 803, "zero")]
    values[: 28 * 24 : 10] = 0
    assert _found(values) == []


def test_a_stuck_register_is_flagged_unless_the_load_is_as_flat_by_nature() -> None:
    values = _home()
    values[800:806] = values[800]
    assert _found(values) == [(800, 806, "stuck")]
    values[200:210] = 77
    assert _found(values) == []


def test_a_meter_is_silent_after_a_day_and_not_after_some_hours() -> None:
    values = _home()
    values[700:710] = np.nan
    values[800:830] = np.nan
    assert _found(values) == [(800, 830, "silent")]


def test_the_first_four_weeks_are_not_judged() -> None:
    values = _home()[: 28 * 24]
    values[-1] *= 1000
    assert _found(values) == []
