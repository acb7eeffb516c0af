"""Faults between a register and its reported readings, each at a rate, with a record of every injected fault."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from producers.fleet.fleet import FEEDER_METERS, Fleet
from producers.fleet.habits import Bools
from producers.fleet.meter_register import DAY_S, Ints
from producers.fleet.random_numbers import Keys, fold_in, key, uniform
from producers.fleet.simulate import Block


@dataclass(frozen=True)
class Faults:
    """The rates of faults, each a share from 0 to 1.

    late, duplicates: uploads that arrive 1 h to 3 days late, or twice. gaps: meter-days with 1 to 8 hours missing.
    corrections: meter-days in which 2 to 12 hours are first estimated, and replaced 1 to 5 days later by revision 1.
    clock_drift: meters whose clock runs slow by up to 20 s a day and is reset each week. stuck: meter-days in which the
    register repeats one reading for 3 to 12 hours. spikes: meter-days with one reading 20 to 100 times too high.
    silent: meters that send nothing for 1 to 10 days in every 30. outage: feeder-days without supply for 15 minutes to
    4 hours. A fault that would extend beyond its UTC day ends with it.
    """

    late: float = 0.0
    duplicates: float = 0.0
    gaps: float = 0.0
    corrections: float = 0.0
    clock_drift: float = 0.0
    stuck: float = 0.0
    spikes: float = 0.0
    silent: float = 0.0
    outage: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            rate = getattr(self, field.name)
            if not 0 <= rate <= 1:
                raise UsageError(f"{field.name} is {rate}; it must be a share between 0 and 1")

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


class InjectedFault(NamedTuple):
    """A fault injected into a meter's readings that start in start..end (s since 1970, end excluded)."""

    meter_id: str
    start: int
    end: int
    kind: str
    detail: str


class ReportedReadings(NamedTuple):
    """A block as the head-end receives it.

    true: the actual energy. wh, received, decivolts: as first reported. sent: which readings are reported at all.
    corrected: which of them are sent again as revision 1 with the energy of `true`. Both directions share all but the
    energy.
    """

    true: Block
    wh: Ints
    received: Ints | None
    decivolts: Ints
    sent: Bools
    corrected: Bools
    truth: list[InjectedFault]


def inject(fleet: Fleet, block: Block, faults: Faults) -> ReportedReadings:
    """Inject faults into a block. They are keyed by seed, meter and day, so they are reproducible."""
    return _Injector(fleet.part(block.meters), block, faults).reported()


def joined(truth: Iterable[InjectedFault]) -> list[InjectedFault]:
    """The faults in order of time, with faults that continue from one block to the next joined."""
    whole: list[InjectedFault] = []
    last: dict[tuple[str, str, str], int] = {}
    for one in sorted(truth, key=lambda each: (each.start, each.meter_id, each.kind)):
        same = (one.meter_id, one.kind, one.detail)
        before = last.get(same)
        if before is not None and whole[before].end == one.start:
            whole[before] = whole[before]._replace(end=one.end)
        else:
            last[same] = len(whole)
            whole.append(one)
    return whole


