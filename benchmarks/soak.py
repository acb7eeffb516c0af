"""Runs `electrocloud up` with its default fleet and one open page, and prints the memory of every process over time.

    python -m benchmarks.soak --minutes 30

A process whose memory grows over the second half by more than the noise of a garbage collector leaks.
"""

import argparse
import os
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmarks.whole_path import ELECTROCLOUD
from electrocloud.domain.errors import SettingsError
from tools.browser import browser

NAMES = {  # which process it is, by the end of an argument
    "laptop.guarded_cloud": "cloud",
    "laptop.gateway.server": "gateway",
    "laptop.delivery": "delivery",
    "laptop.metrics": "metrics",
    "laptop.forecasting_loop": "forecasting",
    "producers.sending.live": "fleet",
    "dashboard": "dashboard",
    "up": "up",
}
COLUMNS = 6  # points in time in the table, after the start

Samples = dict[str, list[tuple[float, float]]]  # (s since the start, MB) of each process


@contextmanager
def running(state: Path) -> Iterator[tuple[psutil.Process, str]]:
    """`electrocloud up` with its state in a folder, and the dashboard's address."""
    log = state / "up.log"
    env = os.environ | {"ELECTROCLOUD_STATE": str(state), "COLUMNS": "200"}
    with log.open("wb") as out:
        up = psutil.Popen([ELECTROCLOUD, "up"], env=env, stdout=out, stderr=out)
    try:
        while "Ingestion API" not in (text := log.read_text(errors="replace")):
            if up.poll() is not None:
                raise SettingsError(text)
            time.sleep(0.5)
        line = next(line for line in text.splitlines() if "Dashboard" in line)
        yield up, next(word for word in line.split() if word.startswith("http"))
    finally:
        up.terminate()
        up.wait(120)


def watch(up: psutil.Process, seconds: float, every_s: float = 15) -> Samples:
    """The resident memory of `up` and of each process below it, by name; SIGTERM ends it early."""
    samples: Samples = defaultdict(list)
    began = time.monotonic()
    stopped: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    while (now := time.monotonic() - began) < seconds and not stopped:
        memory: dict[str, float] = defaultdict(float)
        for process in [up, *up.children(recursive=True)]:
            try:
                memory[name_of(process)] += process.memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                continue
        for name, size in memory.items():
            samples[name].append((now, size))
        time.sleep(every_s)
    return samples


def name_of(process: psutil.Process) -> str:
    """The part of the system that a process is; the workers of a function have the function's name."""
    command = process.cmdline()
    if any(part.endswith("_worker.py") for part in command):
        _, _, name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "").partition("-")
        return f"function {name.partition('Function')[0].lower()}"
    return next((name for word, name in NAMES.items() if any(part.endswith(word) for part in command)), "other")


def table(samples: Samples, seconds: float) -> str:
    """A Markdown table: each process's memory (MB) at equal distances, and how it grew in the second half (MB)."""
    moments = [seconds * number / COLUMNS for number in range(COLUMNS + 1)]
    heads = [f"{moment / 60:.0f} min" for moment in moments]
    lines = [f"| process | {' | '.join(heads)} | second half |", "|---|" + "--:|" * (COLUMNS + 2)]
    for name, points in sorted(samples.items(), key=lambda item: -item[1][-1][1]):
        sizes = [_size_at(points, moment) for moment in moments]
        lines.append(
            f"| {name} | {' | '.join(f'{size:,.0f}' for size in sizes)} | {sizes[-1] - sizes[COLUMNS // 2]:+,.0f} |"
        )
    return "\n".join(lines)


def _size_at(points: list[tuple[float, float]], moment: float) -> float:
    return min(points, key=lambda point: abs(point[0] - moment))[1]


def main() -> None:
    """Run for the given time, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    seconds = parser.parse_args().minutes * 60
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        up, url = stack.enter_context(running(state))
        page = stack.enter_context(browser()).new_page()
        page.goto(url)
        page.get_by_test_id("stMetric").first.wait_for(timeout=120_000)
        samples = watch(up, seconds)
        alive = page.get_by_test_id("stMetric").count()
    print(table(samples, max(points[-1][0] for points in samples.values())))
    print(f"\nload average {os.getloadavg()[2]:.1f} (15 min); the page showed {alive} figures at the end")


if __name__ == "__main__":
    main()
