"""Runs the dashboard in a real browser, for tests, screenshots and benchmarks."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from electrocloud.domain.errors import SettingsError
from laptop import cloud

# The headless shell first: full Chromium loads a start page of its own in each window.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# The map needs WebGL; without a graphics card the CPU renders it.
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


class RunningServer(NamedTuple):
    """A running dashboard: its address, process and log."""

    url: str
    pid: int
    log: Path


def chromium() -> str | None:
    """This machine's Chromium, such as Debian's; Playwright's own is not downloaded."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium. Raises `SettingsError` if there is none."""
    path = chromium()
    if path is None:
        raise SettingsError("Chromium is not installed; on Debian, run `apt-get install chromium-headless-shell`")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def serving(
    state: Path,
    module: Sequence[str] = ("dashboard",),
    limit_s: float = 60,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[RunningServer]:
    """Serve the dashboard of the stack described in the folder `state` on a free port; yields once it responds.

    `module` is the Python module to run, with arguments, if it is not the dashboard; `environment` is added to ours.
    """
    port = cloud.free_port()
    log = state / "dashboard.log"
    command = [sys.executable, "-m", *module, "--server.port", str(port), "--server.address", cloud.HOST]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--server.headless", "true"],
            env=os.environ | {"ELECTROCLOUD_STATE": str(state), **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(f"http://{cloud.HOST}:{port}/_stcore/health", process, log, limit_s)
        yield RunningServer(f"http://{cloud.HOST}:{port}", process.pid, log)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  always http on loopback
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SettingsError(f"the dashboard did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.1)
        else:
            return
