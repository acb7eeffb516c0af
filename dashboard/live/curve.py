"""The fleet's power over 24 hours in 15-minute steps, next to the same hours a week before."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd

STEP_S = 900
DAY_S = 86_400
WEEK_S = 7 * DAY_S
COMPLETE = 0.95  # of the usual number of readings; a recent step with fewer is still arriving
NOW, BEFORE, EXPORT = "last 24 h", "a week before", "export, last 24 h"


class FleetPower(NamedTuple):
    """Rows of start (naive UTC), interval_s, Wh delivered, its readings, and Wh received: the 24 h before `until`, and
    the same a week before."""

    until: datetime
    rows: list[tuple[Any, ...]]


def end_of_step(now: float) -> datetime:
    """The end of the step that contains an instant (s since 1970 UTC); an instant at a step's end is returned as is."""
    return datetime.fromtimestamp(-(-now // STEP_S) * STEP_S, UTC)


def power_by_step(rows: Iterable[tuple[datetime, int, int, int, int]]) -> pd.DataFrame:
    """Columns start (s since 1970 UTC, a multiple of STEP_S), power_w, readings as a share of the usual number, and
    export_w, the power received from customers.

    `rows` hold start (naive UTC), interval_s, Wh delivered, the number of its readings, and Wh received. An interval
    longer than a step is spread evenly over its steps.
    """
    steps: dict[int, list[float]] = {}
    for start, interval_s, wh, readings, received_wh in rows:
        first = int(start.replace(tzinfo=UTC).timestamp())
        parts = max(1, interval_s // STEP_S)
        for part in range(parts):
            step = steps.setdefault(first // STEP_S * STEP_S + part * STEP_S, [0.0, 0.0, 0.0])
            step[0] += wh / parts * 3600 / STEP_S
            step[1] += readings * min(1.0, interval_s / STEP_S)
            step[2] += received_wh / parts * 3600 / STEP_S
    frame = pd.DataFrame(
        [(start, *sums) for start, sums in sorted(steps.items())], columns=["start", "power_w", "readings", "export_w"]
    )
    frame["readings"] /= frame["readings"].median() or 1
    return frame


def last_day(frame: pd.DataFrame, until: float) -> pd.DataFrame:
    """The 24 hours before `until` and the same hours a week before, shifted onto them: columns start, power_w, day.

    `day` is NOW, BEFORE, or EXPORT: what customers exported in these 24 hours, below 0, if any did. The latest steps,
    whose readings are still arriving, are left out.
    """
    current = frame[(frame["start"] >= until - DAY_S) & (frame["start"] < until)]
    complete = current.index[current["readings"] >= COMPLETE]
    current = current.loc[: complete[-1]] if len(complete) else current.iloc[:0]
    before = frame[(frame["start"] >= until - DAY_S - WEEK_S) & (frame["start"] < until - WEEK_S)]
    before = before.assign(start=before["start"] + WEEK_S)
    frames = [current.assign(day=NOW), before.assign(day=BEFORE)]
    if current["export_w"].any():
        frames.append(current.assign(power_w=-current["export_w"], day=EXPORT))
    return pd.concat(frames)[["start", "power_w", "day"]]
