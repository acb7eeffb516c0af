"""`electrocloud up` and how it ends: nothing is left running, what is said is true, and the data are there again."""

import os
import pty
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from analytics.template import ROOT
from tests.kits.laptop_kit import ELECTROCLOUD, END_S, START_S, Laptop
from tests.kits.waiting import until

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(600)]


def left_in_temporary_folder() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("ministack*")}


def test_the_data_of_a_run_are_there_in_the_next_one_and_fresh_starts_empty(laptop: Laptop) -> None:
    before = left_in_temporary_folder()
    first = laptop.up("--meters", "2", "--speed", "5000")
    laptop.wait_until_up(first)
    until(lambda: (now := laptop.status()) and now["windows"] >= 70 and now["files"], "windows and Parquet", 120)
    assert laptop.call("query", "load_trend").returncode == 0  # whose answer has times
    assert laptop.call("down").returncode == 0
    assert first.wait(END_S) == 0
    laptop.wait_until_nothing_runs()
    assert left_in_temporary_folder() <= before
    assert laptop.call("status").returncode == 1

    second = laptop.up("--meters", "0")
    laptop.wait_until_up(second)
    kept = laptop.status()
    assert kept["windows"] >= 70
    assert kept["files"] >= 1
    checked = laptop.call("audit")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    second.send_signal(signal.SIGINT)
    assert second.wait(END_S) == 0

    third = laptop.up("--meters", "0", "--fresh")
    laptop.wait_until_up(third)
    assert laptop.status()["windows"] == 0
    third.send_signal(signal.SIGTERM)
    assert third.wait(END_S) == 0
    laptop.wait_until_nothing_runs()


def test_what_has_no_state_starts_again_and_without_the_cloud_all_of_it_ends(laptop: Laptop) -> None:
    up = laptop.up("--meters", "0")
    laptop.wait_until_up(up)
    for word in ("laptop.gateway.server", "laptop.delivery", "laptop.metrics"):
        old = laptop.pid_of(word)
        os.kill(old, signal.SIGKILL)
        until(
            lambda old=old, word=word: any(word in c for p, c in laptop.processes().items() if p != old),
            f"a new {word}",
        )
    until(lambda: laptop.said().count("ended and was started again") == 3, "a line for each of them")
    assert up.poll() is None
    os.kill(laptop.pid_of("laptop.guarded_cloud"), signal.SIGKILL)
    assert up.wait(END_S) == 1
    assert "cloud ended by itself" in laptop.said()
    assert "Traceback" not in laptop.said()
    laptop.wait_until_nothing_runs()
    again = laptop.up("--meters", "0", "--for", "0")
    assert again.wait(START_S) == 0
    assert "so its data are lost. Starting empty." in laptop.said()


def test_a_killed_up_leaves_nothing_running_and_the_next_one_has_its_data(laptop: Laptop) -> None:
    up = laptop.up("--meters", "2", "--speed", "5000")
    laptop.wait_until_up(up)
    until(lambda: laptop.status()["windows"] >= 70, "windows", 120)
    up.kill()
    up.wait()
    down = laptop.call("down")
    assert down.returncode == 0
    assert down.stdout.strip() in ("Stopped.", "Nothing is running.")  # if the rest had ended by then
    laptop.wait_until_nothing_runs()
    assert laptop.call("down").stdout.strip() == "Nothing is running."
    status = laptop.call("status")
    assert status.returncode == 1
    assert "nothing runs on this laptop" in status.stderr

    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (laptop.state / "up.pid").write_text(str(stranger.pid))
        assert laptop.call("down").stdout.strip() == "Nothing is running."
        assert stranger.poll() is None
        again = laptop.up("--meters", "0")
        laptop.wait_until_up(again)
        assert laptop.status()["windows"] >= 70
        second = laptop.call("up")
        assert second.returncode == 1
        assert f"already running as process {again.pid}" in second.stderr
        again.send_signal(signal.SIGTERM)
        assert again.wait(END_S) == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_closed_terminal_leaves_nothing_running(laptop: Laptop) -> None:
    laptop.state.mkdir()
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and `up` keeps it so
        os.environ["ELECTROCLOUD_STATE"] = str(laptop.state)
        os.chdir(ROOT)
        os.execv(ELECTROCLOUD, ["electrocloud", "up", "--headless", "--meters", "2"])
    said = b""
    deadline = time.monotonic() + START_S
    while b"Up in" not in said and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 65536)
    assert b"Up in" in said
    os.close(terminal)
    until(lambda: os.waitpid(pid, os.WNOHANG)[0], "the end of `up`", END_S)
    laptop.wait_until_nothing_runs()
    assert laptop.call("down").stdout.strip() == "Nothing is running."


@pytest.mark.parametrize("started", ["laptop.guarded_cloud", "sam build", "sam deploy"])
def test_a_start_that_is_interrupted_twice_leaves_nothing_running(laptop: Laptop, started: str) -> None:
    up = laptop.up("--meters", "0")
    until(lambda: any(started in command for command in laptop.processes().values()), f"{started} to run", START_S)
    up.send_signal(signal.SIGINT)
    up.send_signal(signal.SIGINT)
    assert up.wait(END_S) == 0
    assert "Stopped." in laptop.said()
    assert "Traceback" not in laptop.said()
    laptop.wait_until_nothing_runs()


def has_loaded(process: subprocess.Popen[bytes], library: str) -> bool:
    return f"/{library}.cpython" in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux shows which libraries a process has loaded")
@pytest.mark.parametrize("library", ["_heapq", "_ssl", "_zoneinfo"])  # of typer, of boto3, and one of the last
def test_a_command_that_is_interrupted_while_it_loads_ends_without_a_traceback(laptop: Laptop, library: str) -> None:
    up = laptop.up("--meters", "0")
    until(lambda: up.poll() is not None or has_loaded(up, library), f"{library} to be loaded", START_S)
    up.send_signal(signal.SIGINT)
    up.send_signal(signal.SIGINT)
    assert up.wait(END_S) in (0, 130, -signal.SIGINT)
    assert "Traceback" not in laptop.said()
    assert "Error" not in laptop.said()
    laptop.wait_until_nothing_runs()


def test_a_second_interrupt_does_not_keep_a_running_system_from_stopping(laptop: Laptop) -> None:
    up = laptop.up("--meters", "2")
    laptop.wait_until_up(up)
    for _ in range(5):
        up.send_signal(signal.SIGINT)
    assert up.wait(END_S) == 0
    assert laptop.said().rstrip().endswith("Stopped.")
    assert "Traceback" not in laptop.said()
    laptop.wait_until_nothing_runs()
