"""`make setup` fetches all that the first start needs: it works without a network and with empty caches."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analytics.template import ROOT

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(600)]

LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))
try:
    socket.create_connection(("192.0.2.1", 443), 2)
except OSError:
    os.execv(sys.argv[1], sys.argv[1:])
raise SystemExit("there is a network")
"""


def can_unshare() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([unshare, "-n", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="no network namespaces here")
def test_the_first_start_needs_no_network(tmp_path: Path) -> None:
    electrocloud = str(Path(sys.executable).with_name("electrocloud"))
    command = ["unshare", "-n", sys.executable, "-c", LOOPBACK_UP, electrocloud, "up", "--headless", "--for", "1"]
    env = os.environ | {"ELECTROCLOUD_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)}
    done = subprocess.run([*command, "--meters", "0"], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Up in" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
