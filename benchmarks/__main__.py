"""Runs the speed benchmarks: prints their tables and writes them as JSON. Run with `python -m benchmarks`.

Machines differ and may be busy, so the ratios between alternatives that ran in turn matter most.
"""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import metering, parquet, tables, whole_path

METERS = 404  # whose 31 days at 15 minutes are 1.2 million readings
console = Console(width=max(Console().width, 150))  # the tables are wide, and a pipe reports 80 columns


def main() -> None:
    """Run the benchmarks that are asked for, and write build/benchmarks.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", default=[*PARTS], help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--rounds", type=int, default=25, help="of the contestants, in turn")
    parser.add_argument("--days", type=int, nargs="+", default=[8, 31], help=f"sizes of the load, of {METERS} meters")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks.json"))
    arguments = parser.parse_args()
    if unknown := {*arguments.parts} - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; parts: {', '.join(PARTS)}")
    found: dict[str, Any] = {
        "machine": {
            "cpus": os.cpu_count(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
            "load_average": os.getloadavg()[0],
        }
    }
    console.print(f"{os.cpu_count()} CPUs, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}")
    for part in arguments.parts:
        found[part] = PARTS[part](arguments)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(found, indent=2))
    console.print(f"Written to {arguments.json}")


def show_metering(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Time the metering function on tables in memory, and print a row for each kind of batch."""
    rows = metering.measure(arguments.rounds)
    names = list(rows[0].microseconds)
    table = Table(title="The metering function: µs of CPU a reading, with its tables in memory", title_justify="left")
    for name in ("Readings an upload", "Packed", *names):
        table.add_column(name, justify="right")
    for row in rows:
        packed = "KPL" if row.aggregated else "plain"
        table.add_row(f"{row.readings_an_upload}", packed, *(f"{row.microseconds[name]:.2f}" for name in names))
    console.print(table)
    table = Table(title="How many times as long, the median of the rounds", title_justify="left")
    goals = ("merged / floor", "Bytewax / merged", "textbook / merged", "Bytewax / stored", "textbook / stored")
    for name in ("Readings an upload", "Packed", *goals):
        table.add_column(name, justify="right")
    for row in rows:
        packed = "KPL" if row.aggregated else "plain"
        table.add_row(f"{row.readings_an_upload}", packed, *(f"{value:.1f}" for value in row[3:]))
    console.print(table)
    return [row._asdict() for row in rows]


def show_tables(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time it on the tables of the laptop's cloud, beside the textbook consumer."""
    with tempfile.TemporaryDirectory() as state, whole_path.system(Path(state)) as (_, stack, _):
        found = tables.measure(stack, max(3, arguments.rounds // 5))
    table = Table(title="With its tables on the laptop's cloud", title_justify="left")
    for name in ("Readings/s", "The textbook's, an UpdateItem each", "Times as fast"):
        table.add_column(name, justify="right")
    table.add_row(f"{found.ours_a_second:,.0f}", f"{found.textbook_a_second:,.0f}", f"{found.times:,.0f}")
    console.print(table)
    return found._asdict()


def show_path(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Time the whole path from the way in to windows and bills."""
    table = Table(title="The whole path: electrocloud load --via kinesis --verify", title_justify="left")
    parts = ("cloud", "metering function", "delivery", "load")
    for name in (
        "Readings",
        "Seconds",
        "Readings/s",
        "Lost",
        "CPU s",
        "Load",
        "Parquet B",
        *(f"{part} CPU s, MB" for part in parts),
    ):
        table.add_column(name, justify="right")
    runs = []
    with tempfile.TemporaryDirectory() as state:
        for run in whole_path.measure([(METERS, days) for days in arguments.days], Path(state)):
            cpu = sum(part.cpu_s for part in run.parts.values())
            each = (run.parts.get(part, whole_path.Part(0, 0)) for part in parts)
            table.add_row(
                f"{run.readings:,}",
                f"{run.seconds:.1f}",
                f"{run.readings / run.seconds:,.0f}",
                f"{run.lost:,}",
                f"{cpu:.1f}",
                f"{run.machine_load:.1f}",
                f"{run.lake.bytes_a_reading:.2f}",
                *(f"{part.cpu_s:.1f}, {part.most_mb:.0f}" for part in each),
            )
            of_parts = {name: part._asdict() for name, part in run.parts.items()}
            runs.append(run._asdict() | {"parts": of_parts, "lake": _of_lake(run.lake)})
    console.print(table)
    return runs


def show_parquet(_: argparse.Namespace) -> dict[str, Any]:
    """Measure the size of the Parquet files, and what each question reads of them."""
    lakes = parquet.measure()
    columns = list(lakes[96].of_columns())
    table = Table(title="Parquet: bytes a reading", title_justify="left")
    for name in ("Readings an upload", "Files", "Rows a file", "Bytes a reading", *columns):
        table.add_column(name, justify="right")
    for per_upload, lake in lakes.items():
        each = lake.of_columns()
        table.add_row(
            f"{per_upload}",
            f"{lake.files}",
            f"{lake.rows_a_file:,.0f}",
            f"{lake.bytes_a_reading:.2f}",
            *(f"{each[name]:.2f}" for name in columns),
        )
    console.print(table)
    read = parquet.month_read(lakes[96])
    console.print(
        f"{parquet.QUESTION} of one month reads {read.read:,} of {read.table:,} bytes ({read.read / read.table:.0%}): "
        f"{read.days} of {len(lakes[96].column_bytes)} days, columns {', '.join(read.columns)}"
    )
    return {"lakes": {count: _of_lake(lake) for count, lake in lakes.items()}, "month_question": read._asdict()}


def _of_lake(lake: parquet.Lake) -> dict[str, Any]:
    return {
        "files": lake.files,
        "rows_a_file": lake.rows_a_file,
        "bytes_a_reading": lake.bytes_a_reading,
        "columns": lake.of_columns(),
    }


PARTS = {"metering": show_metering, "tables": show_tables, "path": show_path, "parquet": show_parquet}

if __name__ == "__main__":
    main()
