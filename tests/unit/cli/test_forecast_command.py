"""`electrocloud forecast --input`: what a file may look like, what is said of one that may not, and what comes out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from electrocloud.domain.errors import UsageError
from forecasting.series_file import read_series

HEAD = "timestamp,value\n"


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "series.csv"
    path.write_text(text)
    return path


def _hours(days: int) -> str:
    rows = (f"2025-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00,{hour % 24}" for hour in range(24 * days))
    return HEAD + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,load\n", "begins with 'time,load'; its first row must be timestamp,value"),
        ("", "begins with ''; its first row must be timestamp,value"),
        (HEAD, "no values; it needs rows with a timestamp and a number"),
        (HEAD + "2025-01-01,\n", "no values"),
        (HEAD + "31.12.2025 13:00,1\n", "row 2: timestamp is '31.12.2025 13:00'; write it like"),
        (HEAD + "2025-01-01T00:00:00,much\n", "row 2: value is 'much'; give a number, or nothing for a gap"),
        (HEAD + "2025-01-01T00:00:00,inf\n", "row 2: value is 'inf'; give a finite number"),
        (HEAD + "2025-01-01T00:00:00,1\n2025-01-01T01:00:00Z,1\n", "some timestamps have an offset and some have none"),
        (HEAD + "2025-01-01T00:00:00,1\n2025-01-01T00:30:00,1\n", "30 min apart; add them up to whole hours"),
        (HEAD + "2025-01-01,1\n2025-01-02,1\n2025-01-03,1\n", "values 24 h apart; a forecast needs one for each hour"),
        (HEAD + "2025-01-01T00:00:00,1\n2925-01-01T00:00:00,1\n", "spans 899 years; check its timestamps"),
    ],
)
def test_a_file_that_is_not_an_hourly_series_is_rejected_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_series(_file(tmp_path, text))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: .*; give the path of a CSV file"):
        read_series(tmp_path / "none.csv")
    path = tmp_path / "series.csv.gz"
    path.write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(UsageError, match="unpack or convert it first"):
        read_series(path)


def test_json_has_the_model_the_candidates_and_a_row_for_each_hour_that_comes(tmp_path: Path) -> None:
    path = _file(tmp_path, _hours(9))
    done = CliRunner().invoke(app, ["forecast", "--input", str(path), "--horizon", "30", "--json"])
    made = json.loads(done.stdout)
    assert made["series"] == "series.csv"
    assert made["candidates"][0]["model"] == made["model"]
    assert [row["timestamp"] for row in made["rows"]][::29] == ["2025-01-10T00:00:00", "2025-01-11T05:00:00"]
    assert [round(row["value"]) for row in made["rows"]] == [hour % 24 for hour in range(30)]
    assert all(row["low"] <= row["value"] <= row["high"] for row in made["rows"])


def test_csv_has_a_row_for_each_hour_that_comes_on_the_clock_of_the_zone(tmp_path: Path) -> None:
    path = _file(tmp_path, _hours(9))
    asked = ["forecast", "--input", str(path), "--horizon", "2", "--csv", "--zone", "Europe/Berlin"]
    rows = CliRunner().invoke(app, asked).stdout.splitlines()
    assert rows[0] == "timestamp,value,low,high"
    assert [row.split(",")[0] for row in rows[1:]] == ["2025-01-10T00:00:00+01:00", "2025-01-10T01:00:00+01:00"]


@pytest.mark.parametrize("sources", [[], ["--fleet", "--feeder", "DE-F000"]])
def test_one_series_is_forecast_at_a_time(sources: list[str]) -> None:
    done = CliRunner().invoke(app, ["forecast", *sources])
    assert done.exit_code == 1
    assert "one of --input FILE, --fleet, --feeder F and --meter M" in done.output
