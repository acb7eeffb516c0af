"""The real dashboard in a real Chromium, on the deployed template with a small fleet in it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from playwright.sync_api import Browser, Page

from electrocloud.aws.stack import STATE, Stack
from laptop import cloud
from laptop.processes import ProcessGroup
from tests.browser.backend import Filled, empty_copy, tell
from tests.browser.proxy import Proxy
from tools.browser import browser, chromium, serving

PATIENCE_MS = 60_000  # a shared machine may be slow; what is waited for is there in a second or two on a free one
START_S = 240.0  # of a dashboard, on a shared machine


class Running(NamedTuple):
    """A dashboard's address, the fleet that it shows, and the switch of its backend."""

    url: str
    fleet: Filled
    backend: Proxy


@pytest.fixture(scope="session")
def opened() -> Iterator[Browser]:
    if chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no Chromium: .ci/run installs it")
        pytest.skip("no Chromium here; on Debian `apt-get install chromium-headless-shell` brings it")
    with browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def stack(opened: Browser) -> Iterator[Stack]:
    children = ProcessGroup(STATE / "logs-browser")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), STATE / "browser")
        cloud.build(children)
        cloud.wait_until_up(local, children)
        yield cloud.laptop_stack(cloud.deploy(children, local), local, "http://127.0.0.1:1")
    finally:
        children.stop()


@pytest.fixture(scope="session")
def running(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    fleet = Filled(stack)
    fleet.fill()
    backend = Proxy(int(str(stack.endpoint).rpartition(":")[2]))
    backend.on()
    seen = msgspec.structs.replace(stack, endpoint=f"http://{cloud.HOST}:{backend.port}")
    with serving(tell(seen, tmp_path_factory.mktemp("state")), limit_s=START_S) as served:
        yield Running(served.url, fleet, backend)


@pytest.fixture(scope="session")
def empty_url(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tell(empty_copy(stack), tmp_path_factory.mktemp("empty")), limit_s=START_S) as served:
        yield served.url


@pytest.fixture
def page(opened: Browser) -> Iterator[Page]:
    """A new window, on which no test leaves a traceback, and whose charts all have data to draw."""
    context = opened.new_context(viewport={"width": 1440, "height": 1100}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    window = context.new_page()
    warnings: list[str] = []
    window.on("console", lambda message: warnings.append(message.text) if "extent" in message.text else None)
    yield window
    tracebacks = window.get_by_test_id("stException").count()
    context.close()
    assert not tracebacks
    assert warnings == []


@pytest.fixture
def nowhere_url(opened: Browser, tmp_path: Path) -> Iterator[str]:
    """A dashboard that finds no stack."""
    with serving(tmp_path) as served:
        yield served.url
