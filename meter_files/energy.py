"""The energy of a channel's readings: whole Wh whose sum is the file's own."""

from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from meter_files.channel import Channel, Flags, Numbers, ReadOptions

SNAP_S = 30  # a time this near to the grid is on it: clocks of meters and loggers drift by seconds
_MWS_PER_WH = 3_600_000  # mW x s
_DAY_S = 86_400


class Readings(NamedTuple):
    """A channel's readings in time order, each once: `start` (s since 1970 UTC), `seconds`, whole `wh`, `row`, and
    which were estimated. `remarks` say what was corrected or left out."""

    start: Numbers
    seconds: Numbers
    wh: Numbers
    row: Numbers
    estimated: Flags
    remarks: list[str]


def readings_of(channel: Channel, options: ReadOptions) -> Readings:
    """The readings of a channel of energy or power. `UsageError` names a row that contradicts another.

    Energies are rounded so that any run of them sums to that of the file, to the Wh: what rounding one reading takes or
    adds is carried to the next.
    """
    remarks: list[str] = []
    channel, usual = in_order(channel, remarks)
    if channel.kind == "register":
        return _differences(channel, usual, options, remarks)
    seconds = channel.seconds if (channel.seconds > 0).all() else _lengths(channel, usual)
    start = channel.stamp - seconds if channel.stamped == "end" else channel.stamp
    _refuse_overlap(channel, start, seconds)
    energy = channel.value * seconds if channel.kind == "average power" else channel.value * 3600
    return Readings(start, seconds, _whole(energy), channel.row, channel.estimated, remarks)


def in_order(channel: Channel, remarks: list[str]) -> tuple[Channel, int]:
    """The channel in time order, each time once and on the grid of its intervals, and their usual length in s.

    `remarks` gets what was corrected; `UsageError` names rows that contradict each other.
    """
    channel = _once_each(channel.take(np.lexsort((channel.version, channel.stamp))), remarks)
    if len(channel.stamp) < 2 and channel.kind == "register":
        raise UsageError(
            f"one reading of the register{_of(channel)}: energy is the difference of two, so give a file with more"
        )
    usual = _usual(channel)
    return _snapped(channel, usual, remarks), usual


def _once_each(channel: Channel, remarks: list[str]) -> Channel:
    """One reading per time: the one with the highest version. `channel` is sorted by time and version."""
    same = channel.stamp[1:] == channel.stamp[:-1]
    if not same.any():
        return channel
    clash = same & (channel.version[1:] == channel.version[:-1]) & (channel.value[1:] != channel.value[:-1])
    if clash.any():
        at = int(np.argmax(clash))
        one, other = channel.row[at : at + 2]
        raise UsageError(
            f"row {other} has another value than row {one} for the same time{_of(channel)}; take one of the two out"
        )
    remarks.append(f"{int(same.sum()):,} repeated readings{_of(channel)}")
    return channel.take(np.append(~same, True))


