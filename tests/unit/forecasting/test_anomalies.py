"""Anomalies: what is flagged as suspect, and what is only a lively home."""

import numpy as np
import pytest

from forecasting.anomalies import anomalies, stuck_readings
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


def _stuck(wh: np.ndarray, seconds: int) -> list[tuple[int, int]]:
    """From the first to before the last reading of each suspect repetition."""
    starts = np.arange(len(wh)) * seconds
    return [(start // seconds, end // seconds) for start, end in stuck_readings(_rows(starts, seconds, wh))]


def _rows(starts: np.ndarray, seconds: int, wh: np.ndarray) -> np.ndarray:
    return np.stack([starts, np.full_like(starts, seconds), wh.astype(np.int64)], axis=1)


@pytest.mark.parametrize(("seconds", "least"), [(3600, 4), (1800, 4), (900, 8), (300, 24)])
def test_a_register_is_stuck_after_four_equal_readings_and_two_hours(seconds: int, least: int) -> None:
    values = np.resize(_home(), DAYS * 86_400 // seconds)
    values += np.arange(len(values)) % 2  # no two are equal by nature
    at = 30 * 86_400 // seconds
    values[at : at + least] = 7_777
    assert _stuck(values, seconds) == [(at, at + least)]
    values[at] = 7_776
    assert _stuck(values, seconds) == []


def test_a_register_is_stuck_only_if_it_repeats_half_again_as_long_as_in_the_four_weeks_before() -> None:
    values = _home() * 10 + np.arange(DAYS * 24) % 2
    values[400:404] = 77  # a standby load
    values[800:805] = 77
    assert _stuck(values, 3600) == []
    values[805] = 77
    assert _stuck(values, 3600) == [(800, 806)]


def test_zeros_gaps_and_the_first_four_weeks_are_not_stuck() -> None:
    values = _home() + np.arange(DAYS * 24) % 2
    values[300:310] = 77
    values[800:810] = 0
    assert _stuck(values, 3600) == []
    starts = np.delete(np.arange(DAYS * 24) * 3600, 902)  # 900 to 904 repeat one value, without 902
    wh = np.delete(np.where((np.arange(DAYS * 24) >= 900) & (np.arange(DAYS * 24) < 905), 77, values), 902)
    assert stuck_readings(_rows(starts, 3600, wh)) == []


def test_stuck_hours_are_flagged_with_what_was_expected() -> None:
    (flag,) = anomalies(_load(_home()), [(800, 803)])
    assert (flag.first, flag.end, flag.kind) == (800, 803, "stuck")
    assert 0 < flag.expected[0] < flag.expected[1]


def test_a_meter_is_silent_after_a_day_and_not_after_some_hours() -> None:
    values = _home()
    values[700:710] = np.nan
    values[800:830] = np.nan
    assert _found(values) == [(800, 830, "silent")]


def test_the_first_four_weeks_are_not_judged() -> None:
    values = _home()[: 28 * 24]
    values[-1] *= 1000
    assert _found(values) == []
