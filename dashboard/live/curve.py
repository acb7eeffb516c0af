"""The fleet's power over a day in steps of 15 minutes, beside that of a week before."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pandas as pd

STEP_S = 900
DAY_S = 86_400
WEEK_S = 7 * DAY_S
WHOLE = 0.95  # of the usual readings; a step with fewer is still coming in
NOW, BEFORE = "last 24 h", "a week before"


def end_of_step(now: float) -> datetime:
    """The end of the step that a moment (s since 1970 UTC) is in, or the moment itself where a step ends."""
    return datetime.fromtimestamp(-(-now // STEP_S) * STEP_S, UTC)


def power_by_step(rows: Iterable[tuple[datetime, int, int, int]]) -> pd.DataFrame:
    """Columns start (s since 1970 UTC, a multiple of STEP_S), power_w, and readings, a share of the usual number.

    `rows` are start (naive UTC), interval_s, Wh and number of readings. The energy of a longer interval is spread
    evenly over its steps.
    """
    steps: dict[int, list[float]] = {}
    for start, interval_s, wh, readings in rows:
        first = int(start.replace(tzinfo=UTC).timestamp())
        parts = max(1, interval_s // STEP_S)
        for part in range(parts):
            step = steps.setdefault(first // STEP_S * STEP_S + part * STEP_S, [0.0, 0.0])
            step[0] += wh / parts * 3600 / STEP_S
            step[1] += readings * min(1.0, interval_s / STEP_S)
    frame = pd.DataFrame(
        [(start, *sums) for start, sums in sorted(steps.items())], columns=["start", "power_w", "readings"]
    )
    frame["readings"] /= frame["readings"].median() or 1
    return frame


def last_day(frame: pd.DataFrame, until: float) -> pd.DataFrame:
    """The 24 hours before a moment and the same hours a week before, moved to them: columns start, power_w, day.

    `day` is NOW or BEFORE. The steps at the end whose readings are still coming in are left out.
    """
    current = frame[(frame["start"] >= until - DAY_S) & (frame["start"] < until)]
    whole = current.index[current["readings"] >= WHOLE]
    current = current.loc[: whole[-1]] if len(whole) else current.iloc[:0]
    before = frame[(frame["start"] >= until - DAY_S - WEEK_S) & (frame["start"] < until - WEEK_S)]
    before = before.assign(start=before["start"] + WEEK_S)
    return pd.concat([current.assign(day=NOW), before.assign(day=BEFORE)])[["start", "power_w", "day"]]
