"""Measures which injected faults are found as suspect, and how many flags are correct: python -m
benchmarks.anomalies.
"""

from collections import Counter
from datetime import date

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from forecasting.anomalies import DAY, MEMORY, Anomaly, Kind, anomalies
from forecasting.load import load_of
from producers.fleet.faults import Faults, InjectedFault, inject
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate

FINDS: dict[str, Kind] = {"spike": "high", "stuck": "stuck", "outage": "zero", "silent": "silent"}
RATES = Faults(stuck=0.003, spikes=0.003, silent=0.05, outage=0.005)


def main(meters: int = 200, days: int = 150, seed: int = 3) -> None:
    """Inject faults into a fleet at the rates of a bad month; judge each flag, and each fault after the first weeks."""
    fleet = make_fleet(meters, seed)
    start = date(2025, 1, 1)
    rows = np.full((meters, days * 24), np.nan)
    truth: list[InjectedFault] = []
    zero = (start - date(1970, 1, 1)).days * 24
    for block in simulate(fleet, start, days, 3600):
        reported = inject(fleet, block, RATES)
        first = block.start // 3600 - zero
        rows[block.meters, first : first + block.wh.shape[1]] = np.where(reported.sent, reported.wh, np.nan)
        truth += reported.truth
    found = {
        meter.meter_id: _placed(rows[row], zero)
        for row, meter in enumerate(fleet.meters)
        if np.isfinite(rows[row]).any()
    }
    events = [event for event in truth if event.kind in FINDS and event.start // 3600 - zero >= MEMORY * DAY]
    _print(found, events, zero)


def _placed(values: np.ndarray, zero: int) -> list[Anomaly]:
    load = load_of([(zero + hour) * 3600 for hour in range(len(values))], values.tolist())
    shift = load.first - zero
    return [flag._replace(first=flag.first + shift, end=flag.end + shift) for flag in anomalies(load)]


def _print(found: dict[str, list[Anomaly]], events: list[InjectedFault], zero: int) -> None:
    right: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    injected = Counter(event.kind for event in events)
    hours: dict[str, dict[int, set[str]]] = {}
    for event in events:
        for hour in range(event.start // 3600 - zero, -(-event.end // 3600) - zero):
            hours.setdefault(event.meter_id, {}).setdefault(hour, set()).add(FINDS[event.kind])
    flagged = Counter(flag.kind for flags in found.values() for flag in flags)
    for meter_id, flags in found.items():
        for flag in flags:
            truths = (hours.get(meter_id, {}).get(hour, set()) for hour in range(flag.first, flag.end))
            right[flag.kind] += any(flag.kind in kinds for kinds in truths)
    for event in events:
        span = range(event.start // 3600 - zero, -(-event.end // 3600) - zero)
        caught[event.kind] += any(
            flag.kind == FINDS[event.kind] and flag.first < span.stop and span.start < flag.end
            for flag in found.get(event.meter_id, [])
        )
    table = Table(box=SIMPLE_HEAD)
    for head in ("fault", "injected", "recall", "flag", "flagged", "precision"):
        table.add_column(head, justify="left" if head in ("fault", "flag") else "right")
    for fault, kind in FINDS.items():
        table.add_row(
            fault,
            str(injected[fault]),
            f"{caught[fault] / max(1, injected[fault]):.0%}",
            kind,
            str(flagged[kind]),
            f"{right[kind] / max(1, flagged[kind]):.0%}",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
