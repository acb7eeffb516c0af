"""A state folder of its own for each test that runs `electrocloud up`; nothing of it is left running."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.laptop_kit import Laptop


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    one = Laptop(tmp_path / "state")
    yield one
    for pid in one.processes():
        os.kill(pid, signal.SIGKILL)
