"""Measures which injected faults are found as suspect, and how many flags are correct: python -m
benchmarks.anomalies.
"""

from collections import Counter
from datetime import date
from typing import NamedTuple

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from forecasting.anomalies import DAY, MEMORY, Anomaly, Kind, anomalies, stuck_readings
from forecasting.load import HOUR_S, Floats, Hours, load_of
from producers.fleet.faults import Faults, InjectedFault, ReportedReadings, inject
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import Block, simulate

FINDS: dict[str, Kind] = {"spike": "high", "stuck": "stuck", "outage": "zero", "silent": "silent"}
RATES = Faults(stuck=0.003, spikes=0.003, silent=0.05, outage=0.005)


class Event(NamedTuple):
    """An injected fault; `seen`: it changed a reading that was sent, or took readings away."""

    fault: InjectedFault
    seen: bool


def main(meters: int = 200, days: int = 150, seed: int = 3, interval: int = 900) -> None:
    """Inject faults into a fleet at the rates of a bad month; judge each flag, and each fault after the first weeks."""
    fleet = make_fleet(meters, seed)
    start = date(2025, 1, 1)
    per_hour = HOUR_S // interval
    rows = np.full((meters, days * DAY * per_hour), np.nan)
    events: list[Event] = []
    zero = (start - date(1970, 1, 1)).days * DAY
    for block in simulate(fleet, start, days, interval):
        reported = inject(fleet, block, RATES)
        first = block.start // interval - zero * per_hour
        rows[block.meters, first : first + block.wh.shape[1]] = np.where(reported.sent, reported.wh, np.nan)
        row_of = {meter.meter_id: row for row, meter in enumerate(fleet.meters[block.meters])}
        events += [Event(one, _seen(one, row_of[one.meter_id], block, reported)) for one in reported.truth]
    found = {
        meter.meter_id: _flags(rows[row], zero, interval)
        for row, meter in enumerate(fleet.meters)
        if np.isfinite(rows[row]).any()
    }
    judged = [one for one in events if one.fault.kind in FINDS and one.fault.start // HOUR_S - zero >= MEMORY * DAY]
    _print(found, judged, zero)


def _seen(fault: InjectedFault, row: int, block: Block, reported: ReportedReadings) -> bool:
    cells = slice(*((time - block.start) // block.interval_s for time in (fault.start, fault.end)))
    changed = reported.sent[row, cells] & (reported.wh[row, cells] != block.wh[row, cells])
    return fault.kind == "silent" or bool(changed.any())


def _flags(readings: Floats, zero: int, interval: int) -> list[Anomaly]:
    values = readings.reshape(-1, HOUR_S // interval).sum(axis=1)
    load = load_of([(zero + hour) * HOUR_S for hour in range(len(values))], values.tolist())
    sent = np.flatnonzero(np.isfinite(readings))
    starts = zero * HOUR_S + sent * interval
    rows: Hours = np.stack([starts, np.full_like(starts, interval), readings[sent].astype(np.int64)], axis=1)
    stuck = [(first // HOUR_S - load.first, -(-end // HOUR_S) - load.first) for first, end in stuck_readings(rows)]
    shift = load.first - zero
    return [flag._replace(first=flag.first + shift, end=flag.end + shift) for flag in anomalies(load, stuck)]


def _print(found: dict[str, list[Anomaly]], events: list[Event], zero: int) -> None:
    right: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    injected = Counter(event.fault.kind for event in events)
    seen = Counter(event.fault.kind for event in events if event.seen)
    hours: dict[str, dict[int, set[str]]] = {}
    for fault, _ in events:
        for hour in _span(fault, zero):
            hours.setdefault(fault.meter_id, {}).setdefault(hour, set()).add(FINDS[fault.kind])
    flagged = Counter(flag.kind for flags in found.values() for flag in flags)
    for meter_id, flags in found.items():
        for flag in flags:
            truths = (hours.get(meter_id, {}).get(hour, set()) for hour in range(flag.first, flag.end))
            right[flag.kind] += any(flag.kind in kinds for kinds in truths)
    for fault, _ in events:
        span = _span(fault, zero)
        caught[fault.kind] += any(
            flag.kind == FINDS[fault.kind] and flag.first < span.stop and span.start < flag.end
            for flag in found.get(fault.meter_id, [])
        )
    table = Table(box=SIMPLE_HEAD)
    for head in ("fault", "injected", "seen", "found", "of injected", "of seen", "flag", "flagged", "precision"):
        table.add_column(head, justify="left" if head in ("fault", "flag") else "right")
    for name, kind in FINDS.items():
        shares = (f"{caught[name] / max(1, count):.0%}" for count in (injected[name], seen[name]))
        counts = (str(count[name]) for count in (injected, seen, caught))
        precision = f"{right[kind] / max(1, flagged[kind]):.0%}"
        table.add_row(name, *counts, *shares, kind, str(flagged[kind]), precision)
    Console(width=120).print(table)


def _span(fault: InjectedFault, zero: int) -> range:
    """The hours of a fault, counted from the first."""
    return range(fault.start // HOUR_S - zero, -(-fault.end // HOUR_S) - zero)


if __name__ == "__main__":
    typer.run(main)
