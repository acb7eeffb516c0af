"""What a forecast says, and how far it was off."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from electrocloud.domain.hourly_load import HourlyLoad
from electrocloud.domain.local_time import HOUR_S


class ForecastHour(msgspec.Struct, frozen=True):
    """An hour ahead: its start, the energy expected in it (Wh), and the interval that holds it at the set coverage."""

    timestamp: datetime
    value: float
    low: float
    high: float


class Errors(msgspec.Struct, frozen=True):
    """How far forecasts were off.

    wape: the sum of absolute errors over the sum of absolute actual values. mase: the mean absolute error over that of
    repeating the week before, in the history. coverage: the share of actual values within low..high. Each is None where
    it is not defined: all values were zero, the history repeats itself exactly, there were no intervals.
    """

    wape: float | None
    mase: float | None
    coverage: float | None = None


class Score(msgspec.Struct, frozen=True):
    """A model in the back-test: its errors (see Errors), from how many origins, and the s of a processor an origin."""

    model: str
    wape: float | None
    mase: float | None
    origins: int
    seconds: float
    naive: bool = False


class Bounds(msgspec.Struct, frozen=True):
    """The 80% interval of an amount."""

    low: float
    high: float


class ActualDay(msgspec.Struct, frozen=True):
    """What the hours of a forecast day came to, and how far they were off.

    energy: their sum (Wh). peak: the highest of them (Wh), which began at `peak_at`. absolute_error: the sum of the
    hours' absolute errors, absolute_energy that of their absolute actual values (Wh); WAPE is their ratio. coverage:
    the share of hours within their intervals.
    """

    energy: float
    peak: float
    peak_at: datetime
    absolute_error: float
    absolute_energy: float
    coverage: float

    @property
    def wape(self) -> float | None:
        """See Errors."""
        return self.absolute_error / self.absolute_energy if self.absolute_energy else None


class ForecastDay(msgspec.Struct, frozen=True):
    """A calendar day of a forecast, on the clock of its timestamps.

    hours: how many of the day's hours are forecast, the rest of them where the readings end within the day. energy:
    their sum (Wh). peak: the hour with the highest value. wape: the backtest's error on such a day, as many days
    ahead; None without a backtest. lead: how many days it is after the day of the last reading, 0 for the rest of that
    day. energy_interval, peak_interval: of the day's energy, and of its highest hour, whichever that will be; from the
    backtest's errors in these. actual: see ActualDay; None until all of its hours are complete. Forecasts stored by
    earlier versions have none of the last four.
    """

    day: date
    hours: int
    energy: float
    peak: ForecastHour
    wape: float | None = None
    lead: int | None = None
    energy_interval: Bounds | None = None
    peak_interval: Bounds | None = None
    actual: ActualDay | None = None


class LeadErrors(msgspec.Struct, frozen=True):
    """The errors of forecasts of days that were `lead` days ahead (see ForecastDay), over `days` such days.

    wape: of the hours. energy, peak: the mean absolute error of the days' energy and of their peak, over the mean of
    these. peak_hours: by how many hours the time of the peak was off, on average. coverage: as in Errors.
    """

    lead: int
    days: int
    wape: float | None
    energy: float | None
    peak: float | None
    peak_hours: float
    coverage: float


class IntervalQuality(msgspec.Struct, frozen=True):
    """How good the quantiles of a forecast were in its backtest; value, low and high are those of 50, 10 and 90%.

    coverage: the share of actual values within low..high; coverage_by_hour: the same by hour of the local day, None for
    hours without values. pinball: the mean pinball loss of these three quantiles. crps: the continuous ranked
    probability score, from the quantiles of 5 to 95%. Both are in parts of the mean absolute actual value, as WAPE is.
    """

    coverage: float
    pinball: float
    crps: float
    coverage_by_hour: tuple[float | None, ...]


class ForecastWeather(msgspec.Struct, frozen=True):
    """The weather that a forecast's models had: the stations, and when their newest weather forecast was issued.

    issued: None if nothing says when the temperatures of the hours ahead were forecast.
    """

    stations: tuple[str, ...]
    issued: datetime | None = None


class Forecast(msgspec.Struct, frozen=True):
    """Hours ahead of one series, by the model that the back-test chose.

    `series` is `fleet`, `feeder/DE-F000` or `meter/DE-000001`. `note` says what a reader should know, such as that no
    model beat the naive ones. `coverage` is what the intervals reached in the back-test. `candidates` come best first.
    `realised` are the errors of this forecast once there are readings of its hours. `readings_until` is the end of the
    last reading that it was made from. Forecasts stored by earlier versions have neither that nor `days` nor `quality`,
    which says how good the intervals were in the back-test; None without one. `feeders`: of so many feeders' forecasts
    the fleet's is the sum; 0 if it could not be, for the reason in `note`; None before that was tried, and for others.
    `weather` is what the models had, whether one that uses it was chosen or not; None without.
    """

    series: str
    made_at: datetime
    model: str
    note: str
    coverage: float | None
    candidates: tuple[Score, ...]
    rows: tuple[ForecastHour, ...]
    actuals: Errors | None = msgspec.field(default=None, name="realised")  # the name in stored documents
    readings_until: datetime | None = None
    days: tuple[ForecastDay, ...] = ()
    quality: IntervalQuality | None = None
    feeders: int | None = None
    weather: ForecastWeather | None = None


class Range(msgspec.Struct, frozen=True):
    """An amount to come, and the interval that holds it in four of five cases."""

    value: Decimal
    low: Decimal
    high: Decimal


class MonthEnd(msgspec.Struct, frozen=True):
    """What a meter's billing month is going to come to, as seen at `made_at` (s since 1970): kWh, and the bill's total.

    `before_credit`: the bill credits export, and the total is without a credit that earlier bills may have left.
    `before_ratchet`: the tariff bills at least a part of earlier peaks, and the total is without these.
    """

    meter_id: str
    month: str
    made_at: int
    energy_kwh: Range
    total: Range
    before_credit: bool = False
    before_ratchet: bool = False
    currency: str = "USD"


class Suspect(msgspec.Struct, frozen=True):
    """Hours of a meter from `start` to before `end` (s since 1970) that are far outside of what could be expected.

    kind: `high` (a register that spikes, or a theft that ended), `zero` (an outage, or a bypass), `stuck` (a register
    that repeats a reading) or `silent` (nothing was read for a day and more). low, high: what its first hour was
    expected to lie between, Wh. The readings count on bills all the same, until somebody corrects them.
    """

    meter_id: str
    kind: str
    start: int
    end: int
    low: float
    high: float


def actual_day(day: ForecastDay, rows: Sequence[ForecastHour], load: HourlyLoad) -> ActualDay | None:
    """What came of a day of a forecast, of whose `rows` some are its hours; None unless all of these are complete."""
    own = [row for row in rows if row.timestamp.date() == day.day]
    starts = [int(row.timestamp.timestamp()) for row in own]
    if not all(map(load.complete, starts)):
        return None
    actual = [float(load.complete_wh[start]) for start in starts]
    peak = max(range(len(own)), key=actual.__getitem__)
    return ActualDay(
        energy=sum(actual),
        peak=actual[peak],
        peak_at=own[peak].timestamp,
        absolute_error=sum(abs(row.value - wh) for row, wh in zip(own, actual, strict=True)),
        absolute_energy=sum(map(abs, actual)),
        coverage=coverage_of(actual, [row.low for row in own], [row.high for row in own]) or 0.0,
    )


def errors_by_lead(forecasts: Iterable[Forecast]) -> list[LeadErrors]:
    """The errors of the days that have actual values, by how many days ahead they were."""
    found: dict[int, list[tuple[ForecastDay, ActualDay]]] = {}
    for forecast in forecasts:
        for day in forecast.days:
            if day.actual and day.lead is not None:
                found.setdefault(day.lead, []).append((day, day.actual))
    return [_lead_errors(lead, found[lead]) for lead in sorted(found)]


DRIFT_DAYS = 7  # of which the drift of a series' forecasts is known, at most
LEAST_DRIFT_DAYS = 3  # a single odd day is no drift


class DayAheadError(msgspec.Struct, frozen=True):
    """The WAPE of the last days forecast the day before, and the WAPE that their backtests led to expect."""

    actual: float
    expected: float

    @property
    def drift(self) -> float:
        """How many times as large as expected the error is."""
        return self.actual / self.expected


def day_ahead_error(forecasts: Iterable[Forecast]) -> DayAheadError | None:
    """The error of the last DRIFT_DAYS days with actual values; None with fewer than LEAST_DRIFT_DAYS.

    `forecasts` are ordered newest first.
    """
    days = [
        (day.actual, day.wape)
        for forecast in forecasts
        for day in forecast.days
        if day.lead == 1 and day.actual and day.wape
    ][:DRIFT_DAYS]
    energy = sum(actual.absolute_energy for actual, _ in days)
    if len(days) < LEAST_DRIFT_DAYS or not energy:
        return None
    expected = sum(wape * actual.absolute_energy for actual, wape in days)
    return DayAheadError(sum(actual.absolute_error for actual, _ in days) / energy, expected / energy)


def _lead_errors(lead: int, days: Sequence[tuple[ForecastDay, ActualDay]]) -> LeadErrors:
    actual = [one for _, one in days]
    return LeadErrors(
        lead,
        len(days),
        _ratio((one.absolute_error for one in actual), (one.absolute_energy for one in actual)),
        _ratio((day.energy - one.energy for day, one in days), (one.energy for one in actual)),
        _ratio((day.peak.value - one.peak for day, one in days), (one.peak for one in actual)),
        sum(abs((day.peak.timestamp - one.peak_at).total_seconds()) for day, one in days) / HOUR_S / len(days),
        sum(one.coverage for one in actual) / len(days),
    )


def _ratio(errors: Iterable[float], sizes: Iterable[float]) -> float | None:
    size = sum(map(abs, sizes))
    return sum(map(abs, errors)) / size if size else None


def errors_of(actual: Sequence[float], forecast: Sequence[float], scale: float | None) -> Errors:
    """The errors of forecasts; `scale` is the mean absolute error of the naive forecast in the history."""
    off = sum(abs(a - f) for a, f in zip(actual, forecast, strict=True))
    size = sum(map(abs, actual))
    return Errors(
        wape=off / size if size else None,
        mase=off / len(actual) / scale if actual and scale else None,
    )


def coverage_of(actual: Sequence[float], low: Sequence[float], high: Sequence[float]) -> float | None:
    """The share of actual values within their intervals, bounds included; None for none."""
    inside = [bottom <= value <= top for value, bottom, top in zip(actual, low, high, strict=True)]
    return sum(inside) / len(inside) if inside else None
