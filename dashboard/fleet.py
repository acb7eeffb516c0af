"""The fleet at its newest moment: what each meter draws, and which ones have fallen silent."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay


class Fleet(NamedTuple):
    """`meters` has a row a registered meter; `now` is the end of the newest reading of them all, s since 1970 UTC.

    Columns: those of the registry; `power_w`, the mean power of the meter's latest reading, and `read_until`, its end
    (both NaN without one); `interval_s`; `silent_s`, how long before now that was; `silent`, whether it is longer than
    an interval. The fleet's clock is its newest reading, since a simulated fleet does not keep ours.
    """

    meters: pd.DataFrame
    now: float

    @property
    def power_w(self) -> float:
        """What the meters that speak draw together."""
        return float(self.meters.loc[~self.meters["silent"], "power_w"].sum())

    @property
    def zone(self) -> str:
        """The time zone of most meters."""
        return str(self.meters["timezone"].mode()[0])


def fleet_of(registered: Sequence[RegisteredMeter], days: Mapping[str, MeterDay]) -> Fleet | None:
    """The fleet from its registry and the newest day of each meter that has one; None where no reading has come yet."""
    latest = {meter_id: day.latest for meter_id, day in days.items()}
    if not latest:
        return None
    meters = pd.DataFrame(registered)
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
    meters["silent"] = ~(meters["silent_s"] <= meters["interval_s"])
    return Fleet(meters, now)


def feeders_of(fleet: Fleet) -> pd.DataFrame:
    """A row a feeder: its place (the mean of its meters'), `power_w`, and how many `meters` it has and are `silent`."""
    speaking = fleet.meters.assign(power_w=fleet.meters["power_w"].where(~fleet.meters["silent"], 0.0))
    return speaking.groupby("feeder", as_index=False).agg(
        lat=("lat", "mean"),
        lon=("lon", "mean"),
        power_w=("power_w", "sum"),
        meters=("meter_id", "size"),
        silent=("silent", "sum"),
    )
