"""Uploads of a file's readings: one for each meter, UTC day and interval length, as the ingestion contract has them."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from electrocloud.domain.readings.upload import (
    FIRST_YEAR,
    INTERVALS_S,
    LAST_YEAR,
    ZONE_STEP_S,
    Direction,
    Quality,
    ReadingDocument,
    UploadDocument,
)
from meter_files.channel import Flags, Numbers
from meter_files.load import MeterLoad

_DAY_S = 86_400
_CLOCKS = [f"T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(1440)]  # by the minute of the day


def uploads_of(
    load: MeterLoad, meter_id: str, revision: int, left_out: Counter[str], reactive: MeterLoad | None = None
) -> Iterator[UploadDocument]:
    """The uploads of one meter's readings, in time order, with their direction and quality.

    `reactive` has the meter's reactive energy: what is of the same intervals is sent with them. What the contract does
    not take is counted in `left_out`.
    """
    readings = load.readings
    direction: Direction = "received" if load.direction == "received" else "delivered"
    taken = _taken(load, left_out)
    start, seconds, wh, estimated = (
        column[taken] for column in (readings.start, _nominal(readings.seconds), readings.wh, readings.estimated)
    )
    varh = None if reactive is None else _reactive(load, reactive, left_out)[taken]
    for interval_s in np.unique(seconds).tolist():
        mine = seconds == interval_s
        days, seconds_of_day = np.divmod(start[mine], _DAY_S)
        clocks = [_CLOCKS[minute] for minute in (seconds_of_day // 60).tolist()]
        energies = wh[mine].tolist()
        reactives = [None] * len(clocks)
        if varh is not None:
            reactives = [None if one < 0 else one for one in varh[mine].tolist()]
        qualities: list[Quality] = ["estimated" if one else "measured" for one in estimated[mine].tolist()]
        edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(clocks)]
        for low, high in pairwise(edges):
            day = str(np.datetime64(int(days[low]), "D"))
            rows = [
                ReadingDocument(day + clock, energy, revision, None, direction, quality, reactive)
                for clock, energy, quality, reactive in zip(
                    clocks[low:high], energies[low:high], qualities[low:high], reactives[low:high], strict=True
                )
            ]
            yield UploadDocument(meter_id, interval_s, rows)


def _reactive(load: MeterLoad, reactive: MeterLoad, left_out: Counter[str]) -> Numbers:
    """The varh of each reading, -1 where there is none."""
    readings = load.readings
    varh = np.full(len(readings.start), -1, np.int64)
    other = reactive.readings
    at = np.minimum(np.searchsorted(readings.start, other.start), len(readings.start) - 1)
    same = (readings.start[at] == other.start) & (readings.seconds[at] == other.seconds)
    varh[at[same]] = other.wh[same]
    left_out["readings of reactive energy without one of energy delivered"] += int((~same).sum())
    return varh


def _nominal(seconds: Numbers) -> Numbers:
    """Lengths as the contract has them: days of 23 and 25 hours are days."""
    return np.where(np.isin(seconds, (_DAY_S - 3600, _DAY_S + 3600)), _DAY_S, seconds)


def _taken(load: MeterLoad, left_out: Counter[str]) -> Flags:
    """Which readings the contract takes."""
    readings = load.readings
    known = np.isin(_nominal(readings.seconds), INTERVALS_S)
    step = np.where(known, np.minimum(readings.seconds, ZONE_STEP_S), 1)
    aligned = known & (readings.start % step == 0)
    low, high = (int(np.datetime64(f"{year}-01-01", "s").astype(np.int64)) for year in (FIRST_YEAR, LAST_YEAR + 1))
    in_years = (readings.start >= low) & (readings.start < high)
    lengths = ", ".join(str(one) for one in INTERVALS_S)
    left_out[f"intervals of another length than {lengths} s"] += int((~known).sum())
    left_out[
        f"intervals that do not begin at a multiple of their length, of {ZONE_STEP_S} s at most, after midnight UTC"
    ] += int((known & ~aligned).sum())
    left_out[f"readings before {FIRST_YEAR} or after {LAST_YEAR}"] += int((aligned & ~in_years).sum())
    found: Flags = aligned & in_years
    return found
