"""`electrocloud simulate`: a fleet's readings as a file, with its meters and the injected faults in files beside it."""

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.files.readings import ReadingsFile
from electrocloud.domain.errors import UsageError
from producers.fleet.faults import Faults, InjectedFault, joined
from producers.fleet.fleet import Fleet
from producers.fleet.meter_register import DAY_S
from producers.fleet.simulate import simulate as simulated

EQUIPMENT = ("ev", "heat_pump", "solar", "battery")


def simulate(out: Path, fleet: Fleet, days: int, interval: int, start: str, faults: Faults) -> None:
    """Simulate a fleet of meters and write its readings to a file.

    Columns: meter_id, start (UTC), interval_s, wh, voltage_v, revision, direction. The meters are written to
    NAME.meters.csv, and the injected faults, if any, to NAME.truth.csv.
    """
    console = Console(stderr=True)
    blocks = simulated(fleet, _day(start), days, interval)
    with ReadingsFile(out, fleet) as file, _progress() as progress:
        task = progress.add_task("simulating", total=len(fleet) * days * DAY_S // interval)
        truth: list[InjectedFault] = []
        for block in blocks:
            truth += file.write(block, faults)
            progress.advance(task, block.wh.size)
    written = [_write(out.with_suffix(".meters.csv"), _registry(fleet))]
    if faults:
        written.append(_write(out.with_suffix(".truth.csv"), _fault_rows(joined(truth))))
    console.print(
        f"{file.rows:,} readings of {len(fleet):,} meters in {out}; also wrote {' and '.join(map(str, written))}"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start {text!r} is not a date; write it as YYYY-MM-DD, such as 2025-01-01") from None


def _registry(fleet: Fleet) -> Iterator[dict[str, str | float]]:
    for meter in fleet.meters:
        yield meter.registered.row() | {name: int(getattr(meter, name)) for name in EQUIPMENT}


def _fault_rows(truth: list[InjectedFault]) -> Iterator[Mapping[str, object]]:
    for one in truth:
        yield one._asdict() | {"start": _iso(one.start), "end": _iso(one.end)}


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, rows: Iterator[Mapping[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        first = next(rows, None)
        if first:
            writer = csv.DictWriter(file, first, lineterminator="\n")
            writer.writeheader()
            writer.writerow(first)
            writer.writerows(rows)
    return path


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("readings"))
    return Progress(*columns, TimeElapsedColumn(), console=console)
