"""The command as scripts use it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import doctor
from cli.main import app
from tools import command_reference

ELECTROCLOUD = Path(sys.executable).with_name("electrocloud")


def run(*words: str):
    return CliRunner().invoke(app, words)


def groups() -> list[list[str]]:
    command = typer.main.get_command(app)
    found = [[]]
    for name, one in command.commands.items():
        found += [[name], *([name, inner] for inner in getattr(one, "commands", {}))]
    return found


@pytest.mark.parametrize("words", groups(), ids=" ".join)
def test_every_command_has_a_short_help_option(words):
    result = run(*words, "-h")
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("words", groups(), ids=" ".join)
def test_a_command_that_takes_output_takes_json_too(words):
    command = typer.main.get_command(app)
    for word in words:
        command = command.commands[word]
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--output" in options) == ("--json" in options)


def test_the_version_is_the_packages():
    assert run("--version").output == "electrocloud 0.1.0\n"


def test_the_reference_is_what_the_commands_say_of_themselves():
    assert command_reference.PAGE.read_text() == command_reference.page(), "run `make commands`"


def test_a_reader_that_stops_early_is_no_error():
    command = f"{ELECTROCLOUD} query --output json | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "[\n"
    assert done.stderr == ""


def test_the_questions_names_are_completed():
    shell = {"_ELECTROCLOUD_COMPLETE": "complete_bash", "COMP_WORDS": "electrocloud query mon", "COMP_CWORD": "2"}
    done = subprocess.run([ELECTROCLOUD], env=shell, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["monthly_consumption"]


def test_the_doctor_says_what_is_missing_and_what_to_do(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/bin/{name}" if name == "make" else None)
    result = run("doctor", "--output", "json")
    checks = {one["check"]: one for one in json.loads(result.output)}
    assert checks["java (make conformance)"]["state"] == "optional"
    assert checks["java (make conformance)"]["what to do"] == "install java"
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    result = run("doctor")
    assert result.exit_code == 1
    assert "make (every target)\tmissing\tnot there\tinstall make" in result.output
