"""Whether readings can be true: one set of rules for every file that is billed, compared, forecast or imported."""

from datetime import UTC, datetime

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.upload import LAST_YEAR, MAX_POWER_W
from meter_files.channel import Channel, Numbers, ReadOptions
from meter_files.energy import Readings

FIRST_YEAR = 1990  # no interval meter is older
_ENOUGH = 8  # readings from which a pattern is told from chance
_DAYS_S, _ENOUGH_OF_DAYS = 2 * 86_400, 24  # for which, and in how many readings, no load only rises
_SHORT = 10  # a reading this many times shorter than most is a stray time


def check(channel: Channel, readings: Readings) -> None:
    """Raise `UsageError`, naming the row, for what no meter measures."""
    refuse_register(channel)
    wh, seconds, row = readings.wh, readings.seconds, readings.row
    if (wh < 0).any():
        at = int(np.argmin(wh))
        raise UsageError(
            f"row {row[at]}: {wh[at]:,} Wh{_of(channel)}; delivered energy is 0 or more. If negative values "
            "are what is delivered, give --sign -"
        )
    if (seconds <= 0).any():
        raise UsageError(f"row {row[int(np.argmin(seconds))]}: ends before it begins{_of(channel)}")
    power = wh * 3600 / seconds
    if (power > MAX_POWER_W).any():
        at = int(np.argmax(power))
        raise UsageError(
            f"row {row[at]}: {wh[at]:,} Wh in {seconds[at]:,} s is {power[at] / 1e6:,.0f} MW{_of(channel)}; at most "
            f"{MAX_POWER_W // 10**6} MW is taken. Check --unit"
        )
    usual = float(np.median(seconds))
    if (short := seconds * _SHORT < usual).any():
        at = int(np.argmax(short))
        raise UsageError(
            f"row {row[at]} lasts {seconds[at]} s{_of(channel)}, where most last {usual:,.0f} s; check its time"
        )
    refuse_years(readings.start, row)


def refuse_years(start: Numbers, row: Numbers) -> None:
    """Raise `UsageError`, naming the row, for times of years in which no interval meter measured."""
    years = [datetime.fromtimestamp(int(one), UTC).year for one in (start.min(), start.max())]
    for year, at in zip(years, (int(np.argmin(start)), int(np.argmax(start))), strict=True):
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise UsageError(f"row {row[at]} is in the year {year}; {FIRST_YEAR} to {LAST_YEAR} is taken")


def stamp_hint(channel: Channel, readings: Readings, options: ReadOptions) -> list[str]:
    """A remark if times look like ends of intervals although nothing says so: from 00:15 to 00:00, by quarter-hours."""
    if options.stamp or channel.stamped == "end" or channel.kind == "register" or len(readings.start) < _ENOUGH:
        return []
    usual = int(np.median(readings.seconds))
    if usual >= 3600 or readings.start[0] % 3600 != usual or readings.start[-1] % 3600:
        return []
    remark = f"times from :{usual // 60:02} to :00 may be ends of intervals{_of(channel)}; then give --stamp end"
    return [remark]


def refuse_register(channel: Channel) -> None:
    """`UsageError` for interval values that only rise, by little of what they are or for days: those of a register."""
    if channel.kind != "interval energy" or len(channel.value) < _ENOUGH:
        return
    value = channel.value[np.argsort(channel.stamp, kind="stable")]
    low, high = int(value[0]), int(value[-1])
    little = 0 < high - low < low
    long = len(value) >= _ENOUGH_OF_DAYS and np.ptp(channel.stamp) >= _DAYS_S
    if (little or long) and (np.diff(value) >= 0).all() and len(np.unique(value)) > len(value) // 2:
        raise UsageError(
            f"row {channel.row[0]} and all that follow only rise{_of(channel)}, as a register does; "
            f"give --kind register{' and its --unit' if channel.unit == 'other' else ''}"
        )


def _of(channel: Channel) -> str:
    return f" ({channel.name})" if channel.name else ""
