"""One option prints every command's answer for people or for programs."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.kits.billing_kit import document

READINGS = "\n".join(f"2026-{month:02}-01T{hour:02}:00:00Z,{500 + hour}" for month in (4, 5) for hour in range(24))
FLAT = document(0.1, name="Flat", timezone="UTC", label="flat")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "usage.csv").write_text(f"start,wh\n{READINGS}\n")
    (tmp_path / "flat.json").write_text(json.dumps(FLAT))
    return str(tmp_path / "flat.json"), str(tmp_path / "usage.csv")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(text: str, delimiter: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_bills_are_rows_with_the_columns_of_a_batch(files: tuple[str, str], form: str, delimiter: str) -> None:
    tariff, usage = files
    found = rows(run("bill", "--tariff", tariff, "--usage", usage, "--output", form), delimiter)

    assert [(row["month"], row["energy_kwh"], row["total_rounded"]) for row in found] == [
        ("2026-04", "12.276", "1.23"),
        ("2026-05", "12.276", "1.23"),
    ]


def test_json_is_the_same_by_both_options(files: tuple[str, str]) -> None:
    words = ("bill", "--tariff", files[0], "--usage", files[1])

    assert json.loads(run(*words, "--json")) == json.loads(run(*words, "-o", "json"))
    assert "Total for April 2026" in run(*words, "-o", "table") == run(*words)


def test_two_formats_at_once_are_refused(files: tuple[str, str]) -> None:
    done = CliRunner().invoke(app, ["bill", "--tariff", files[0], "--usage", files[1], "--json", "-o", "csv"])

    assert (done.exit_code, "--json and --output csv ask for two formats" in done.output) == (1, True)


def test_the_cost_of_a_fleet_is_rows_that_add_up_to_the_total() -> None:
    found = rows(run("cost", "--meters", "1000", "--output", "tsv"), "\t")
    total = json.loads(run("cost", "--meters", "1000", "--json"))

    assert {"service", "units_per_month", "unit", "usd_per_month"} == set(found[0])
    assert abs(sum(float(row["usd_per_month"]) for row in found) - total["dollars_a_month"]) < 0.01


def test_tariffs_compared_are_rows_in_their_order(files: tuple[str, str], tmp_path: Path) -> None:
    dear = tmp_path / "dear.json"
    dear.write_text(json.dumps(FLAT | {"energyratestructure": [[{"rate": 0.2}]], "name": "Dear", "label": "dear"}))
    hours = "\n".join(f"2026-04-{day:02}T{hour:02}:00:00Z,500" for day in range(1, 31) for hour in range(24))
    Path(files[1]).write_text(f"start,wh\n{hours}\n")
    found = rows(run("compare", str(dear), files[0], "--usage", files[1], "-o", "csv"), ",")

    assert [(row["tariff"], row["total"], row["saving"]) for row in found] == [
        ("flat", "36.00", "36.00"), ("dear", "72.00", "0.00"),
    ]  # fmt: skip
