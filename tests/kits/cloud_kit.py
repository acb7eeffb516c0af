"""Runs a script in the Python of the laptop's cloud, which has MiniStack."""

import subprocess

from analytics.template import ROOT

PYTHON = ROOT / ".venv-cloud" / "bin" / "python"


def run_in_cloud(script: str, *arguments: str) -> list[str]:
    """The lines that the script prints. `AssertionError` with what it said where it fails."""
    done = subprocess.run([PYTHON, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()
