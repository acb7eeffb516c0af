"""The latest state of the fleet: each meter's power, and which meters are silent."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay


class Fleet(NamedTuple):
    """`meters` has one row per registered meter; `now` is the end of the fleet's newest reading (s since 1970 UTC).

    Columns: the registry's; `power_w`, the mean power of the meter's latest reading, and `read_until`, its end (both
    NaN if it never reported); `interval_s`; `silent_s`, the time since then; `silent`, whether that is longer than the
    meter's `allowed_silence_s`. `now` comes from the readings because a simulated fleet's clock may differ from the
    wall clock.
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


def fleet_of(registered: Sequence[RegisteredMeter], days: Mapping[str, MeterDay]) -> Fleet | None:
    """Build the fleet from its registered meters and each meter's newest day; None if there is no reading yet."""
    latest = {meter_id: day.latest for meter_id, day in days.items() if day.count}
    if not latest:
        return None
    meters = pd.DataFrame(registered, columns=[*RegisteredMeter._fields])
    meters["allowed_silence_s"] = [meter.allowed_silence_s for meter in registered]
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