def _usual(channel: Channel) -> int:
    """The most common length in s: of the file, or of the steps between times; an hour for a single reading."""
    lengths = channel.seconds[channel.seconds > 0] if (channel.seconds > 0).any() else np.diff(channel.stamp)
    if not len(lengths):
        return 3600
    values, counts = np.unique(lengths, return_counts=True)
    usual = int(values[len(counts) - 1 - np.argmax(counts[::-1])])  # the longest of the most common
    for step in (60, 300, 600, 900, 1800, 3600, _DAY_S):
        if abs(usual - step) <= min(SNAP_S, step // 20):
            return step
    return usual


def _snapped(channel: Channel, usual: int, remarks: list[str]) -> Channel:
    """The channel with times that are off the grid of `usual` s by seconds put on it."""
    if usual < 60:
        return channel
    drift = (channel.stamp + 30) % 60 - 30
    jitter = (drift != 0) & (np.abs(drift) <= min(SNAP_S, max(1, usual // 20)))
    if not jitter.any():
        return channel
    stamp = channel.stamp - np.where(jitter, drift, 0)
    clash = np.flatnonzero(stamp[1:] <= stamp[:-1])
    if len(clash):
        one, other = channel.row[clash[0] : clash[0] + 2]
        raise UsageError(
            f"rows {one} and {other} are seconds apart{_of(channel)}; one interval has one reading, so take one out"
        )
    remarks.append(f"{int(jitter.sum()):,} times moved by seconds onto the minute{_of(channel)}")
    seconds = (
        np.where(channel.seconds > 0, (channel.seconds + 30) // 60 * 60, 0) if usual % 60 == 0 else channel.seconds
    )
    return channel._replace(stamp=stamp, seconds=seconds)


def _lengths(channel: Channel, usual: int) -> Numbers:
    """Each reading's length where the file does not say: to its neighbor, at most the usual one, longer by an hour for
    days on which clocks go back."""
    steps = np.diff(channel.stamp)
    longest = usual + 3600 if usual > 3600 and _DAY_S % usual == 0 else usual
    near = np.where(steps > longest, usual, steps)
    found = np.append(near, usual) if channel.stamped == "start" else np.insert(near, 0, usual)
    known = channel.seconds > 0
    return np.where(known, channel.seconds, found)


def _refuse_overlap(channel: Channel, start: Numbers, seconds: Numbers) -> None:
    late = start[:-1] + seconds[:-1] > start[1:]
    if late.any():
        at = int(np.argmax(late))
        one, other = channel.row[at : at + 2]
        raise UsageError(f"rows {one} and {other} overlap{_of(channel)}: {seconds[at]} s from {_written(start[at])}")


def _differences(channel: Channel, usual: int, options: ReadOptions, remarks: list[str]) -> Readings:
    """The rises of a register between its readings. A fall near the top of its digits is a roll-over, any other the
    exchange of the meter. A rise over missing readings is left out or spread over them, as `options.gap` says."""
    seconds, rise = np.diff(channel.stamp), np.diff(channel.value)
    fell = np.flatnonzero(rise < 0)
    keep = np.ones(len(rise), bool)
    for at in fell.tolist():
        before = int(channel.value[at])
        top = 10 ** len(str(before // 10**6)) * 10**6 if channel.unit == "kWh" else 10 ** len(str(before))
        if before > 0.98 * top and channel.value[at + 1] < 0.02 * top:
            rise[at] += top
            remarks.append(f"the register rolled over at row {channel.row[at + 1]}{_of(channel)}")
        else:
            keep[at] = False
            remarks.append(
                f"the register fell at row {channel.row[at + 1]}{_of(channel)}: taken as an exchange of the meter"
            )
    gap = keep & (seconds > usual + usual // 2) & ~((usual > 3600) & (seconds <= usual + 3600))
    if gap.any() and options.gap == "leave-out":
        wh = int(rise[gap].sum()) // 1000
        remarks.append(
            f"{int(gap.sum())} gaps with {wh / 1000:,.3f} kWh left out{_of(channel)}; --gap spread shares it"
        )
        keep &= ~gap
    start, row = channel.stamp[:-1][keep], channel.row[1:][keep]
    seconds, rise, estimated = seconds[keep], rise[keep], (channel.estimated[1:] | channel.estimated[:-1])[keep]
    if options.gap == "spread" and gap.any():
        start, seconds, rise, row, estimated = _spread(start, seconds, rise, row, estimated | gap[keep], usual)
    return Readings(start, seconds, _whole(rise * 3600), row, estimated, remarks)


def _spread(
    start: Numbers, seconds: Numbers, rise: Numbers, row: Numbers, estimated: Flags, usual: int
) -> tuple[Numbers, Numbers, Numbers, Numbers, Flags]:
    """Long readings cut into ones of `usual` s, each with its share; these count as estimated."""
    counts = np.maximum(1, seconds // usual)
    which = np.repeat(np.arange(len(start)), counts)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    many = counts[which]
    begin = start[which] + nth * usual
    length = np.where(nth == many - 1, start[which] + seconds[which] - begin, usual)
    share = (nth + 1) * rise[which] // many - nth * rise[which] // many
    return begin, length, share, row[which], estimated[which]


def _whole(energy: Numbers) -> Numbers:
    """Whole Wh of energies in mW x s, with what is rounded carried on."""
    total = np.concatenate(([0], np.cumsum(energy)))
    wh: Numbers = np.diff((total + _MWS_PER_WH // 2) // _MWS_PER_WH)
    return wh


def _of(channel: Channel) -> str:
    return f" ({channel.name})" if channel.name else ""


def _written(instant: np.int64) -> str:
    return f"{np.datetime64(int(instant), 's')}Z"
