"""`electrocloud bill --account` and `--meter` print the stored bills, with number, dates and use per day."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from cli.main import app
from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Account
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures


@pytest.fixture
def run(aws: Aws, billed: RegistryDesk, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setattr("cli.history.find_stack", lambda: stack_on(aws))

    def invoke(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["bill", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.stderr

    return invoke


@pytest.mark.parametrize("owner", [("--account", "A-1"), ("--meter", "M-1"), ("--meter", "AG-1")])
def test_the_stored_bills_of_an_owner_are_printed_as_json(run, owner: tuple[str, str]):
    june, july = (bill for bill in json.loads(run(*owner, "--json")) if bill["status"] == "final")

    assert (june["number"], july["number"]) == ("AG-1-20260601", "AG-1-20260701")
    assert july["issued_on"] < july["due_on"]
    assert (july["read_from"], july["read_until"]) == ("2026-07-01", "2026-07-31")
    assert (july["daily_kwh"], july["daily_kwh_before"], july["daily_kwh_last_year"]) == ("2.400", "2.400", None)


def test_they_are_printed_for_people_too(run):
    shown = " ".join(run("--meter", "M-1").split())

    assert "Bill AG-1-20260701, issued on" in shown
    assert "Use per day: 2.4 kWh; 2.4 in the period before." in shown


def test_the_bills_of_a_customer_who_has_moved_out_are_printed(run, billed: RegistryDesk):  # noqa: F811
    day = date(2026, 8, 2)
    billed.change(["SP-1"], [], "moved out", lambda part: events.move_out(part, "SP-1", day))
    li = Account(account_id="A-2", name="Li")
    billed.change(["SP-1"], [], "moved in", lambda part: events.move_in(part, li, "SP-1", "flat", day))

    assert {bill["account_id"] for bill in json.loads(run("--account", "A-1", "--json"))} == {"A-1"}


def test_an_owner_without_bills_is_named(run):
    assert "there are no bills of A-9" in run("--account", "A-9", code=1)
