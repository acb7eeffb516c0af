"""Child processes: started again with a growing pause, ended together, and never outliving their parent."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from electrocloud.domain.errors import SettingsError
from laptop.processes import LONGEST_BACKOFF_S, STABLE_S, ProcessGroup, held, is_held
from tests.kits.clock_kit import Clock
from tests.kits.waiting import until

ENV = {"PATH": os.environ["PATH"]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def group(tmp_path: Path, clock: Clock) -> Iterator[ProcessGroup]:
    one = ProcessGroup(tmp_path / "logs", tmp_path / "lock", clock=clock)
    yield one
    one.stop()


def script(folder: Path, text: str) -> list[str]:
    file = folder / "script.py"
    file.write_text(text)
    return [sys.executable, str(file)]


SLEEP = "import time; time.sleep(600)"


def test_a_process_that_ends_starts_again_with_a_growing_pause(
    group: ProcessGroup, clock: Clock, tmp_path: Path
) -> None:
    child = group.start("short", script(tmp_path, "raise SystemExit(3)"), ENV, restart=True)
    pauses = []
    for _ in range(8):
        child.process.wait()
        assert group.watch() is None
        began = clock.now
        restarts = child.restarts
        while child.restarts == restarts:
            clock.now += 0.5
            assert group.watch() is None
        pauses.append(clock.now - began)
    assert pauses == sorted(pauses)
    assert pauses[0] <= 2
    assert pauses[-1] == LONGEST_BACKOFF_S
    assert group.restarts() == {"short": 8}


def test_a_process_that_ran_for_long_starts_again_at_once(group: ProcessGroup, clock: Clock, tmp_path: Path) -> None:
    child = group.start("long", script(tmp_path, SLEEP), ENV, restart=True)
    clock.now = STABLE_S
    child.process.kill()
    child.process.wait()
    assert group.watch() is None
    assert group.restarts() == {"long": 1}


def test_a_process_that_may_not_start_again_is_named(group: ProcessGroup, tmp_path: Path) -> None:
    child = group.start("cloud", script(tmp_path, "print('out of memory'); raise SystemExit(1)"), ENV)
    child.process.wait()
    assert group.watch() == group.ended() == "cloud"
    assert group.last_lines("cloud") == "out of memory"


def test_a_process_that_is_to_end_is_no_failure_and_a_failed_one_is_told_with_its_log(
    group: ProcessGroup, tmp_path: Path
) -> None:
    done = group.start("build", script(tmp_path, ""), ENV, once=True)
    done.process.wait()
    assert group.ended() is None
    group.finish(done)
    with pytest.raises(SettingsError, match=r"build failed:\nno such file"):
        group.run("build", script(tmp_path, "raise SystemExit('no such file')"), ENV)


def test_stopping_ends_what_a_process_has_started_too(group: ProcessGroup, tmp_path: Path) -> None:
    nested = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); {SLEEP}"
    child = group.start("parent", script(tmp_path, nested), ENV)
    below = until(lambda: psutil.Process(child.process.pid).children(), "the process below it")
    group.stop()
    until(lambda: not any(one.is_running() for one in below), "its end")


def test_children_end_when_their_parent_is_killed_and_hold_its_lock_until_then(tmp_path: Path) -> None:
    parent = f"""
import sys, time
from pathlib import Path
from laptop.processes import ProcessGroup
group = ProcessGroup(Path({str(tmp_path / "logs")!r}), Path({str(tmp_path / "lock")!r}))
print(group.start("child", {script(tmp_path, SLEEP)!r}, {ENV!r}).process.pid, flush=True)
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    child = psutil.Process(int(process.stdout.readline()))
    assert is_held(tmp_path / "lock")
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not child.is_running(), "the child's end")
    until(lambda: not is_held(tmp_path / "lock"), "the lock to be free")


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert not is_held(file)
    with held(file):
        assert is_held(file)
        with pytest.raises(BlockingIOError):
            held(file)
    assert not is_held(file)
