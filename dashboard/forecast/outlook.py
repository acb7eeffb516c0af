"""Forecasts compared with actuals: the hours of a load, forecast and measured, and the forecasts' errors."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd

from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.forecast import Errors, Forecast, MonthEnd, Range, coverage_of, errors_of
from electrocloud.domain.readings.meter_day import MeterDay

FLEET = "fleet"
QUORUM = 0.9  # of the meters' time that was read in the best hour; an hour with less is not whole

Load = Mapping[int, float]  # Wh of an hour by its start, s since 1970 UTC


def loads_of(rows: Iterable[tuple[str, datetime, int, int]]) -> dict[str, dict[int, float]]:
    """The loads of `fleet` and of each `feeder/F`, in order of time.

    Rows are of feeder ('' without one), hour (naive UTC), Wh and the s that were read. An hour below QUORUM is left
    out.
    """
    sums: dict[str, dict[int, list[int]]] = {}
    for feeder, hour, wh, read_s in rows:
        start = int(hour.replace(tzinfo=UTC).timestamp())
        for series in (FLEET, f"feeder/{feeder}") if feeder else (FLEET,):
            of_hour = sums.setdefault(series, {}).setdefault(start, [0, 0])
            of_hour[0] += wh
            of_hour[1] += read_s
    most = {series: max(read_s for _, read_s in hours.values()) for series, hours in sums.items()}
    return {
        series: {start: float(wh) for start, (wh, read_s) in sorted(hours.items()) if read_s >= QUORUM * most[series]}
        for series, hours in sums.items()
    }


def load_of(days: Iterable[MeterDay]) -> dict[int, float]:
    """The load of one meter in its complete hours."""
    windows = (window for day in days for window in day.windows())
    return {int(window.start.timestamp()): float(window.wh) for window in windows if window.complete}


def hours_of(forecasts: Sequence[Forecast]) -> pd.DataFrame:
    """One row per forecast hour: `start` (s since 1970 UTC), `value`, `low` and `high` in Wh.

    `forecasts` are ordered newest first; if two cover the same hour, the newer one counts.
    """
    hours = {
        int(row.timestamp.timestamp()): (row.value, row.low, row.high)
        for forecast in reversed(forecasts)
        for row in forecast.rows
    }
    return pd.DataFrame([(start, *hours[start]) for start in sorted(hours)], columns=["start", "value", "low", "high"])


def with_actuals(hours: pd.DataFrame, load: Load) -> tuple[Errors, int]:
    """The errors of the forecast hours that have actuals, and how many these are."""
    judged = hours[hours["start"].isin(load.keys())]
    actual = [load[start] for start in judged["start"]]
    errors = errors_of(actual, judged["value"].tolist(), None)
    covered = coverage_of(actual, judged["low"].tolist(), judged["high"].tolist())
    return Errors(errors.wape, None, covered), len(actual)


def month_end_table(ends: Iterable[MonthEnd], last_month: Iterable[BillRow]) -> pd.DataFrame:
    """One row per meter: its month-end forecast in kWh and $, and `above`, the $ by which it exceeds last month's bill.

    `above` is NaN if last month has no bill, or a bill with missing readings.
    """
    before = {bill.meter_id: bill.total for bill in last_month if not bill.missing}
    rows = [
        (
            end.meter_id,
            *map(float, (end.energy_kwh.value, end.total.value, end.total.low, end.total.high)),
            float(end.total.value - before[end.meter_id]) if end.meter_id in before else None,
        )
        for end in ends
    ]
    frame = pd.DataFrame(rows, columns=["meter_id", "energy_kwh", "total", "low", "high", "above"])
    return frame.astype({"above": float})


def together(amounts: Iterable[Range]) -> Range:
    """The sum of ranges: its bounds are worst cases, reached only if every meter is off in the same direction."""
    sums = [sum(values, Decimal()) for values in zip(*((a.value, a.low, a.high) for a in amounts), strict=True)]
    return Range(*sums)
