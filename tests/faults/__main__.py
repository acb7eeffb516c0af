"""Runs months with injected faults, one per seed, and reports what was injected and lost: `make faults`."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from signal import SIG_IGN, SIGINT, signal

from rich import box
from rich.console import Console
from rich.table import Table

from tests.faults.plan import FULL, SHORT, plan
from tests.faults.run import Report, run

SIZES = {"short": SHORT, "full": FULL}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds to run (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default: %(default)s)")
    parser.add_argument("--size", choices=SIZES, default="full", help="of the fleet (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at a time (default: %(default)s)")
    arguments = parser.parse_args()
    console = Console(file=sys.stdout)
    began = time.monotonic()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    reports: list[Report] = []
    try:
        for report in _run_all(seeds, arguments.size, arguments.jobs):
            reports.append(report)
            console.print(_progress(report, len(reports), len(seeds), time.monotonic() - began))
            for loss in report.losses:
                console.print(f"[red]seed {report.seed}: {loss}")
    except KeyboardInterrupt:
        console.print("[yellow]interrupted: these are the figures of the finished seeds")
    console.print(_faults(reports))
    console.print(_sums(reports, time.monotonic() - began))
    if failed := sorted(report.seed for report in reports if report.losses):
        for seed in failed:
            console.print(f"[red]To reproduce: python -m tests.faults --size {arguments.size} --seeds 1 --first {seed}")
        raise SystemExit(1)
    if len(reports) < len(seeds):
        raise SystemExit(f"NOT FINISHED: {len(reports)} of {len(seeds)} seeds ran and lost nothing")
    console.print(f"[bold green]PASSED: nothing was lost with any of {len(seeds)} seeds")


def _run_all(seeds: range, size: str, jobs: int) -> Iterator[Report]:
    """The reports, as the seeds finish."""
    with ProcessPoolExecutor(jobs, initializer=signal, initargs=(SIGINT, SIG_IGN)) as pool:
        running = [pool.submit(_run, seed, size) for seed in seeds]
        try:
            for one in as_completed(running):
                yield one.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _run(seed: int, size: str) -> Report:
    try:
        return run(plan(seed, SIZES[size]))
    except Exception as fault:  # noqa: BLE001  one seed's crash must not hide the verdict on the others
        return Report(seed, 0, Counter(), Counter(), [f"the run crashed: {fault!r}"])


def _progress(report: Report, done: int, seeds: int, seconds: float) -> str:
    left = seconds / done * (seeds - done)
    lost = f"[red]{len(report.losses)} losses" if report.losses else "nothing lost"
    return (
        f"{done:>4} of {seeds}  seed {report.seed:<5} {report.uploads['accepted']:>8,} uploads  {lost}"
        f"  [dim]about {left / 60:.0f} min left"
    )


def _faults(reports: list[Report]) -> Table:
    faults = sum((report.faults for report in reports), Counter())
    table = Table(title="Injected faults", box=box.SIMPLE_HEAD, title_justify="left")
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
    table = Table(title="Uploads at the end", box=box.SIMPLE_HEAD, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    losses = sum(len(report.losses) for report in reports)
    for name, count in (
        ("seeds", len(reports)),
        ("readings sent", sum(report.readings for report in reports)),
        ("uploads accepted by the stream, with repeats", uploads["accepted"]),
        ("uploads in windows and bills", uploads["windowed"]),
        ("uploads in quarantine, with their reason", uploads["quarantined"]),
        ("uploads still in the stream", uploads["waiting"]),
        ("uploads lost", uploads["lost"]),
    ):
        table.add_row(name, f"{count:,}")
    table.add_row(
        "[bold]losses and differences from a run without faults", f"[bold {'red' if losses else 'green'}]{losses}"
    )
    table.add_row("minutes", f"{seconds / 60:,.1f}")
    return table


if __name__ == "__main__":
    main()
