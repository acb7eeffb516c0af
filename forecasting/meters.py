"""What each meter's readings lead to expect: its month-end bill, and which of its readings are suspect."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

import numpy as np

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.billing.service import Service, bills_of_meter_day
from electrocloud.domain.forecast import MonthEnd, Suspect
from electrocloud.domain.hourly_load import load_of_meter
from electrocloud.domain.local_time import day_of, zone_of
from electrocloud.domain.readings.meter_day import MeterDay
from forecasting.anomalies import MEMORY, anomalies, repeats_for_long, stuck_readings
from forecasting.load import HOUR_S, Floats, Hours, Load, load_of, wall_clock
from forecasting.month_end import WEEK, PeriodSoFar, month_end, period_so_far, remaining_energy

SEASON = timedelta(days=100)  # of history a meter
RECENT_S = 7 * 86_400  # before a meter's newest reading: suspects older than that are no longer listed


class Fleet(Protocol):
    """Where the meters' services and days are."""

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        """The services that each of these meters has a part in; meters that have none are left out."""

    def days(self, meter_id: str, first: date, last: date) -> Iterable[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""


class MeterHistory(NamedTuple):
    """One meter: its bill so far, its hourly Wh without gaps (see `Load.filled`), and its suspect readings."""

    bill: PeriodSoFar
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
    """Those of the meters that are billed and have at least a week of complete hours."""
    services = fleet.services_of(meter_ids)
    first, last = (now - SEASON).date(), now.date()
    for meter_id in meter_ids:
        if meter_id in services and (
            history := meter_history(meter_id, services[meter_id], list(fleet.days(meter_id, first, last)))
        ):
            yield history


def meter_history(meter_id: str, services: Sequence[Service], days: Sequence[MeterDay]) -> MeterHistory | None:
    """A meter's history from its days, in order; None with less than a week of complete hours or without a bill.

    The bill is that of the last complete hour. A history holds arrays and determinants, no readings: some 50 kB.
    """
    hours = load_of_meter(days).complete_wh
    if len(hours) < WEEK:
        return None
    planned = bills_of_meter_day(services, meter_id, day_of(max(hours)))
    if not planned:
        return None
    zone = planned[-1].plan.period.zone
    starts = np.fromiter(hours.keys(), np.int64)
    load = load_of(wall_clock(starts, zone), np.fromiter(hours.values(), np.float64), zone)
    bill = period_so_far(planned[-1], meter_id, days)
    return MeterHistory(bill, load.filled, tuple(_suspects(meter_id, load, bill.until, days)))


def month_ends(meters: Sequence[MeterHistory], now: datetime) -> Iterator[MonthEnd]:
    """The month-ends of some meters.

    Those with equally many hours to come and behind them share their errors, which the intervals are made from.
    """
    groups: dict[tuple[int, int], list[MeterHistory]] = {}
    for meter in meters:
        groups.setdefault((meter.bill.hours_left, len(meter.filled)), []).append(meter)
    for (hours, _), group in groups.items():
        rest = remaining_energy([meter.filled for meter in group], hours)
        for row, (bill, filled, _) in enumerate(group):
            energy = (rest.value[row], rest.low[row], rest.high[row])
            yield month_end(bill, energy, filled, int(now.timestamp()))


def _suspects(meter_id: str, load: Load, until: int, days: Sequence[MeterDay]) -> Iterator[Suspect]:
    for found in anomalies(load, _stuck_hours(load, until, days)):
        start, end = (_instant(load, hour) for hour in (found.first, found.end))
        if end > until - RECENT_S:
            yield Suspect(meter_id, found.kind, start, end, *found.expected)


def _stuck_hours(load: Load, until: int, days: Sequence[MeterDay]) -> list[tuple[int, int]]:
    """The hours of the load with stuck readings that are recent enough to be listed."""
    recent = day_of(until - RECENT_S) - timedelta(days=1)
    if not repeats_for_long(_readings(days, recent)):  # as most: the weeks before need not be read
        return []
    spans = np.array(stuck_readings(_readings(days, recent - timedelta(days=MEMORY))), np.int64).reshape(-1, 2)
    begin, last = (wall_clock(at, load.zone) // HOUR_S - load.first for at in (spans[:, 0], spans[:, 1] - 1))
    return list(zip(begin.tolist(), (last + 1).tolist(), strict=True))


def _readings(days: Sequence[MeterDay], first: date) -> Hours:
    """Start (s), length (s) and energy (Wh) of each reading since a UTC day."""
    return np.array([one for day in days if day.day >= first for one in day.intervals()], np.int64).reshape(-1, 3)


def _instant(load: Load, hour: int) -> int:
    """When the load's clock shows one of its hours, s since 1970 UTC."""
    shown = datetime.fromtimestamp((load.first + hour) * HOUR_S, UTC)
    return int(shown.replace(tzinfo=zone_of(load.zone)).timestamp())
