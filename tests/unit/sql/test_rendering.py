"""How questions are read from files, and how values get into their SQL."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from analytics.questions import Parameter, find, questions, read
from electrocloud.domain.errors import UsageError

NOW = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)


def question(folder: Path, text: str) -> Path:
    path = folder / "mine.sql"
    path.write_text(text)
    return path


def test_every_question_asks_in_plain_words_and_describes_its_parameters():
    for name, asked in questions().items():
        assert asked.title.endswith("?"), name
        assert all(parameter.description for parameter in asked.parameters)
        assert "{" not in asked.render({}, NOW)


@pytest.mark.parametrize(
    ("kind", "text", "literal"),
    [
        ("month", "2026-02", "DATE '2026-02-01'"),
        ("month", "this-month", "DATE '2026-03-01'"),
        ("month", "this-month-3", "DATE '2025-12-01'"),
        ("day", "2026-02-28", "DATE '2026-02-28'"),
        ("day", "today", "DATE '2026-03-15'"),
        ("day", "today-15", "DATE '2026-02-28'"),
        ("time", "now", "TIMESTAMP '2026-03-15 23:30:00'"),
        ("time", "2026-03-01T12:00+01:00", "TIMESTAMP '2026-03-01 11:00:00'"),
        ("time", "2026-03-01T12:00", "TIMESTAMP '2026-03-01 12:00:00'"),
        ("meter", "DE-1.a:b", "'DE-1.a:b'"),
        ("zone", "Europe/Berlin", "'Europe/Berlin'"),
        ("whole", "26", "26"),
        ("number", "230", "230.0"),
        ("lines|totals", "totals", "'totals'"),
    ],
)
def test_a_value_is_put_in_as_a_literal_of_its_kind(tmp_path: Path, kind: str, text: str, literal: str):
    asked = read(question(tmp_path, f"-- What?\n-- param: it {kind} x a value\nSELECT {{it}}"))

    assert asked.render({"it": text}, NOW) == f"SELECT {literal}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("month", "2026-13"),
        ("month", "last"),
        ("day", "2026-02-30"),
        ("day", "today-"),
        ("time", "noon"),
        ("meter", "m' OR 1 = 1 --"),
        ("meter", ""),
        ("zone", "Europe/Atlantis"),
        ("zone", "../UTC"),
        ("whole", "-1"),
        ("whole", "1; SELECT"),
        ("number", "nan"),
        ("lines|totals", "all"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused_with_what_to_give(kind: str, text: str):
    with pytest.raises(UsageError, match=r"it is .*(give|choose) "):
        Parameter("it", kind, "x", "a value").parse(text, NOW)


def test_relative_days_are_those_of_the_zone_that_is_asked_for():
    midnight = datetime(2026, 3, 16, 0, 30, tzinfo=UTC)
    question = questions()["completeness_by_day"]

    assert "DATE '2026-03-16'" in question.render({"last_day": "today"}, midnight)
    assert "DATE '2026-03-15'" in question.render({"last_day": "today", "zone": "America/New_York"}, midnight)
    assert Parameter("it", "day", "today", "").parse("today", midnight) == date(2026, 3, 16)


def test_an_unknown_parameter_is_rejected_with_the_known_ones():
    with pytest.raises(UsageError, match="bill has no parameter 'moon'; it has month, meter, detail"):
        questions()["bill"].render({"moon": "1"}, NOW)


def test_a_question_is_found_by_name_or_file_or_else_the_names_are_listed(tmp_path: Path):
    path = question(tmp_path, "SELECT 1\n")

    assert find("bill") is questions()["bill"]
    assert find(str(path)).render({}, NOW) == "SELECT 1"
    with pytest.raises(UsageError, match=r"'bil' is neither a question nor a file.*bill"):
        find("bil")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("-- What?\nSELECT {month}", r"mine.sql: \{month\} has no `-- param: month"),
        ("-- What?\n-- param: it moon full the moon\nSELECT {it}", "mine.sql: moon is not a parameter kind"),
    ],
)
def test_a_file_with_undeclared_parameters_is_rejected(tmp_path: Path, text: str, fault: str):
    with pytest.raises(UsageError, match=fault):
        read(question(tmp_path, text))
