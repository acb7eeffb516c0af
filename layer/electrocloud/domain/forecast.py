"""What a forecast says, and how far it was off."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

import msgspec


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


class ForecastDay(msgspec.Struct, frozen=True):
    """A calendar day of a forecast, on the clock of its timestamps.

    hours: how many of the day's hours are forecast, the rest of them where the readings end within the day. energy:
    their sum (Wh). peak: the hour with the highest value. wape: the back-test's error on such a day, as many days
    ahead; None without a back-test.
    """

    day: date
    hours: int
    energy: float
    peak: ForecastHour
    wape: float | None = None


class Forecast(msgspec.Struct, frozen=True):
    """Hours ahead of one series, by the model that the back-test chose.

    `series` is `fleet`, `feeder/DE-F000` or `meter/DE-000001`. `note` says what a reader should know, such as that no
    model beat the naive ones. `coverage` is what the intervals reached in the back-test. `candidates` come best first.
    `realised` are the errors of this forecast once there are readings of its hours. `readings_until` is the end of the
    last reading that it was made from. Forecasts stored by earlier versions have neither that nor `days`.
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


class Range(msgspec.Struct, frozen=True):
    """An amount to come, and the interval that holds it in four of five cases."""

    value: Decimal
    low: Decimal
    high: Decimal


class MonthEnd(msgspec.Struct, frozen=True):
    """What a meter's billing month is going to come to, as seen at `made_at` (s since 1970): kWh, and $ on the bill.

    `before_credit`: the bill credits export, and the $ are without a credit that earlier bills may have left.
    `before_ratchet`: the tariff bills at least a part of earlier peaks, and the $ are without these.
    """

    meter_id: str
    month: str
    made_at: int
    energy_kwh: Range
    total: Range
    before_credit: bool = False
    before_ratchet: bool = False


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


def days_of(rows: Sequence[ForecastHour], wape_of: Callable[[Sequence[int]], float | None]) -> tuple[ForecastDay, ...]:
    """The calendar days of consecutive hours; `wape_of` has the back-test's error over some of them, by their index."""
    days: list[ForecastDay] = []
    for day, numbered in groupby(enumerate(rows), lambda one: one[1].timestamp.date()):
        places, hours = zip(*numbered, strict=True)
        peak = max(hours, key=lambda hour: hour.value)
        days.append(ForecastDay(day, len(hours), sum(hour.value for hour in hours), peak, wape_of(places)))
    return tuple(days)


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
