"""Everything on one laptop: the cloud, the deployed stack, the gateway, the delivery, a fleet and the dashboard."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.stack import STATE, Stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import SettingsError
from laptop import cloud


class RunOptions(NamedTuple):
    """What to run: the fleet's size, seed, speed (s of the fleet in one of ours) and reading interval (s), and where.

    A port of 0 is any free one. Without `dashboard` there is none.
    """

    meters: int
    seed: int
    speed: float
    interval_s: int
    port: int
    dashboard: bool


class Running(NamedTuple):
    """What runs, and where to look at it."""

    stack: Stack
    dashboard: str | None
    children: cloud.ProcessGroup


@contextmanager
def running_stack(wish: RunOptions) -> Iterator[Running]:
    """Start all of it, and stop all of it at the end, whatever the end is."""
    STATE.mkdir(parents=True, exist_ok=True)
    _only_one()
    children = cloud.ProcessGroup(STATE / "logs")
    try:
        yield _start(wish, children)
    finally:
        children.stop()
        for name in ("stack.json", "fleet.json", "up.pid"):
            (STATE / name).unlink(missing_ok=True)


def running_pid() -> int | None:
    """The process of an `electrocloud up` that is alive, if there is one."""
    try:
        pid = int((STATE / "up.pid").read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return pid


def _only_one() -> None:
    if pid := running_pid():
        raise SettingsError(f"it runs already, as process {pid}; `electrocloud down` stops it")
    (STATE / "up.pid").write_text(str(os.getpid()))


def _start(wish: RunOptions, children: cloud.ProcessGroup) -> Running:
    endpoint = cloud.start_cloud(children, wish.port or cloud.free_port())
    with ThreadPoolExecutor() as pool:
        built = pool.submit(cloud.build)
        cloud.wait_for(lambda: cloud.answers(f"{endpoint}/_ministack/health"), "the laptop's cloud", children)
        built.result()
    outputs = cloud.deploy(endpoint)
    api = f"http://{cloud.HOST}:{cloud.free_port()}"
    stack = cloud.laptop_stack(outputs, endpoint, api)
    (STATE / "stack.json").write_bytes(msgspec.json.encode(stack))
    env = cloud.environment(endpoint) | {"ELECTROCLOUD_STATE": str(STATE.resolve()), "PYTHONUNBUFFERED": "1"}

    def python(name: str, module: str, *arguments: str) -> None:
        children.start(name, [sys.executable, "-m", module, *arguments], env)

    api_port = api.rpartition(":")[2]
    python(
        "gateway", "laptop.gateway.server", "--stream", stack.stream, "--endpoint", endpoint,
        "--usage-plan", stack.usage_plan, "--region", stack.region, "--port", api_port,
    )  # fmt: skip
    python("delivery", "laptop.delivery")
    python("metrics", "laptop.metrics")
    cloud.check_functions(stack)
    dashboard = None
    if wish.dashboard:
        port = cloud.free_port()
        dashboard = f"http://{cloud.HOST}:{port}"
        python("dashboard", "dashboard", "--server.port", str(port))
    cloud.wait_for(lambda: cloud.answers(api), "the gateway", children)
    if wish.meters:
        python(
            "fleet", "producers.sending.live", "--meters", str(wish.meters), "--seed", str(wish.seed),
            "--speed", str(wish.speed), "--interval", str(wish.interval_s),
        )  # fmt: skip
    if dashboard:
        cloud.wait_for(lambda: cloud.answers(f"{dashboard}/_stcore/health"), "the dashboard", children)
    if wish.meters:
        python("forecasting", "laptop.forecasting_loop", "--every", "120")
    return Running(stack, dashboard, children)


class Status(NamedTuple):
    """How things stand: the fleet's own account, and what has come out at the other end. Lag and age in s."""

    fleet: dict[str, Any]
    bills: int
    windows: int
    files: int
    bytes: int
    quarantined: int
    lag_s: float | None


class StatusReader:
    """Looks at a laptop's stack from outside, as a person would."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._dynamodb = stack.client("dynamodb")
        self._s3 = stack.client("s3")
        self._reader = Reader(stack)

    def figures(self) -> Status:
        """How things stand now."""
        parquet = self._objects("readings/")
        return Status(
            fleet=self._fleet(),
            bills=self._items(self._stack.bills_table),
            windows=self._items(self._stack.windows_table),
            files=len(parquet),
            bytes=sum(parquet),
            quarantined=self._reader.quarantined_in_all(),
            lag_s=self._lag(),
        )

    def _items(self, table: str) -> int:
        return int(self._dynamodb.describe_table(TableName=table)["Table"]["ItemCount"])

    def _objects(self, prefix: str) -> list[int]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket, Prefix=prefix)
        return [found["Size"] for page in pages for found in page.get("Contents", [])]

    def _lag(self) -> float | None:
        now = datetime.now(UTC)
        ages = self._reader.metrics({"UploadAge": "p95"}, now - timedelta(minutes=2), now, period_s=60)["UploadAge"]
        return ages.values[-1] if ages.values else None

    @staticmethod
    def _fleet() -> dict[str, Any]:
        with suppress(FileNotFoundError):
            return dict(json.loads((STATE / "fleet.json").read_text()))
        return {}


def stop(pid: int, limit_s: float = 60) -> bool:
    """Ask a running `up` to end, and wait for it; whether it did within the limit."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if running_pid() != pid:
            return True
        time.sleep(0.1)
    return False
