"""What the windows of each meter let expect: what its month will come to, and which of its readings are suspect."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from electrocloud.domain.forecast import MonthEnd, Suspect
from electrocloud.domain.local_time import BillingMonth, zone_of
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.tariffs.tariff import Tariff
from forecasting.anomalies import anomalies
from forecasting.history import history_of
from forecasting.load import HOUR_S, Load
from forecasting.month_end import WEEK, month_end, remaining_energy

SEASON = timedelta(days=100)  # of a meter's history
RECENT_S = 7 * 86_400  # before a meter's newest reading: for so long a person is shown what is suspect

DaysOf = Callable[[str, datetime], list[MeterDay]]  # a meter's days from a moment on


class MeterHistory(NamedTuple):
    """A meter's load of the last season, and its readings of the billing month of the newest one."""

    meter_id: str
    tariff: Tariff
    month: BillingMonth
    read: list[Interval]
    load: Load

    @property
    def until(self) -> int:
        """The end of what was read, s since 1970."""
        return max(one.start + one.seconds for one in self.read)


def meter_histories(
    meters: Iterable[RegisteredMeter], tariffs: Mapping[str, Tariff], days_of: DaysOf, now: datetime
) -> Iterator[MeterHistory]:
    """The meters with a tariff and at least a week of readings."""
    for meter in meters:
        if meter.tariff_id not in tariffs:
            continue
        days = days_of(meter.meter_id, now - SEASON)
        history = history_of(days)
        if len(history.instants) < WEEK:
            continue
        tariff = tariffs[meter.tariff_id]
        month = BillingMonth.at(history.instants[-1], tariff.zone)
        read = [reading for day in days for reading in day.intervals() if month.start <= reading.start < month.end]
        yield MeterHistory(meter.meter_id, tariff, month, read, history.load(tariff.zone))


def month_ends(meters: Sequence[MeterHistory], now: datetime) -> Iterator[MonthEnd]:
    """What the months come to, of all meters together that have as many hours to come and behind them.

    So in company because an interval is from the errors over all of them.
    """
    groups: dict[tuple[int, int], list[MeterHistory]] = {}
    for meter in meters:
        groups.setdefault(((meter.month.end - meter.until) // HOUR_S, len(meter.load.filled)), []).append(meter)
    for (hours, _), group in groups.items():
        rest = remaining_energy([meter.load.filled for meter in group], hours)
        for row, (meter_id, tariff, month, read, load) in enumerate(group):
            energy = (rest.value[row], rest.low[row], rest.high[row])
            yield month_end(meter_id, tariff, month, read, energy, load.filled, int(now.timestamp()))


def suspects(meters: Iterable[MeterHistory]) -> Iterator[Suspect]:
    """What was suspect lately, by meter and time."""
    for meter in meters:
        for found in anomalies(meter.load):
            start, end = (_instant(meter.load, hour) for hour in (found.first, found.end))
            if end > meter.until - RECENT_S:
                yield Suspect(meter.meter_id, found.kind, start, end, *found.expected)


def _instant(load: Load, hour: int) -> int:
    """When the clock of the load's zone shows an hour of it, s since 1970 UTC."""
    shown = datetime.fromtimestamp((load.first + hour) * HOUR_S, UTC)
    return int(shown.replace(tzinfo=zone_of(load.zone)).timestamp())