class _Injector:
    """Injects faults into copies of a block's arrays and records them."""

    def __init__(self, part: Fleet, block: Block, faults: Faults) -> None:
        self._part, self._block, self._faults = part, block, faults
        self._per_day = DAY_S // block.interval_s
        self._wh, self._decivolts = block.wh.copy(), block.decivolts.copy()
        self._received = None if block.received is None else block.received.copy()
        self._registers = [self._wh] if self._received is None else [self._wh, self._received]
        self._sent, self._corrected = np.ones(block.wh.shape, bool), np.zeros(block.wh.shape, bool)
        self._index = np.arange(len(part)) + part.first
        self._days = block.start // DAY_S + np.arange(block.wh.shape[1] // self._per_day)
        self._truth: list[InjectedFault] = []

    def reported(self) -> ReportedReadings:
        for row, cells, _ in self._stretches("outage", self._index // FEEDER_METERS, 0.25, 4):
            self._set(row, cells, lambda _: 0)
            self._decivolts[row, cells] = 0
            self._note("outage", row, cells, self._part.meters[row].feeder)
        received = None if self._received is None else self._received.copy()
        true = self._block._replace(wh=self._wh.copy(), decivolts=self._decivolts.copy(), received=received)
        self._drift()
        for row, cells, _ in self._stretches("stuck", self._index, 3, 12):
            self._set(row, cells, lambda energy: int(energy[0]))
            self._note("stuck", row, cells, f"repeats {self._wh[row, cells.start]} Wh")
        for row, cells, one in self._stretches("spikes", self._index, 0, 0):
            factor = 20 + int(80 * uniform(one, "factor"))
            self._wh[row, cells] = np.maximum(self._wh[row, cells], 1) * factor
            self._note("spike", row, cells, f"times {factor}")
        for row, cells, _ in self._stretches("corrections", self._index, 2, 12):
            self._set(row, cells, lambda energy: int(energy.mean()))
            self._corrected[row, cells] = True
            self._note("correction", row, cells, f"estimated as {self._wh[row, cells.start]} Wh")
        for row, cells, _ in self._stretches("gaps", self._index, 1, 8):
            self._sent[row, cells] = False
            self._note("gap", row, cells, "not sent")
        self._silence()
        again = self._corrected & self._sent
        return ReportedReadings(true, self._wh, self._received, self._decivolts, self._sent, again, self._truth)

    def _set(self, row: int, cells: slice, value: Callable[[Ints], int]) -> None:
        """Replace the energy of some intervals by one value, in each direction."""
        for register in self._registers:
            register[row, cells] = value(register[row, cells])

    def _stretches(self, kind: str, whom: Ints, least_h: float, most_h: float) -> Iterator[tuple[int, slice, Keys]]:
        """The row, columns and key of each span affected by the fault, at most one per meter and day.

        whom: for each row, the number of the group that shares the fault: the meter itself or its feeder.
        """
        keys = fold_in(fold_in(key(self._part.seed, kind), whom)[:, None], self._days)
        for row, day in np.argwhere(uniform(keys, "befalls") < getattr(self._faults, kind)).tolist():
            one = keys[row, day]
            hours = least_h + (most_h - least_h) * float(uniform(one, "hours"))
            count = max(1, round(hours * 3600 / self._block.interval_s))
            first = day * self._per_day + int(uniform(one, "from") * self._per_day)
            yield row, slice(first, min(first + count, (day + 1) * self._per_day)), one

    def _drift(self) -> None:
        """A slow clock closes each interval late, so each contains some of the next one's energy, more so each day."""
        keys = fold_in(key(self._part.seed, "clock"), self._index)
        interval_s = self._block.interval_s
        moments = self._block.start + np.arange(self._wh.shape[1]) * interval_s
        for row in np.flatnonzero(uniform(keys, "drifts") < self._faults.clock_drift).tolist():
            slow_s = 3 + 17 * float(uniform(keys[row], "seconds"))
            off_s = np.minimum(slow_s * (moments % (7 * DAY_S)) / DAY_S, interval_s)
            for energy in self._registers:
                moved = np.rint(energy[row] * off_s / interval_s).astype(np.int64)
                energy[row] -= moved
                energy[row, :-1] += moved[1:]
            self._note("clock-drift", row, slice(0, len(moments)), f"slow by {slow_s:.1f} s a day")

    def _silence(self) -> None:
        for span in np.unique(self._days // 30).tolist():
            keys = fold_in(fold_in(key(self._part.seed, "silence"), self._index), span)
            for row in np.flatnonzero(uniform(keys, "falls silent") < self._faults.silent).tolist():
                length = 1 + int(10 * uniform(keys[row], "days"))
                first = span * 30 + int(uniform(keys[row], "from") * (31 - length)) - int(self._days[0])
                begin, end = (min(max(day, 0), len(self._days)) for day in (first, first + length))
                if begin < end:
                    cells = slice(begin * self._per_day, end * self._per_day)
                    self._sent[row, cells] = False
                    self._note("silent", row, cells, "not sent")

    def _note(self, kind: str, row: int, cells: slice, detail: str) -> None:
        start, end = (self._block.start + cell * self._block.interval_s for cell in (cells.start, cells.stop))
        self._truth.append(InjectedFault(self._part.meters[row].meter_id, start, end, kind, detail))
