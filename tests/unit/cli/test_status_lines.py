"""What the status says: a stuck stream, a function that cannot be imported and a fleet that has caught up differ."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from analytics.pipeline_health import Counts
from cli.up import _table
from laptop.status import Status


def status(fleet: dict[str, Any] | None = None, waiting_s: float | None = 0.0) -> Status:
    return Status(fleet or {}, Counts(1, 1, 1, 1, 1, None, waiting_s, None))


def fleet(behind: timedelta) -> dict[str, Any]:
    clock = (datetime.now(UTC) - behind).isoformat(timespec="seconds")
    return {"meters": 2, "phase": "live", "clock": clock, "accepted": 1, "refused": 0, "retried": 0}


def shown(now: Status, broken: list[str] | None = None) -> str:
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(_table(now, None, {}, broken or []))
    return console.export_text()


def test_a_stuck_stream_is_said_to_be_stuck_with_the_age_of_its_oldest_upload() -> None:
    now = status(waiting_s=424.0)
    assert now.counts.stuck
    assert "stuck: the oldest waiting upload is 424 s old" in shown(now)


def test_an_idle_stream_is_not_stuck() -> None:
    assert not status().counts.stuck
    assert "no uploads wait" in shown(status())
    assert "not measured" in shown(status(waiting_s=None))


def test_a_function_that_cannot_be_imported_has_a_line_with_the_reason() -> None:
    text = shown(status(), ["metering: Worker init failed: No module named 'msgspec._core'"])
    assert "cannot be imported: metering: Worker init failed: No module named 'msgspec._core'" in text


def test_a_fleet_that_has_caught_up_says_so() -> None:
    assert "caught up" in shown(status(fleet=fleet(timedelta(seconds=2))))
    assert "caught up" not in shown(status(fleet=fleet(timedelta(hours=3))))
