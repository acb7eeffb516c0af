"""An hourly series from a file: the load of the meters of a meter data file, or any values by the hour."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cli.files.usage import delivered
from electrocloud.domain.errors import UsageError
from electrocloud.domain.hourly_load import HourlyLoad, LoadHour
from electrocloud.domain.local_time import DAY_S, HOUR_S
from forecasting import load as loads
from meter_files.channel import SCALE, Channel, Contents, Numbers, ReadOptions
from meter_files.checks import refuse_register, refuse_years
from meter_files.energy import Readings, in_order
from meter_files.load import MeterLoad, load_of_contents, summary
from meter_files.presets import HOURLY_SERIES, PRESETS
from meter_files.reader import at_path, read_contents

_NO_ZONE = "days are taken in UTC; with --zone, such as --zone Europe/Berlin, they are those of that clock"


class Series(NamedTuple):
    """A load, the instant (s since 1970 UTC) at which it ends, and what was found in the file, line by line.

    Values are Wh, or in the unit of a file that has the columns timestamp and value.
    """

    load: loads.Load
    end: int
    found: list[str]

    def ahead(self, horizon: int | loads.Days) -> list[datetime]:
        """The starts of the hours that follow."""
        return loads.hours_after(self.end, horizon, self.load.zone)


def read_series(path: Path, options: ReadOptions) -> Series:
    """The hourly load of all meters in a file of any kind that `meter_files` reads, or its hourly values of any unit.

    An hour that lacks a reading is a gap. `UsageError` names the fault and its row, counting the header as row 1.
    """
    contents = read_contents(path, options, (*PRESETS, HOURLY_SERIES))
    try:
        values = contents.channels[0].unit == "other"
        found = _of_values(contents) if values else _of_meters(contents, options)
    except UsageError as fault:
        raise at_path(path, fault) from None
    return found if options.zone or contents.zone else found._replace(found=[*found.found, _NO_ZONE])


def _of_values(contents: Contents) -> Series:
    (channel,) = contents.channels
    remarks = [*contents.remarks]
    refuse_years(channel.stamp, channel.row)
    if channel.kind == "register":
        raise UsageError("the unit of the register is not known; give --unit, such as --unit kWh")
    refuse_register(channel)
    channel, usual = in_order(channel, remarks)
    zone = contents.zone or "UTC"
    start, value = channel.stamp, channel.value / SCALE["other"]
    if len(start) > 2:
        _refuse_long(usual)
        if usual < HOUR_S:
            start, value = _hourly_means(channel, usual, zone)
            remarks.append(
                f"{len(start):,} hours, each the mean of its values {usual / 60:g} min apart; "
                "if they are energy, give their --unit, such as --unit kWh, to add them up"
            )
    load = loads.load_of(loads.wall_clock(start, zone), value, zone)
    return Series(load, int(start[-1]) + HOUR_S, remarks)


def _hourly_means(channel: Channel, seconds: int, zone: str) -> tuple[Numbers, loads.Floats]:
    """The starts of the hours of the zone's clock that have all of their values, `seconds` apart, and their means."""
    begin = channel.stamp - seconds if channel.stamped == "end" else channel.stamp
    phase = int(begin[0] - loads.wall_clock(begin[:1], zone)[0]) % HOUR_S
    hour, which, count = np.unique((begin - phase) // HOUR_S, return_inverse=True, return_counts=True)
    whole = count * seconds == HOUR_S
    if not whole.any():
        raise UsageError("no hour has all of its values; a forecast needs whole hours")
    return hour[whole] * HOUR_S + phase, (np.bincount(which, channel.value) / count / SCALE["other"])[whole]


def _of_meters(contents: Contents, options: ReadOptions) -> Series:
    load = load_of_contents(contents, options)
    meters, remarks = delivered(load)
    zone = options.zone or load.zone or "UTC"
    hours = hourly(meters, zone)
    return Series(loads.clock_load(hours, zone), hours.end, [*summary(load), *remarks])


def hourly(meters: list[MeterLoad], zone: str) -> HourlyLoad:
    """The hours of which meters have all readings, and their energy."""
    found: dict[int, tuple[int, int]] = {}
    for meter in meters:
        starts, wh = _whole_hours(meter.readings, zone)
        for start, energy in zip(starts.tolist(), wh.tolist(), strict=True):
            before, count = found.get(start, (0, 0))
            found[start] = before + energy, count + 1
    return HourlyLoad(LoadHour(start, wh, count) for start, (wh, count) in found.items())


def _whole_hours(readings: Readings, zone: str) -> tuple[Numbers, Numbers]:
    """The starts and Wh of the hours that a meter's readings fill: hours of the zone's clock, or of hourly readings."""
    usual = int(np.median(readings.seconds))
    _refuse_long(usual)
    begin = int(readings.start[0])
    offset = 0 if usual == HOUR_S else int(loads.wall_clock(readings.start[:1], zone)[0]) - begin
    phase = begin % HOUR_S if usual == HOUR_S else -offset % HOUR_S
    hour = (readings.start - phase) // HOUR_S
    inside = (readings.start - phase) % HOUR_S + readings.seconds <= HOUR_S
    number, which = np.unique(hour[inside], return_inverse=True)
    seconds = np.zeros(len(number), np.int64)
    wh = np.zeros(len(number), np.int64)
    np.add.at(seconds, which, readings.seconds[inside])
    np.add.at(wh, which, readings.wh[inside])
    whole = seconds == HOUR_S
    if not whole.any():
        raise UsageError("no hour has all of its readings; a forecast needs whole hours")
    return number[whole] * HOUR_S + phase, wh[whole]


def _refuse_long(seconds: int) -> None:
    if seconds > HOUR_S:
        apart = "a day" if seconds == DAY_S else f"{seconds / HOUR_S:g} h"
        raise UsageError(f"the values are {apart} apart; a forecast needs one for each hour")
