"""Times on pages are in the utility's zone and say so: no page writes one in UTC of its own accord."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import data
from electrocloud.domain.meter import RegisteredMeter

DASHBOARD = Path(data.__file__).parent
# Analytics offers UTC, and says so of the lake's UTC days and months; a forecast's peak has the offset of its zone.
ALLOWED = {"questions/columns.py", "questions/answers.py", "forecast/day_ahead.py"}
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


def texts(path: Path) -> Iterator[str]:
    """The strings of a file's code, without the docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings:
            yield node.value


def test_no_page_writes_a_time_in_utc_unasked() -> None:
    paths = {str(path.relative_to(DASHBOARD)): path for path in DASHBOARD.rglob("*.py")}
    found = {
        (name, text)
        for name, path in paths.items()
        if name not in ALLOWED
        for text in texts(path)
        if "UTC" in text and text != "UTC" and "or UTC." not in text
    }
    assert found == set()


def test_the_utility_s_zone_is_that_of_most_meters(monkeypatch: pytest.MonkeyPatch) -> None:
    zones = ("Europe/Berlin", "America/Chicago", "America/Chicago")
    meters = [RegisteredMeter(f"M-{number}", 0.0, 0.0, "F", "home", "", zone) for number, zone in enumerate(zones)]
    monkeypatch.setattr(data, "registry", lambda: meters)
    assert data.zone() == "America/Chicago"
    monkeypatch.setattr(data, "registry", list)
    assert data.zone() == "UTC"
