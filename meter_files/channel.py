"""The shape that every meter data file is brought to: channels, each the readings of one register of one meter."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Direction = Literal["delivered", "received", "net", "reactive"]  # reactive: with energy delivered, inductive
Kind = Literal["interval energy", "average power", "register"]
Unit = Literal["Wh", "kWh", "MWh", "W", "kW", "MW", "varh", "kvarh", "other"]
Stamp = Literal["start", "end"]

SCALE: dict[str, int] = {
    "Wh": 10**3, "kWh": 10**6, "MWh": 10**9, "W": 10**3, "kW": 10**6, "MW": 10**9,
    "varh": 10**3, "kvarh": 10**6, "other": 10**6,
}  # fmt: skip
UNITS = ("Wh", "kWh", "MWh", "W", "kW", "MW")


class Channel(NamedTuple):
    """The readings of one register of one meter, in the file's order, as the file has them.

    `stamp` is an instant (s since 1970 UTC) at the start or end of each reading, as `stamped` says; `seconds` its
    length, 0 where the file does not say. `value` counts mWh, of reactive energy mvarh and of average power mW: exact
    to the sixth decimal of kWh or kW; of any other unit it counts millionths. `row` is the line in the file, `version`
    the higher the newer, `estimated` what the sender did not measure. `register` tells the channels of a meter and
    direction apart.
    """

    meter: str
    register: str
    direction: Direction
    kind: Kind
    unit: Unit
    stamped: Stamp
    stamp: Numbers
    seconds: Numbers
    value: Numbers
    row: Numbers
    version: Numbers
    estimated: Flags

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> "Channel":
        """The same channel with some of its readings."""
        columns = ("stamp", "seconds", "value", "row", "version", "estimated")
        return self._replace(**{name: getattr(self, name)[which] for name in columns})

    @property
    def name(self) -> str:
        """What to call it in a message."""
        parts = (self.meter, self.register, self.direction)
        return " ".join(part for part in parts if part)


class Contents(NamedTuple):
    """What a file holds: its format's name, the channels, the zone of its clock (empty: UTC), and remarks on what was
    left out."""

    format: str
    channels: list[Channel]
    zone: str
    remarks: list[str]


class ReadOptions(NamedTuple):
    """What the person who has a file says of it; None: the file says it.

    format: a preset's name. zone: IANA zone of times without an offset. time, value: the columns of any other CSV.
    unit: of the values. kind: of the values. stamp: which end of an interval a time marks. sign: "-" where delivered
    energy is negative. register: the one register to take. gap: what becomes of a register's rise over a gap.
    """

    format: str | None = None
    zone: str | None = None
    time: str | None = None
    value: str | None = None
    unit: str | None = None
    kind: Kind | None = None
    stamp: Stamp | None = None
    sign: Literal["+", "-"] = "+"
    register: str | None = None
    gap: Literal["leave-out", "spread"] = "leave-out"
