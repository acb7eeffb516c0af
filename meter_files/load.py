"""The load that a file holds: what its meters took, reading by reading, and a sentence on what was found."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from electrocloud.domain.errors import UsageError
from meter_files.channel import Channel, Contents, Direction, ReadOptions
from meter_files.checks import check, stamp_hint
from meter_files.energy import Readings, readings_of
from meter_files.presets import OWN
from meter_files.reader import at_path, read_contents

_LENGTHS = {60: "minutes", 300: "5-minute intervals", 600: "10-minute intervals", 900: "quarter-hours",
            1800: "half-hours", 3600: "hours", 86_400: "days"}  # fmt: skip


class MeterLoad(NamedTuple):
    """What one meter measured in one direction, all its registers together; varh in the place of Wh of `reactive`."""

    meter: str
    direction: Direction
    readings: Readings
    channels: tuple[Channel, ...]


class Load(NamedTuple):
    """What a file holds. `remarks` say what was corrected or left out."""

    format: str
    zone: str
    meters: list[MeterLoad]
    remarks: list[str]


def read_load(path: Path, options: ReadOptions) -> Load:
    """Read a meter data file, check it, and add up the registers of each meter and direction.

    `UsageError` names the file and the row of a fault, or what to say of the file so that it can be read.
    """
    contents = read_contents(path, options)
    try:
        return load_of_contents(contents, options)
    except UsageError as fault:
        raise at_path(path, fault) from None


def load_of_contents(contents: Contents, options: ReadOptions) -> Load:
    """What the channels of a file hold, checked. `UsageError` names the row of a fault, but not the file."""
    grouped: dict[tuple[str, Direction], list[Channel]] = defaultdict(list)
    for channel in _chosen(contents.channels, options):
        for one in _by_sign(channel, options):
            grouped[one.meter, one.direction].append(one)
    meters: list[MeterLoad] = []
    remarks = [*contents.remarks]
    for (meter, direction), channels in sorted(grouped.items(), key=lambda item: item[0]):
        found = []
        for channel in channels:
            readings = readings_of(channel, options)
            remarks += readings.remarks
            if len(readings.start):
                check(channel, readings)
                remarks += stamp_hint(channel, readings, options)
                found.append(readings)
        if found:
            meters.append(MeterLoad(meter, direction, _added(meter, found), tuple(channels)))
    if not meters:
        raise UsageError("; ".join(["no readings are left", *remarks]))
    return Load(contents.format, contents.zone, _same_lengths(meters), remarks)


def _same_lengths(meters: list[MeterLoad]) -> list[MeterLoad]:
    """Reactive readings with the lengths of those of energy delivered: a gap of theirs makes none longer."""
    delivered = {one.meter: one.readings for one in meters if one.direction == "delivered"}
    found = []
    for one in meters:
        if one.direction == "reactive" and (of := delivered.get(one.meter)):
            readings = one.readings
            at = np.minimum(np.searchsorted(of.start, readings.start), len(of.start) - 1)
            seconds = np.where(of.start[at] == readings.start, of.seconds[at], readings.seconds)
            one = one._replace(readings=readings._replace(seconds=seconds))
        found.append(one)
    return found


def _chosen(channels: Iterable[Channel], options: ReadOptions) -> list[Channel]:
    found = [one for one in channels if options.register in (None, one.register)]
    if not found:
        names = sorted({one.register for one in channels if one.register})
        raise UsageError(f"no register {options.register!r}; the file has {', '.join(names) or 'none with a name'}")
    return found


def _by_sign(channel: Channel, options: ReadOptions) -> list[Channel]:
    """A channel of net energy as two of one direction each; `--sign -` turns a channel's values around."""
    if options.sign == "-":
        channel = channel._replace(value=-channel.value)
    if channel.direction != "net" or channel.kind == "register":
        return [channel]
    delivered = channel._replace(direction="delivered", value=np.maximum(channel.value, 0))
    received = channel._replace(direction="received", value=np.maximum(-channel.value, 0))
    return [delivered, received]


def _added(meter: str, found: list[Readings]) -> Readings:
    """Readings of several registers as one; `UsageError` if they are not of the same intervals."""
    first = found[0]
    for other in found[1:]:
        same = len(first.start) == len(other.start) and (first.start == other.start).all()
        if not same or not (first.seconds == other.seconds).all():
            raise UsageError(
                f"the registers of {meter or 'the meter'} have other intervals; give --register with one of them"
            )
    wh = np.sum([one.wh for one in found], axis=0)
    estimated = np.any([one.estimated for one in found], axis=0)
    return first._replace(wh=wh, estimated=estimated)


def summary(load: Load) -> list[str]:
    """A line for each meter and direction, such as `17,520 half-hours, 29 Jul 2022 to 29 Jul 2023 Europe/Paris,
    average W, end-stamped: 7,302.6 kWh`, and one for each remark. Of many meters, the first few.

    Files in the product's own format say all of it themselves: of these there are the remarks alone.
    """
    if load.format in OWN:
        return [*_estimated(load), *load.remarks]
    lines = [f"{load.format}: {_line(load, one)}" for one in load.meters[:4]]
    if len(load.meters) > 4:
        total = sum(int(one.readings.wh.sum()) for one in load.meters if one.direction != "reactive")
        lines.append(f"and {len(load.meters) - 4:,} more; {total / 1000:,.1f} kWh in all")
    return lines + load.remarks


def _estimated(load: Load) -> list[str]:
    counts = [int(one.readings.estimated.sum()) for one in load.meters]
    return [f"{sum(counts):,} readings were estimated by the sender"] if any(counts) else []


def _line(load: Load, one: MeterLoad) -> str:
    readings, channel = one.readings, one.channels[0]
    zone = ZoneInfo(load.zone or "UTC")
    usual = int(np.median(readings.seconds))
    first, last = (
        datetime.fromtimestamp(int(at), zone) for at in (readings.start[0], readings.start[-1] + readings.seconds[-1])
    )
    what = {
        "interval energy": channel.unit,
        "average power": f"average {channel.unit}",
        "register": f"register in {channel.unit}",
    }[channel.kind]
    name = f"{one.meter}, " if one.meter else ""
    estimated = f", {int(readings.estimated.sum()):,} estimated" if readings.estimated.any() else ""
    unit = "kvarh" if one.direction == "reactive" else "kWh"
    return (
        f"{name}{len(readings.wh):,} {_LENGTHS.get(usual, f'intervals of {usual} s')}, "
        f"{first:%-d %b %Y} to {last:%-d %b %Y} {load.zone or 'UTC'}, {what}, {channel.stamped}-stamped, "
        f"{one.direction}{estimated}: {readings.wh.sum() / 1000:,.1f} {unit}"
    )
