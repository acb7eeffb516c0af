"""When the laptop's forecasts begin."""

import pytest

from laptop import forecasting_loop
from laptop.forecasting_loop import FIRST_WAIT_S, POLL_S, wait_for_history


@pytest.mark.parametrize(
    ("phases", "waits"),
    [
        ([""], [FIRST_WAIT_S]),
        (["live"], [FIRST_WAIT_S]),
        (["history", "history", "live"], [FIRST_WAIT_S, POLL_S, POLL_S, FIRST_WAIT_S]),
    ],
)
def test_forecasts_begin_when_the_fleet_s_history_is_sent(
    monkeypatch: pytest.MonkeyPatch, phases: list[str], waits: list[float]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(forecasting_loop, "fleet_status", lambda: {"phase": phases.pop(0)})
    monkeypatch.setattr("time.sleep", waited.append)
    wait_for_history()
    assert (waited, phases) == (waits, [])
