"""The README's commands that need no running system do what it says, one after the other."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analytics.template import ROOT
from cli.main import app


def offline_commands() -> list[list[str]]:
    text = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"And without a running system:\n\n```sh\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def test_the_commands_without_a_running_system_succeed_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tariffs").symlink_to(ROOT / "tariffs")
    monkeypatch.chdir(tmp_path)
    said = ""
    for program, *words in offline_commands():
        names = [str(path) for word in words for path in (sorted(Path().glob(word)) if "*" in word else [word])]
        done = CliRunner().invoke(app, names)
        said += done.output
        assert (program, done.exit_code) == ("electrocloud", 0), done.output

    assert "Total for January 2026" in said
    assert "December 2025" not in said
    assert "would save" in said or "is the cheapest" in said
    assert "100,000 meters" in said
