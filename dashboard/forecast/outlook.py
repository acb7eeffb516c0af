"""The hours of a load, forecast and measured, and month-end forecasts as a table."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pandas as pd

from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.forecast import Forecast, MonthEnd, Range
from electrocloud.domain.hourly_load import load_of_meter
from electrocloud.domain.readings.meter_day import MeterDay

Load = Mapping[int, int]  # Wh of each complete hour by its start, s since 1970 UTC


def load_of(days: Iterable[MeterDay]) -> Load:
    """The load of one meter in its complete hours."""
    return load_of_meter(days).complete_wh


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


def month_end_table(ends: Iterable[MonthEnd], last_month: Iterable[BillRow]) -> pd.DataFrame:
    """One row per meter: its month-end forecast, and `above`, the amount by which it exceeds last month's bill.

    `above` is NaN if last month has no bill, or a bill with missing readings.
    """
    before = {bill.meter_id: bill.total for bill in last_month if not bill.missing}
    rows = [
        (
            end.meter_id,
            *map(float, (end.energy_kwh.value, end.total.value, end.total.low, end.total.high)),
            float(end.total.value - before[end.meter_id]) if end.meter_id in before else None,
            end.currency,
        )
        for end in ends
    ]
    frame = pd.DataFrame(rows, columns=["meter_id", "energy_kwh", "total", "low", "high", "above", "currency"])
    return frame.astype({"above": float})


def together(amounts: Iterable[Range]) -> Range:
    """The sum of ranges: its bounds are worst cases, reached only if every meter is off in the same direction."""
    sums = [sum(values, Decimal()) for values in zip(*((a.value, a.low, a.high) for a in amounts), strict=True)]
    return Range(*sums)
