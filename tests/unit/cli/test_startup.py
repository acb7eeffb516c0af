"""What the command imports before it does any work, which everybody who asks it for help waits for."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from analytics.template import ROOT
from cli.main import app

# What of this checkout may be imported for help: options and docstrings, and no work.
LIGHT = ("cli", "cli.main", "cli.choices", "electrocloud", "electrocloud.domain", "electrocloud.domain.errors")
HEAVY = {
    "boto3", "botocore", "duckdb", "holidays", "msgspec", "numpy", "pandas", "pyarrow", "pydantic", "rich", "sqlglot",
    "streamlit", "typst", "yaml",
}  # fmt: skip
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"electrocloud"}
ASK_FOR_HELP = """
import contextlib, io, json, sys
from cli.main import app
imported = []
for path in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        app([*path, "--help"])
    assert "Usage: " in shown.getvalue(), path
    imported.append(list(sys.modules))
print(json.dumps(imported))
"""


def paths(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The command's own path, and those of the commands below it."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, (*path, name))


COMMANDS = [*paths(typer.main.get_command(app))]


@pytest.fixture(scope="module")
def imported() -> dict[tuple[str, ...], list[str]]:
    """The modules of a process after it has shown the help of each command, one after the other."""
    command = [sys.executable, "-c", ASK_FOR_HELP, json.dumps(COMMANDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(zip(COMMANDS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_imports_nothing_of_the_work(imported: dict[tuple[str, ...], list[str]], path: tuple[str, ...]) -> None:
    modules = imported[path]
    ours = [name for name in modules if name.partition(".")[0] in OURS]
    assert [name for name in ours if name not in LIGHT and not name.startswith("cli.commands")] == []
    assert HEAVY & {name.partition(".")[0] for name in modules} == set()


@pytest.mark.parametrize("path", [path for path in COMMANDS if path in ((), ("bill",), ("registry",))], ids=" ".join)
def test_every_command_is_listed_with_its_whole_first_line(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env=os.environ | {"COLUMNS": "80"}).output
    assert "..." not in shown.partition("Commands:")[2]
