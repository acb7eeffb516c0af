"""The whole system on this machine: `electrocloud up` and `electrocloud load --verify`, as a user would run them.

Watches all processes meanwhile: the CPU seconds each used for the load, and its peak memory.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from benchmarks.parquet import Lake, stored
from electrocloud.aws.stack import Stack

ELECTROCLOUD = str(Path(sys.executable).with_name("electrocloud"))
READINGS_A_DAY = 96
WORDS = {  # which process it is, by a word of its command line
    "_worker.py": "metering function",
    "laptop.guarded_cloud": "cloud",
    "laptop.delivery": "delivery",
    "laptop.gateway.server": "gateway",
    "laptop.metrics": "metrics",
    "load": "load",
    "up": "up",
}


class Part(NamedTuple):
    """A process: CPU seconds for this load, and its peak resident memory (MB)."""

    cpu_s: float
    most_mb: float


class Run(NamedTuple):
    """A load: `seconds` from its first upload until the last reading is in its window, its bill and in Parquet."""

    readings: int
    seconds: float
    lost: int
    machine_load: float
    parts: dict[str, Part]
    lake: Lake


_stack_decoder = msgspec.json.Decoder(Stack)


def measure(sizes: list[tuple[int, int]], state: Path) -> Iterator[Run]:
    """A load for each size (meters, days), each in a separate system whose state is kept under `state`."""
    for meters, days in sizes:
        with system(state / f"{meters}x{days}") as (env, stack, pid):
            yield _run(meters, days, env, stack, pid)


def _run(meters: int, days: int, env: dict[str, str], stack: Stack, pid: int) -> Run:
    command = [ELECTROCLOUD, "load", "--via", "kinesis", "--verify", "--meters", str(meters), "--days", str(days)]
    with _watched(pid) as parts:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    said = " ".join(done.stdout.split())
    readings = meters * days * READINGS_A_DAY
    arrived = [
        int(said.split(f"in {name} ")[-1].split()[0].replace(",", "")) for name in ("bills", "Parquet", "windows")
    ]
    seconds = float(said.split("readings after ")[-1].split()[0])
    return Run(readings, seconds, readings - min(arrived), os.getloadavg()[0], parts(), stored(stack))


@contextmanager
def system(state: Path) -> Iterator[tuple[dict[str, str], Stack, int]]:
    """A running system without meters: the environment to call it in, its stack, its process."""
    env = os.environ | {"ELECTROCLOUD_STATE": str(state), "COLUMNS": "200"}
    state.mkdir(parents=True, exist_ok=True)
    with (state / "up.log").open("wb") as log:
        up = subprocess.Popen([ELECTROCLOUD, "up", "--headless", "--meters", "0"], env=env, stdout=log, stderr=log)
    try:
        while b"Ingestion API" not in (state / "up.log").read_bytes():
            if up.poll() is not None:
                raise RuntimeError((state / "up.log").read_text())
            time.sleep(0.2)
        yield env, _stack_decoder.decode((state / "stack.json").read_bytes()), up.pid
    finally:
        up.terminate()
        up.wait(60)


@contextmanager
def _watched(pid: int) -> Iterator[Callable[[], dict[str, Part]]]:
    """Sample the system's and this process's children twice a second; returns their use since the start."""
    before = {process.pid: _cpu(process) for process in _family(pid)}
    cpu: dict[int, float] = {}
    most: dict[int, float] = {}
    names: dict[int, str] = {}
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.5):
            for process in _family(pid):
                try:
                    names.setdefault(process.pid, _name(process.cmdline()))
                    cpu[process.pid] = _cpu(process) - before.get(process.pid, 0.0)
                    most[process.pid] = max(most.get(process.pid, 0.0), process.memory_info().rss / 1e6)
                except psutil.NoSuchProcess:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield lambda: {names[pid]: Part(cpu[pid], most[pid]) for pid in cpu}
    finally:
        stop.set()
        watcher.join()


def _family(pid: int) -> list[psutil.Process]:
    own = psutil.Process().children(recursive=True)
    return [*{process.pid: process for process in [psutil.Process(pid), *own]}.values()]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(command: list[str]) -> str:
    return next((name for word, name in WORDS.items() if any(part.endswith(word) for part in command)), "other")
