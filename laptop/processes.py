"""Child processes that end together, and with this process, however it ends."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from analytics.template import ROOT
from electrocloud.domain.errors import SettingsError

CHILD = Path(__file__).with_name("child.py")
LONGEST_BACKOFF_S = 60.0
STABLE_S = 60.0  # a process that ran so long starts again without a pause
PATIENCE_S = 20.0  # that a process has to end after SIGTERM; the cloud writes its data in it


@dataclass
class Child:
    """A process, how it was started, and when it starts again after it has ended (monotonic s; None for never)."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    restart: bool
    once: bool
    process: subprocess.Popen[bytes]
    started: float
    restarts: int = 0
    failures: int = 0
    due: float | None = None


class ProcessGroup:
    """Processes that end together. Each writes to a log of its name; `stop` ends them, last started first.

    Programs that run under Python also end when this process is killed. `lock` is a file that every one of them keeps
    locked, so that it is free when all of them have ended; `BlockingIOError` if others hold it for over `wait_s`.
    """

    def __init__(
        self,
        logs: Path,
        lock: Path | None = None,
        wait_s: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = held(lock, wait_s=wait_s) if lock else None
        self.logs = logs
        self._clock = clock
        self._children: dict[str, Child] = {}
        # Nothing is ever written: the children see the end of the pipe when this process has ended.
        self._alive, self._write_end = os.pipe()
        logs.mkdir(parents=True, exist_ok=True)

    def start(
        self, name: str, command: list[str], env: Mapping[str, str], *, restart: bool = False, once: bool = False
    ) -> Child:
        """Start a process that logs to a file of its name.

        With `restart`, `watch` starts it again when it has ended. With `once` it ends by itself; `finish` waits for it.
        """
        (self.logs / f"{name}.log").unlink(missing_ok=True)
        child = Child(name, command, env, restart, once, self._run(name, command, env), self._clock())
        self._children[name] = child
        return child

    def run(self, name: str, command: list[str], env: Mapping[str, str]) -> None:
        """Run a process to its end; `SettingsError` with the end of its log if it failed."""
        self.finish(self.start(name, command, env, once=True))

    def finish(self, child: Child) -> None:
        """Wait for a process that is to end by itself; `SettingsError` with the end of its log if it failed."""
        status = child.process.wait()
        del self._children[child.name]
        _kill_group(child.process)
        if status:
            raise SettingsError(f"{child.name} failed:\n{self.last_lines(child.name, 30)}")

    def _run(self, name: str, command: list[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        pipe = [self._alive, *([self._lock.fileno()] if self._lock else [])]
        if Path(command[0]).name.startswith("python"):
            command = [command[0], str(CHILD), str(self._alive), *command[1:]]
        with (self.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=pipe,
            )

    def ended(self) -> str | None:
        """The name of a process that ended by itself and should not have."""
        return next((child.name for child in self._children.values() if _failed(child)), None)

    def watch(self) -> str | None:
        """Start again what has ended and may, with a growing pause; returns the name of a process that may not."""
        now = self._clock()
        for child in self._children.values():
            if child.process.poll() is None:
                continue
            if not child.restart:
                return child.name
            if child.due is None:
                _kill_group(child.process)
                child.failures = 0 if now - child.started >= STABLE_S else child.failures + 1
                child.due = now + min(2.0**child.failures - 1, LONGEST_BACKOFF_S)
            if now >= child.due:
                child.process = self._run(child.name, child.command, child.env)
                child.restarts, child.started, child.due = child.restarts + 1, now, None
        return None

    def restarts(self) -> dict[str, int]:
        """How often each process that had ended was started again."""
        return {child.name: child.restarts for child in self._children.values() if child.restarts}

    def last_lines(self, name: str, count: int = 15) -> str:
        """The end of a process's log."""
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-count:])

    def stop(self) -> None:
        """End the processes, the last one first."""
        for child in reversed(self._children.values()):
            _end(child.process)
        self._children.clear()
        for end in (self._alive, self._write_end):
            with suppress(OSError):  # closed by an earlier call
                os.close(end)
        if self._lock:
            self._lock.close()


def held(path: Path, *, wait_s: float = 0) -> IO[str]:
    """The file, created and locked by this process; `BlockingIOError` if others hold the lock for longer than `wait_s`.

    The kernel frees the lock when the last process that has the file open ends.
    """
    file = path.open("a+")
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                raise
            time.sleep(0.1)
        else:
            return file


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on a file."""
    if not path.exists():
        return False
    try:
        held(path).close()
    except BlockingIOError:
        return True
    return False


def _failed(child: Child) -> bool:
    status = child.process.poll()
    return status is not None and not (child.once and status == 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_S)
    _kill_group(process)
    process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """What a process left behind in its group."""
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        os.killpg(process.pid, signal.SIGKILL)
