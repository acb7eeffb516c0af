"""`electrocloud export green-button` writes what the stack has stored."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures

JULY = ("--from", "2026-07-01", "--to", "2026-08-01")


@pytest.fixture
def run(aws: Aws, billed: RegistryDesk, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setattr("cli.export.find_stack", lambda: stack_on(aws))

    def invoke(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["export", "green-button", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.stderr

    return invoke


def test_a_months_usage_and_bill_are_in_the_file(run, tmp_path: Path):
    out = tmp_path / "usage.xml"
    run("M-1", *JULY, "--out", str(out))

    (load,) = read_load(out, ReadOptions()).meters
    assert load.readings.wh.sum() == 2_400 * 31
    assert out.read_text().count("<UsageSummary") == 1
    assert run("M-1", *JULY).count("<UsageSummary") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("M-9",), "meter M-9 is not registered"),
        (("M-1", "--from", "2026-08-01", "--to", "2026-07-01"), "--from 2026-08-01 is not before --to 2026-07-01"),
        (("M-1", "--from", "July"), "--from is 'July'; write a day like 2026-11-01"),
        (("M-1", "--from", "2019-01-01", "--to", "2019-02-01"), "neither readings nor bills"),
    ],
)
def test_what_cannot_be_exported_is_named(run, arguments: tuple[str, ...], says: str):
    assert says in run(*arguments, code=1)
