"""A running `electrocloud up` with a state folder of its own, and the command on it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from analytics.template import ROOT
from tests.kits.waiting import until

ELECTROCLOUD = str(Path(sys.executable).with_name("electrocloud"))
START_S = 240  # on a busy machine
END_S = 180  # likewise


class Laptop:
    """A state folder of its own, and the command on it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.env = os.environ | {"ELECTROCLOUD_STATE": str(state), "COLUMNS": "150"}
        self.log = state.with_name(f"{state.name}.log")

    def up(self, *options: str) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            command = [ELECTROCLOUD, "up", "--headless", *options]
            return subprocess.Popen(command, env=self.env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ELECTROCLOUD, *words], env=self.env, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.call("status", "--json").stdout))

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        """What runs with this state, but for this test itself."""
        found = {}
        for process in psutil.process_iter():
            try:
                if process.environ().get("ELECTROCLOUD_STATE") == str(self.state):
                    found[process.pid] = " ".join(process.cmdline())
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return {pid: command for pid, command in found.items() if command}

    def pid_of(self, word: str) -> int:
        return next(pid for pid, command in self.processes().items() if word in command)

    def wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        until(lambda: "Up in" in self.said() or process.poll() is not None, "the system's start", START_S)
        assert process.poll() is None, self.said()

    def wait_until_nothing_runs(self) -> None:
        until(lambda: not self.processes(), f"the end of {self.processes()}", END_S)
