"""What each meter's readings lead to expect: its month-end bill, and which of its readings are suspect."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

import numpy as np

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import MonthEnd, Suspect
from electrocloud.domain.local_time import BillingMonth, zone_of
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff
from forecasting.anomalies import anomalies
from forecasting.load import HOUR_S, Floats, Load, load_of, wall_clock
from forecasting.month_end import WEEK, MonthSoFar, month_end, month_so_far, remaining_energy

SEASON = timedelta(days=100)  # of history a meter
RECENT_S = 7 * 86_400  # before a meter's newest reading: suspects older than that are no longer listed


class Fleet(Protocol):
    """Where the meters' tariffs and days are."""

    def tariffs_of(self, meter_ids: Collection[str]) -> Mapping[str, Tariff]:
        """The tariffs of those meters that have one that can be rated."""

    def days(self, meter_id: str, first: date, last: date) -> Iterable[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""


class MeterHistory(NamedTuple):
    """One meter: its billing month until now, its hourly Wh without gaps (see `Load.filled`), and what is suspect."""

    meter_id: str
    month: MonthSoFar
    filled: Floats
    suspects: tuple[Suspect, ...]


def update_meters(meter_ids: Collection[str], fleet: Fleet, store: Forecasts, now: datetime) -> tuple[int, int]:
    """Store the month-ends and suspect readings of some meters; returns how many of each."""
    known = list(meter_histories(meter_ids, fleet, now))
    ends = list(month_ends(known, now))
    found = [suspect for meter in known for suspect in meter.suspects]
    store.put_month_ends(ends)
    store.replace_suspects(meter_ids, found, now)
    return len(ends), len(found)


def meter_histories(meter_ids: Collection[str], fleet: Fleet, now: datetime) -> Iterator[MeterHistory]:
    """Those of the meters that have a tariff and at least a week of complete hours."""
    tariffs = fleet.tariffs_of(meter_ids)
    first, last = (now - SEASON).date(), now.date()
    for meter_id in meter_ids:
        if meter_id in tariffs:
            days = list(fleet.days(meter_id, first, last))
            if history := meter_history(meter_id, tariffs[meter_id], days):
                yield history


def meter_history(meter_id: str, tariff: Tariff, days: Sequence[MeterDay]) -> MeterHistory | None:
    """A meter's history from its days, in order; None if it has less than a week of complete hours.

    It holds arrays and determinants, no readings: some 50 kB.
    """
    windows = [(int(one.start.timestamp()), one.wh) for day in days for one in day.windows() if one.complete]
    if len(windows) < WEEK:
        return None
    starts, wh = np.array(windows, np.int64).T
    load = load_of(wall_clock(starts, tariff.zone), wh.astype(np.float64), tariff.zone)
    month = month_so_far(tariff, BillingMonth.at(int(starts[-1]), tariff.zone), days)
    return MeterHistory(meter_id, month, load.filled, tuple(_suspects(meter_id, load, month.until)))


def month_ends(meters: Sequence[MeterHistory], now: datetime) -> Iterator[MonthEnd]:
    """The month-ends of some meters.

    Those with equally many hours to come and behind them share their errors, which the intervals are made from.
    """
    groups: dict[tuple[int, int], list[MeterHistory]] = {}
    for meter in meters:
        groups.setdefault((meter.month.hours_left, len(meter.filled)), []).append(meter)
    for (hours, _), group in groups.items():
        rest = remaining_energy([meter.filled for meter in group], hours)
        for row, (meter_id, month, filled, _) in enumerate(group):
            energy = (rest.value[row], rest.low[row], rest.high[row])
            yield month_end(meter_id, month, energy, filled, int(now.timestamp()))


def _suspects(meter_id: str, load: Load, until: int) -> Iterator[Suspect]:
    for found in anomalies(load):
        start, end = (_instant(load, hour) for hour in (found.first, found.end))
        if end > until - RECENT_S:
            yield Suspect(meter_id, found.kind, start, end, *found.expected)


def _instant(load: Load, hour: int) -> int:
    """When the load's clock shows one of its hours, s since 1970 UTC."""
    shown = datetime.fromtimestamp((load.first + hour) * HOUR_S, UTC)
    return int(shown.replace(tzinfo=zone_of(load.zone)).timestamp())
