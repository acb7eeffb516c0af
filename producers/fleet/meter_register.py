"""A meter's register: counts the energy of loads that switch on and off, exact to the watt-second.

A run is a load with constant power from one second to another. Everything in a home consists of runs, so a reading of
any interval is their exact integral: the four 15-minute readings of an hour add up to its hourly reading.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DAY_S = 86_400


class Runs(NamedTuple):
    """Arrays of equal length: the meter's row, start (s since 1970 UTC), length (s, at least 0) and power (W)."""

    row: Ints
    start: Ints
    seconds: Ints
    watts: Ints


def counted_wh(energy_ws: Ints, days: int) -> Ints:
    """What a register shows of the energy of intervals (Ws, shape (meters, intervals)) that fill so many UTC days.

    It shows whole watt-hours and carries the remainder to the next interval; each UTC day starts at zero.
    """
    count = np.cumsum(energy_ws.reshape(len(energy_ws), days, -1), axis=2)
    count += 1800
    count //= 3600
    count[:, :, 1:] -= count[:, :, :-1].copy()
    return count.reshape(len(energy_ws), -1)


class Register:
    """Counts the runs of `meters` meters over `days` UTC days from `start` (s since 1970, a UTC midnight)."""

    def __init__(self, meters: int, start: int, days: int, interval_s: int) -> None:
        self.start, self.interval_s = start, interval_s
        self._days, self._intervals = days, days * DAY_S // interval_s
        # A change of power counts for the rest of its own interval, and fully in every later one. The last
        # column collects changes after the end.
        self._partial = np.zeros((meters, self._intervals + 1), np.int64)
        self._change = np.zeros((meters, self._intervals + 1), np.int64)

    def add(self, runs: Runs) -> None:
        """Count runs; the parts outside the register's days are ignored."""
        self._switch(runs.row, runs.start, runs.watts)
        self._switch(runs.row, runs.start + runs.seconds, -runs.watts)

    def wh(self) -> Ints:
        """Energy in whole Wh, shape (meters, intervals)."""
        return counted_wh(self.watt_seconds(), self._days)

    def watt_seconds(self) -> Ints:
        """Energy in Ws, shape (meters, intervals)."""
        watts = np.cumsum(self._change, axis=1) - self._change
        found: Ints = (self._partial + watts * self.interval_s)[:, : self._intervals]
        return found

    def _switch(self, row: Ints, at: Ints, watts: Ints) -> None:
        since = np.clip(at - self.start, 0, self._intervals * self.interval_s)
        column, into = np.divmod(since, self.interval_s)
        cell = row * (self._intervals + 1) + column
        np.add.at(self._change.reshape(-1), cell, watts)
        np.add.at(self._partial.reshape(-1), cell, watts * (self.interval_s - into))
