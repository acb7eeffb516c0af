"""The latest state of the fleet: each meter's power, and which meters are silent."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from presentation import units

NEVER = "Never reported"


class Fleet(NamedTuple):
    """`meters` has one row per registered meter; `now` is the end of the fleet's newest reading (s since 1970 UTC).

    Columns: the registry's; `power_w`, the mean power of the meter's latest reading, and `read_until`, its end (both
    NaN where no reading is known); `interval_s`; `silent_s`, the time since then; `silent`, whether that is longer than
    the meter's `allowed_silence_s`; `asked`, whether the store was asked for the meter's newest day, so that a meter
    without a reading has never reported. `now` comes from the readings because a simulated fleet's clock may differ
    from the wall clock.
    """

    meters: pd.DataFrame
    now: float

    @property
    def power_w(self) -> float:
        """The total power of all meters that are not silent."""
        return float(self.meters.loc[~self.meters["silent"], "power_w"].sum())

    @property
    def reporting(self) -> int:
        """The number of meters that are not silent."""
        return int((~self.meters["silent"]).sum())

    @property
    def zone(self) -> str:
        """The most common time zone among the meters."""
        return str(self.meters["timezone"].mode()[0])


class OlderDays:
    """The newest days of meters without readings today or yesterday, `most` of them read at a time.

    `read` gives the newest day of each meter that has one. Those that were asked for the longest time ago come first.
    """

    def __init__(self, read: Callable[[Collection[str]], Mapping[str, MeterDay]], most: int) -> None:
        self._read = read
        self._most = most
        self._known: dict[str, MeterDay | None] = {}  # the one that was read last is the last one

    def of(self, meter_ids: Collection[str]) -> dict[str, MeterDay | None]:
        """The newest day of each of these meters; None: it has none. Meters that have not been asked for are left out.

        All are asked for after len(meter_ids) / `most` calls.
        """
        wanted = {*meter_ids}
        known = {meter_id: self._known[meter_id] for meter_id in self._known if meter_id in wanted}
        next_ones = [*(one for one in meter_ids if one not in known), *known][: self._most]
        found = self._read(next_ones)
        for meter_id in next_ones:
            known.pop(meter_id, None)
            known[meter_id] = found.get(meter_id)
        self._known = known
        return dict(known)


def fleet_of(
    registered: Sequence[RegisteredMeter], days: Mapping[str, MeterDay], not_asked: Collection[str] = frozenset()
) -> Fleet | None:
    """Build the fleet from its registered meters and each meter's newest day; None if there is no reading yet.

    Of the meters `not_asked`, nothing is known but that they have no reading today or yesterday.
    """
    latest = {meter_id: day.latest for meter_id, day in days.items() if day.count}
    if not latest:
        return None
    meters = pd.DataFrame(registered, columns=[*RegisteredMeter._fields])
    meters["allowed_silence_s"] = [meter.allowed_silence_s for meter in registered]
    meters["asked"] = ~meters["meter_id"].isin(not_asked)
    readings = pd.DataFrame(
        [
            (meter_id, wh * 3600 / seconds, start + seconds, seconds)
            for meter_id, (start, seconds, wh) in latest.items()
        ],
        columns=["meter_id", "power_w", "read_until", "interval_s"],
    )
    meters = meters.merge(readings, on="meter_id", how="left")
    now = float(meters["read_until"].max())
    meters["silent_s"] = now - meters["read_until"]
    meters["silent"] = ~(meters["silent_s"] <= meters["allowed_silence_s"])
    return Fleet(meters, now)


def silent_for(silent_s: float, *, asked: bool) -> str:
    """How long a meter has been silent, such as `2 d 4 h`, by the columns of the same names."""
    if not math.isnan(silent_s):
        return units.duration(silent_s)
    return NEVER if asked else "More than 1 d"


def feeders_of(fleet: Fleet) -> pd.DataFrame:
    """One row per feeder: the mean position of its meters, `power_w`, and its numbers of `meters` and `silent` ones."""
    reporting = fleet.meters.assign(power_w=fleet.meters["power_w"].where(~fleet.meters["silent"], 0.0))
    return reporting.groupby("feeder", as_index=False).agg(
        lat=("lat", "mean"),
        lon=("lon", "mean"),
        power_w=("power_w", "sum"),
        meters=("meter_id", "size"),
        silent=("silent", "sum"),
    )
