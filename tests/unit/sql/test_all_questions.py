"""What holds for every question of sql/: its types, its formats, and the days it reads."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from analytics.questions import FOLDER, find, questions
from analytics.template import ROOT
from forecasting.fleet_loads import read_days
from tests.kits.sql_kit import NOW, Lake, partitioned_lake, translated

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def days_read(sql: str, folder: Path) -> set[int]:
    """Of how many days, of 450, the files are read in each place of a query's plan."""
    first = (NOVEMBER - timedelta(days=400)).date()
    lake = partitioned_lake(folder, [first + timedelta(days=number) for number in range(450)])
    plan = lake.execute(f"EXPLAIN {translated(sql)}").fetchall()[0][1]
    return {int(files) for files in re.findall(r"Scanning Files:\s*(\d+)/450", plan)}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.sql")), ids=lambda path: path.stem)
def test_every_quotient_states_its_type_because_the_engines_differ(path: Path):
    tree = sqlglot.parse_one(re.sub(r"\{\w+\}", "DATE '2026-11-01'", path.read_text()), read="athena")

    for quotient in tree.find_all(exp.Div):
        dividend, divisor = quotient.this, quotient.expression.sql()
        while isinstance(dividend, exp.Div):
            dividend = dividend.this
        without_remainder = dividend.sql() == "3600" and divisor.endswith("interval_s")
        assert isinstance(dividend, exp.Cast) or re.fullmatch(r"\d+e\d", divisor) or without_remainder, quotient.sql()


@pytest.mark.parametrize("name", questions())
def test_a_question_says_how_its_numbers_and_times_are_shown_and_what_no_rows_mean(name: str):
    question, lake = questions()[name], Lake([], [])
    described = lake.duckdb.execute(f"DESCRIBE {translated(question.render({}, NOW))}").fetchall()
    kinds = {row[0]: str(row[1]) for row in described}

    unclear = {column for column, kind in kinds.items() if kind.startswith(("DECIMAL", "DOUBLE", "TIMESTAMP", "FLOAT"))}
    assert unclear | ({"dt"} & kinds.keys()) <= question.formats.keys() <= kinds.keys()
    assert not question.empty.startswith("No rows answer")


@pytest.mark.parametrize("name", questions())
def test_a_question_reads_only_the_days_it_needs(name: str, tmp_path: Path):
    scans = days_read(questions()[name].render({}, NOW), tmp_path)
    assert scans or name in ("quarantined_by_reason", "access_log", "weather_forecast_errors")
    # A billing cycle ends up to four weeks after its month, and its bills may be issued on any day since it began.
    most = {
        "bill": 61,
        "bills_of_month": 85,
        "estimated_readings": 85,
        "readings_by_quality": 63,
        "revenue_by_tariff": 85,
    }.get(name, 45)
    assert all(files <= most for files in scans), scans


def test_the_power_of_a_day_and_of_the_one_a_week_before_reads_only_their_days(tmp_path: Path):
    assert days_read(find(str(ROOT / "dashboard/queries/fleet_power.sql")).render({}, NOW), tmp_path) == {2}


def test_the_hourly_loads_of_some_days_read_only_these(tmp_path: Path):
    asked: list[str] = []
    read_days(lambda sql: asked.append(sql) or [], [NOVEMBER.date() + timedelta(days=number) for number in range(3)])
    assert days_read(asked[0], tmp_path) == {3}
