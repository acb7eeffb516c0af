"""Forecasts beside what came: the hours of a load, expected and real, and how far the forecasts were off."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pandas as pd

from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.forecast import Errors, Forecast, MonthEnd, Range, coverage_of, errors_of
from electrocloud.domain.hourly_load import load_of_meter
from electrocloud.domain.readings.meter_day import MeterDay

Load = Mapping[int, int]  # Wh of each complete hour by its start, s since 1970 UTC


def load_of(days: Iterable[MeterDay]) -> Load:
    """The load of one meter, of the hours that were read in whole."""
    return load_of_meter(days).complete_wh


def hours_of(forecasts: Sequence[Forecast]) -> pd.DataFrame:
    """A row an hour that was forecast: `start` (s since 1970 UTC), `value`, `low` and `high` in Wh.

    Forecasts come newest first, and of two of the same hour the newer one counts.
    """
    hours = {
        int(row.timestamp.timestamp()): (row.value, row.low, row.high)
        for forecast in reversed(forecasts)
        for row in forecast.rows
    }
    return pd.DataFrame([(start, *hours[start]) for start in sorted(hours)], columns=["start", "value", "low", "high"])


def with_actuals(hours: pd.DataFrame, load: Load) -> tuple[Errors, int]:
    """How far off the hours of forecasts were, of those that have come, and how many these are."""
    came = hours[hours["start"].isin(load.keys())]
    actual = [load[start] for start in came["start"]]
    errors = errors_of(actual, came["value"].tolist(), None)
    covered = coverage_of(actual, came["low"].tolist(), came["high"].tolist())
    return Errors(errors.wape, None, covered), len(actual)


def month_end_table(ends: Iterable[MonthEnd], last_month: Iterable[BillRow]) -> pd.DataFrame:
    """A row a meter: what its month is expected to come to, kWh and $, and `above`, by how much $ more than the last.

    `above` is NaN where the last month has no bill, or one that lacks readings.
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
    """The sum of amounts. Its bounds would be met only if all of them were off the same way, so it lies well within."""
    sums = [sum(values, Decimal()) for values in zip(*((a.value, a.low, a.high) for a in amounts), strict=True)]
    return Range(*sums)
