"""Rows as people and programs read them."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from cli import rows as rows_module
from cli.choices import Output
from cli.rows import ROWS_SHOWN, Rows, print_rows
from presentation.units import column_title

BERLIN = timezone(timedelta(hours=1))
FOUND = Rows(
    ("meter", "start_utc", "day", "energy_kwh", "readings", "note"),
    [
        ("US-1", datetime(2026, 11, 24, 1, tzinfo=BERLIN), date(2026, 11, 24), Decimal("1302.641"), 96, 'a "b", c'),
        ("US-2", datetime(2026, 11, 24, tzinfo=UTC), date(2026, 11, 24), None, 1_000_000, "two\tlines\nhere"),
    ],
    title="Energy",
)


def printed(capsys, output: Output | None, found: Rows = FOUND) -> str:
    print_rows(found, output)
    return capsys.readouterr().out


@pytest.fixture
def terminal(monkeypatch):
    """Prints to a terminal of so many columns."""

    def of(columns: int) -> None:
        monkeypatch.setattr(rows_module.sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))

    return of


def test_csv_reads_back_as_it_was(capsys):
    read = [*csv.reader(io.StringIO(printed(capsys, Output.csv)))]
    assert read[0] == list(FOUND.columns)
    assert read[1] == ["US-1", "2026-11-24T00:00:00Z", "2026-11-24", "1302.641", "96", 'a "b", c']
    assert read[2][5] == "two\tlines\nhere"


def test_in_csv_no_text_is_a_formula_and_programs_read_the_same_text_from_tsv_and_json(capsys):
    found = Rows(("feeder", "change"), [("=1+1", Decimal("-2.50"))])
    assert printed(capsys, Output.csv, found) == "feeder,change\n'=1+1,-2.50\n"
    assert printed(capsys, Output.tsv, found) == "feeder\tchange\n=1+1\t-2.50\n"
    assert json.loads(printed(capsys, Output.json, found)) == [{"feeder": "=1+1", "change": -2.5}]


def test_tsv_is_one_line_a_row_and_what_a_pipe_gets(capsys):
    text = printed(capsys, None)
    assert text == printed(capsys, Output.tsv)
    assert [len(line.split("\t")) for line in text.splitlines()] == [6, 6, 6]
    assert text.splitlines()[2].split("\t")[3:] == ["", "1000000", "two lines here"]


def test_json_has_numbers_as_they_are_and_null_for_none(capsys):
    text = printed(capsys, Output.json)
    assert '"energy_kwh": 1302.641' in text
    first, second = json.loads(text)
    assert first["start_utc"] == "2026-11-24T00:00:00Z"
    assert first["readings"] == 96
    assert second["energy_kwh"] is None


def test_a_terminal_gets_a_table_with_units_in_its_headings(capsys, terminal):
    terminal(120)
    text = printed(capsys, None)
    assert "Energy kWh" in text
    assert "1,302.641" in text
    assert "1,000,000" in text


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_no_number_and_no_id_is_broken_however_narrow_the_terminal_is(capsys, terminal, columns):
    terminal(columns)
    found = Rows(
        ("meter", "zone", *(f"energy_{number}_kwh" for number in range(6))),
        [("US-000001", "America/Los_Angeles", *([Decimal("1302.641")] * 6))],
    )
    text = printed(capsys, None, found)
    assert text.count("1,302.641") == 6
    assert "US-000001" in text
    assert "America/Los_Angeles" in text


def test_a_long_table_ends_with_how_many_more_rows_there_are(capsys, terminal):
    terminal(80)
    text = printed(capsys, None, Rows(("number",), [(number,) for number in range(ROWS_SHOWN + 7)]))
    assert "7 more rows" in text
    assert len(printed(capsys, Output.csv, Rows(("number",), [(number,) for number in range(80)])).splitlines()) == 81


@pytest.mark.parametrize("output", Output)
def test_no_rows_say_what_is_empty_and_programs_still_get_the_heading(capsys, output):
    print_rows(Rows(("meter", "hours"), [], empty="All meters reported."), output)
    out, err = capsys.readouterr()
    assert "All meters reported." in (out if output is Output.table else err)
    expected = {Output.csv: "meter,hours\n", Output.tsv: "meter\thours\n", Output.json: "[]\n"}
    assert output is Output.table or out == expected[output]


def test_markup_in_a_value_is_text(capsys, terminal):
    terminal(80)
    assert "[red]x[/red]" in printed(capsys, None, Rows(("note",), [("[red]x[/red]",)]))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("energy_kwh", "Energy kWh"), ("kw", "kW"), ("start_utc", "Start UTC"), ("meter_id", "Meter ID")],
)
def test_a_heading_has_the_units_usual_spelling(name, shown):
    assert column_title(name) == shown
