"""Billing cases from practice, each a folder of tests/cases/billing: a tariff, a load, a command, the right answer."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app

CASES = sorted((Path(__file__).parents[1] / "cases" / "billing").iterdir())


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_comes_out_as_expected(folder: Path, monkeypatch: pytest.MonkeyPatch):
    case = json.loads((folder / "expected.json").read_text())
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, case["command"].split(), env={"COLUMNS": "200"})
    expected = case["expected"]

    if "refused" in expected:
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        for words in expected["refused"]:
            assert words in result.stderr
    else:
        assert (result.exit_code, result.stderr) == (0, "")
        assert_contains(json.loads(result.stdout), expected["bills"])


def assert_contains(found: Any, expected: Any) -> None:
    """`found` has all that is expected: the fields of an object, the items of a list one by one."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert name in found, name
            assert_contains(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_contains(one, other)
    else:
        assert found == expected
