"""Lives many seeds' months with all that can go wrong, and shows what did and what was lost: `make faults`."""

import argparse
import sys
import time
from collections import Counter

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.faults.plan import FULL, SHORT, plan
from tests.faults.run import Report, run

SIZES = {"short": SHORT, "full": FULL}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds to run (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default: %(default)s)")
    parser.add_argument("--size", choices=SIZES, default="full", help="of the fleet (default: %(default)s)")
    arguments = parser.parse_args()
    console = Console(file=sys.stdout)
    began = time.monotonic()
    reports = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, redirect_stdout=False) as progress:
        task = progress.add_task("", total=arguments.seeds)
        for number in range(arguments.seeds):
            seed = arguments.first + number
            progress.update(task, description=f"seed {seed}", completed=number)
            report = run(
                plan(seed, SIZES[arguments.size]),
                lambda share, number=number: progress.update(task, completed=number + min(1.0, share)),
            )
            reports.append(report)
            for loss in report.losses:
                console.print(f"[red]seed {seed}: {loss}")
        progress.update(task, completed=arguments.seeds)
    console.print(_faults(reports))
    console.print(_sums(reports, time.monotonic() - began))
    if failed := [report.seed for report in reports if report.losses]:
        for seed in failed:
            console.print(
                f"[red]To see it again: python -m tests.faults --size {arguments.size} --seeds 1 --first {seed}"
            )
        raise SystemExit(1)


def _faults(reports: list[Report]) -> Table:
    faults = sum((report.faults for report in reports), Counter())
    table = Table(title="What went wrong", box=box.SIMPLE_HEAD, title_justify="left")
    for _ in range(2):
        table.add_column("Fault")
        table.add_column("Times", justify="right")
    kinds = [name for name in faults if name.startswith("poison: ")]
    faults[f"poison of {len(kinds)} kinds"] = faults.pop("poison", 0)
    rows = [(name, f"{count:,}") for name, count in sorted(faults.items()) if name not in kinds]
    half = (len(rows) + 1) // 2
    for left, right in zip(rows[:half], [*rows[half:], ("", "")], strict=False):
        table.add_row(*left, *right)
    return table


def _sums(reports: list[Report], seconds: float) -> Table:
    uploads = sum((report.uploads for report in reports), Counter())
    table = Table(title="What became of it", box=box.SIMPLE_HEAD, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    losses = sum(len(report.losses) for report in reports)
    for name, count in (
        ("seeds", len(reports)),
        ("readings sent", sum(report.readings for report in reports)),
        ("uploads accepted by the stream, repeated ones too", uploads["accepted"]),
        ("uploads in windows and bills", uploads["windowed"]),
        ("uploads in quarantine, with their reason", uploads["quarantined"]),
        ("uploads still in the stream", uploads["waiting"]),
        ("uploads lost", uploads["lost"]),
    ):
        table.add_row(name, f"{count:,}")
    table.add_row(
        "[bold]losses and differences from a run without faults", f"[bold {'red' if losses else 'green'}]{losses}"
    )
    table.add_row("seconds", f"{seconds:,.0f}")
    return table


if __name__ == "__main__":
    main()
