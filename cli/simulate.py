"""`electrocloud simulate`: a fleet's readings as a file, with its meters and the injected faults in files beside it."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.files.readings import ReadingsFile
from electrocloud.domain.errors import UsageError
from producers.fleet.faults import Faults, InjectedFault, joined
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.meter_register import DAY_S
from producers.fleet.places import PLACES
from producers.fleet.simulate import simulate as simulated

console = Console(stderr=True)


def _rate(what: str) -> float:
    panel = "Faults: shares from 0 to 1, default 0"
    return typer.Option(0.0, help=what, rich_help_panel=panel, show_default=False)


def simulate(
    out: Annotated[Path, typer.Option(help="The file to write: .csv or .parquet.", show_default=False)],
    meters: Annotated[int, typer.Option(help="Number of meters.")] = 100,
    days: Annotated[int, typer.Option(help="Number of UTC days.")] = 30,
    interval: Annotated[int, typer.Option(help="Interval length in seconds: 60, 300, 900, 1800 or 3600.")] = 900,
    start: Annotated[str, typer.Option(help="The first day, YYYY-MM-DD.")] = "2025-01-01",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    place: Annotated[str, typer.Option(help=f"Location of the fleet: {', '.join(PLACES)}.")] = "DE",
    shops: Annotated[float, typer.Option(help="Share of shops among the meters.")] = 0.04,
    ev: Annotated[float, typer.Option(help="Share of homes with an electric car.")] = 0.0,
    heat_pumps: Annotated[float, typer.Option(help="Share of houses with a heat pump.")] = 0.0,
    late: float = _rate("Uploads that arrive 1 h to 3 days late."),
    duplicates: float = _rate("Uploads that arrive twice."),
    gaps: float = _rate("Meter-days with 1 to 8 h missing."),
    corrections: float = _rate("Meter-days with 2 to 12 h first estimated, then corrected."),
    clock_drift: float = _rate("Meters whose clock runs slow."),
    stuck: float = _rate("Meter-days on which a register repeats one reading for 3 to 12 h."),
    spikes: float = _rate("Meter-days with one reading 20 to 100 times too high."),
    silent: float = _rate("Meters that send nothing for 1 to 10 days in every 30."),
    outage: float = _rate("Feeder-days with an outage of 15 min to 4 h."),
) -> None:
    """Simulate a fleet of meters and write its readings to a file.

    Columns: meter_id, start (UTC), interval_s, wh, voltage_v, revision. The meters are written to NAME.meters.csv, and
    the injected faults, if any, to NAME.truth.csv.
    """
    faults = Faults(late, duplicates, gaps, corrections, clock_drift, stuck, spikes, silent, outage)
    fleet = make_fleet(meters, seed, place, shops=shops, ev=ev, heat_pumps=heat_pumps)
    blocks = simulated(fleet, _day(start), days, interval)
    with ReadingsFile(out, fleet) as file, _progress() as progress:
        task = progress.add_task("simulating", total=meters * days * DAY_S // interval)
        truth: list[InjectedFault] = []
        for block in blocks:
            truth += file.write(block, faults)
            progress.advance(task, block.wh.size)
    written = [_write(out.with_suffix(".meters.csv"), _registry(fleet))]
    if faults:
        written.append(_write(out.with_suffix(".truth.csv"), _fault_rows(joined(truth))))
    console.print(f"{file.rows:,} readings of {meters:,} meters in {out}; also wrote {' and '.join(map(str, written))}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start {text!r} is not a date; write it as YYYY-MM-DD, such as 2025-01-01") from None


def _registry(fleet: Fleet) -> Iterator[dict[str, object]]:
    for meter in fleet.meters:
        yield meter.registered.row() | {"ev": int(meter.ev), "heat_pump": int(meter.heat_pump)}


def _fault_rows(truth: list[InjectedFault]) -> Iterator[dict[str, object]]:
    for one in truth:
        yield one._asdict() | {"start": _iso(one.start), "end": _iso(one.end)}


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, rows: Iterator[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        first = next(rows, None)
        if first:
            writer = csv.DictWriter(file, first, lineterminator="\n")
            writer.writeheader()
            writer.writerow(first)
            writer.writerows(rows)
    return path


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("readings"))
    return Progress(*columns, TimeElapsedColumn(), console=console)
