"""`electrocloud forecast --input`: what a file may look like, what is said of one that may not, and what comes out."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.files.series import read_series
from cli.main import app
from electrocloud.domain.errors import UsageError
from meter_files.channel import ReadOptions

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
        ("time,load\n1,2\n", "columns time, load, separated by ,, in line 1. Name its columns"),
        ("", "the file is empty"),
        (HEAD, "has no readings"),
        (HEAD + "2025-01-01T00:00:00Z,\n", "no readings; 1 rows without a value in 'value' left out"),
        (HEAD + "31.12.2025 13:00,1\n", "row 2: the time '31.12.2025 13:00' is not like 2026-07-01 00:15"),
        (HEAD + "2025-01-01T00:00:00,1\n", "row 2: '2025-01-01T00:00:00' has no zone; give --zone"),
        (HEAD + "2025-01-01T00:00:00Z,much\n", "row 2: 'much' is not a number"),
        (HEAD + "2025-01-01T00:00:00Z,inf\n", "row 2: 'inf' is not a number"),
        (
            HEAD + "2025-01-01T00:00:00Z,1\n2025-01-01T01:00:00,1\n",
            "row 3: the time '2025-01-01T01:00:00' has no offset",
        ),
        (HEAD + "2025-01-01T00:00:00Z,1\n2025-01-01T00:30:00Z,1\n", "30 min apart; add them up to whole hours"),
        (HEAD + "2025-01-01T00:00Z,1\n2025-01-02T00:00Z,1\n2025-01-03T00:00Z,1\n", "a day apart; a forecast needs one"),
        (HEAD + "2025-01-01T00:00:00Z,1\n2025-01-01T00:00:00Z,50000\n", "row 3 has another value than row 2"),
        (HEAD + "2025-01-01T00:00:00Z,1\n2925-01-01T00:00:00Z,1\n", "row 3 is in the year 2925; 1990 to 2099 is taken"),
        ("start,wh,direction\n2025-01-01T00:00:00Z,1,export\n", "no delivered energy, only received"),
        ("start,wh,flow\n2025-01-01T00:00:00Z,1,in\n", "a column 'flow' with in may change what a value is"),
        ("start,wh,interval_s\n2025-01-01T00:00:00Z,1,900\n", "no hour has all of its readings"),
        ("start,wh,interval_s\n2025-01-01T00:00:00Z,1,86400\n", "a day apart; a forecast needs one for each hour"),
    ],
)
def test_a_file_without_an_hourly_load_is_refused_as_bill_refuses_it(tmp_path: Path, text: str, said: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        read_series(path, ReadOptions())
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv"):
        read_series(tmp_path / "none.csv", ReadOptions())


def test_what_loggers_write_for_no_value_is_a_gap(tmp_path: Path) -> None:
    rows = ["00:00:00Z,5", "01:00:00Z,-9999", "02:00:00Z,", "03:00:00Z,NaN", "04:00:00Z,-7.25"]
    load = read_series(_file(tmp_path, HEAD + "".join(f"2025-01-01T{row}\n" for row in rows)), ReadOptions()).load
    np.testing.assert_array_equal(load.values, [5, np.nan, np.nan, np.nan, -7.25])


def test_times_seconds_off_the_hour_are_put_on_it(tmp_path: Path) -> None:
    found = read_series(_file(tmp_path, HEAD + "2025-01-01T00:00:02Z,1\n2025-01-01T01:00:00Z,2\n"), ReadOptions())
    assert found.load.values.tolist() == [1, 2]
    assert found.found[0] == "1 times moved by seconds onto the minute (delivered)"
    assert "days are taken in UTC" in found.found[1]


def test_a_meter_file_is_forecast_as_the_hours_of_its_delivered_energy(tmp_path: Path) -> None:
    quarters = [f"2025-01-0{1 + n // 96}T{n % 96 // 4:02}:{n % 4 * 15:02}:00+05:30,{n},{way}" for n in range(192)
                for way in ("delivered", "received")]  # fmt: skip
    del quarters[2 * 9]  # a quarter of the third hour
    path = _file(tmp_path, "start,wh,direction\n" + "\n".join(quarters) + "\n")
    found = read_series(path, ReadOptions(zone="Asia/Kolkata"))
    hours = [float(sum(range(4 * hour, 4 * hour + 4))) for hour in range(48)]
    hours[2] = np.nan
    np.testing.assert_array_equal(found.load.values, hours)
    assert found.ahead(1)[0].isoformat() == "2025-01-03T00:00:00+05:30"
    assert found.found == ["18.3 kWh received from the customer left out"]


def test_hourly_readings_on_the_half_hour_are_the_hours(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-01T{hour:02}:30:00Z,{hour}\n" for hour in range(3))
    assert read_series(_file(tmp_path, "start,wh\n" + rows), ReadOptions()).load.values.tolist() == [0, 1, 2]


def test_power_and_end_stamps_are_read_as_bill_reads_them(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-01T{hour:02}:{minute}:00;{100 * hour}\n" for hour in range(3) for minute in ("00", "30"))
    path = _file(tmp_path, "Horodate;Valeur\n" + rows)
    found = read_series(path, ReadOptions())  # W, each from half an hour before
    assert found.load.values.tolist() == [50, 150]
    assert found.found[0].startswith("Enedis load curve: 6 half-hours")


def test_many_meters_are_forecast_together(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-01T{hour:02}:00:00Z,{hour},{meter}\n" for hour in range(3) for meter in "ab")
    assert read_series(_file(tmp_path, "start,wh,meter_id\n" + rows), ReadOptions()).load.values.tolist() == [0, 2, 4]


def test_json_has_the_model_the_candidates_and_a_row_for_each_hour_that_comes(tmp_path: Path) -> None:
    path = _file(tmp_path, _hours(9))
    done = CliRunner().invoke(app, ["forecast", "--input", str(path), "--horizon", "30", "--json", "--zone", "UTC"])
    made = json.loads(done.stdout)
    assert made["series"] == "series.csv"
    assert made["candidates"][0]["model"] == made["model"]
    assert [row["timestamp"] for row in made["rows"]][::29] == ["2025-01-10T00:00:00Z", "2025-01-11T05:00:00Z"]
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
