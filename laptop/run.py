"""Everything on one laptop: the cloud, the deployed stack, the gateway, the delivery, a fleet and the dashboard."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO, NamedTuple

import msgspec

from electrocloud.aws.stack import STATE, Stack
from electrocloud.domain.errors import SettingsError
from laptop import cloud
from laptop.processes import PATIENCE_S, ProcessGroup, held, is_held

UP_LOCK = STATE / "up.pid"  # held by `electrocloud up`, with its process ID in it
CHILDREN_LOCK = STATE / "children.lock"  # held by `electrocloud up` and the processes that it started
ENDING_S = PATIENCE_S + 10  # in which all processes have ended after `up` has


class RunOptions(NamedTuple):
    """What to run: the fleet's size, seed, speed (fleet seconds per second) and reading interval (s), and where.

    A port of 0 is any free one. With `fresh` the data of the last run are deleted. Without `dashboard` there is none.
    """

    meters: int
    seed: int
    speed: float
    interval_s: int
    port: int
    dashboard: bool
    fresh: bool = False


class Running(NamedTuple):
    """What runs, and where to look at it."""

    stack: Stack
    dashboard: str | None
    children: ProcessGroup


class Interrupts:
    """Raises KeyboardInterrupt for the first of SIGINT, SIGTERM and SIGHUP, and ignores them from then on.

    So no second Ctrl-C interrupts the stopping. A SIGHUP that is ignored, as under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self.ignored = False
        signals = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signals.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._handle) for number in signals}

    def _handle(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:  # the terminal is gone, and writing to it would fail
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.__stdout__.fileno() if sys.__stdout__ else 1)
            os.dup2(nowhere, sys.__stderr__.fileno() if sys.__stderr__ else 2)
        if not self.ignored:
            self.ignored = True
            raise KeyboardInterrupt

    def restore(self) -> None:
        """Put the earlier handlers back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


@contextmanager
def running_stack(options: RunOptions) -> Iterator[Running]:
    """Start everything, and stop everything at the end, however it ends."""
    interrupts = Interrupts()
    try:
        cloud.private_folder(STATE)
        with _only_one(), _children() as children:
            try:
                yield _start(options, children)
            finally:
                interrupts.ignored = True
                children.stop()
                for name in ("stack.json", "fleet.json", "credentials"):
                    (STATE / name).unlink(missing_ok=True)
                shutil.rmtree(STATE / "tmp", ignore_errors=True)
    finally:
        interrupts.restore()


def running_pid() -> int | None:
    """The process of the `electrocloud up` that runs here, if one does."""
    if not is_held(UP_LOCK):
        return None
    with suppress(ValueError):
        return int(UP_LOCK.read_text())
    return None


def is_ending() -> bool:
    """Whether processes of an `electrocloud up` that was killed have not ended yet."""
    return is_held(CHILDREN_LOCK) and not is_held(UP_LOCK)


def stop(limit_s: float = 3 * ENDING_S) -> bool:
    """Ask the running `up` to end, and wait until nothing of it runs; whether it did within the limit (s)."""
    if pid := running_pid():
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + limit_s
    while is_held(UP_LOCK) or is_held(CHILDREN_LOCK):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _only_one() -> IO[str]:
    try:
        lock = held(UP_LOCK, wait_s=1)  # a `status` may have it for a moment
    except BlockingIOError:
        raise SettingsError(f"already running as process {running_pid()}; `electrocloud down` stops it") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextmanager
def _children() -> Iterator[ProcessGroup]:
    try:
        children = ProcessGroup(STATE / "logs", CHILDREN_LOCK, wait_s=ENDING_S)
    except BlockingIOError:
        raise SettingsError(f"processes of an earlier run do not end; {CHILDREN_LOCK} is held by them") from None
    yield children


def _start(options: RunOptions, children: ProcessGroup) -> Running:
    if options.fresh:
        for name in (cloud.DATA, cloud.MAIL):
            shutil.rmtree(STATE / name, ignore_errors=True)
    local = cloud.start_cloud(children, options.port or cloud.free_port(), keep_data=True)
    built = cloud.start_build(children)
    cloud.wait_until_up(local, children)
    children.finish(built)
    outputs = cloud.deploy(children, local)
    api = f"http://{cloud.HOST}:{cloud.free_port()}"
    stack = cloud.laptop_stack(outputs, local, api)
    (STATE / "stack.json").write_bytes(msgspec.json.encode(stack))
    # Matrix products with threads of their own take many times as long beside other processes.
    env = cloud.environment(local) | {
        "ELECTROCLOUD_STATE": str(STATE.resolve()),
        "PYTHONUNBUFFERED": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }

    def python(name: str, module: str, *arguments: str, restart: bool = True) -> None:
        children.start(name, [sys.executable, "-m", module, *arguments], env, restart=restart)

    python(
        "gateway", "laptop.gateway.server", "--stream", stack.stream, "--endpoint", local.endpoint,
        "--read-function", stack.read_api_function,
        "--usage-plan", stack.usage_plan, "--region", stack.region, "--port", api.rpartition(":")[2],
    )  # fmt: skip
    python("delivery", "laptop.delivery")
    python("metrics", "laptop.metrics")
    cloud.check_functions(stack)
    dashboard = None
    if options.dashboard:
        port = cloud.free_port()
        dashboard = f"http://{cloud.HOST}:{port}"
        python("dashboard", "dashboard", "--server.port", str(port))
    cloud.wait_for(lambda: cloud.answers(api), "the gateway", children)
    if options.meters:
        python(
            "fleet", "producers.sending.live", "--meters", str(options.meters), "--seed", str(options.seed),
            "--speed", str(options.speed), "--interval", str(options.interval_s), restart=False,
        )  # fmt: skip
    if dashboard:
        cloud.wait_for(lambda: cloud.answers(f"{dashboard}/_stcore/health"), "the dashboard", children)
    if options.meters:
        python("forecasting", "laptop.forecasting_loop", "--every", "120")
    return Running(stack, dashboard, children)
