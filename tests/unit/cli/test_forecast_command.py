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
        (HEAD + "2025-01-01T00:00:00Z,1\n2025-01-01T00:10:00Z,1\n2025-01-01T00:20:00Z,1\n", "no hour has all of its"),
        (
            HEAD + "".join(f"2025-01-01T{n:02}:00Z,{9000 + n}\n" for n in range(9)),
            "give --kind register and its --unit",
        ),
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


@pytest.mark.parametrize("minutes", [15, 30])
def test_values_within_the_hour_are_averaged_and_with_a_unit_of_energy_added_up(tmp_path: Path, minutes: int) -> None:
    times = [f"2025-01-01T{n * minutes // 60:02}:{n * minutes % 60:02}:00+05:30" for n in range(180 // minutes)]
    del times[1]  # of the first hour
    path = _file(tmp_path, HEAD + "".join(f"{time},{int(time[11:13]) + 1}\n" for time in times))
    found = read_series(path, ReadOptions(zone="Asia/Kolkata"))
    assert found.load.values.tolist() == [2, 3]
    assert f"2 hours, each the mean of its values {minutes} min apart" in found.found[0]
    assert found.ahead(1)[0].isoformat() == "2025-01-01T03:00:00+05:30"
    added = read_series(path, ReadOptions(zone="Asia/Kolkata", unit="Wh"))
    assert added.load.values.tolist() == [2 * 60 / minutes, 3 * 60 / minutes]


@pytest.mark.parametrize("head", [HEAD, "start,wh\n"])
def test_an_hour_that_the_clocks_skip_is_refused_by_its_name(tmp_path: Path, head: str) -> None:
    path = _file(tmp_path, head + "".join(f"2025-03-30T{hour:02}:00:00,7\n" for hour in range(5)))
    with pytest.raises(UsageError, match="row 4: 2025-03-30T02:00:00 does not exist in Europe/Berlin"):
        read_series(path, ReadOptions(zone="Europe/Berlin"))


def test_an_empty_row_in_the_hour_that_the_clocks_skip_is_a_row_without_a_value(tmp_path: Path) -> None:
    rows = "".join(f"2025-03-30T{hour:02}:00:00,{'' if hour == 2 else 7}\n" for hour in range(5))
    found = read_series(_file(tmp_path, HEAD + rows), ReadOptions(zone="Europe/Berlin"))
    assert found.load.values.tolist() == [7, 7, pytest.approx(np.nan, nan_ok=True), 7, 7]


def test_a_register_is_forecast_by_its_rises(tmp_path: Path) -> None:
    path = _file(tmp_path, HEAD + "".join(f"2025-01-01T{n:02}:00Z,{9000 + n}\n" for n in range(4)))
    with pytest.raises(UsageError, match="the unit of the register is not known; give --unit"):
        read_series(path, ReadOptions(kind="register"))
    assert read_series(path, ReadOptions(kind="register", unit="kWh")).load.values.tolist() == [1000, 1000, 1000]


def test_what_simulate_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fleet.parquet"
    faults = ["--duplicates", "0.2", "--corrections", "0.2", "--gaps", "0.2"]
    asked = ["simulate", "--out", str(path), "--meters", "3", "--days", "3", "--solar", "1", *faults]
    assert CliRunner().invoke(app, asked).exit_code == 0
    found = read_series(path, ReadOptions(zone="Europe/Berlin"))
    assert len(found.load.values) == 72
    assert any("received from the customer left out" in line for line in found.found)
    assert any("repeated readings" in line for line in found.found)


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


def test_days_are_printed_with_their_peaks_and_what_the_forecast_was_made_from(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text(_hours(9) + "2025-01-10T00:00:00,0\n")
    asked = ["forecast", "--input", str(path), "--days", "2", "--zone", "UTC"]
    shown = CliRunner().invoke(app, asked).stdout
    assert "from readings until 2025-01-10 01:00 UTC" in shown
    days = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)["days"]
    assert [(day["day"], day["hours"]) for day in days] == [("2025-01-10", 23), ("2025-01-11", 24), ("2025-01-12", 24)]
    assert [day["peak"]["timestamp"][11:13] for day in days] == ["23"] * 3
    assert [round(day["energy"]) for day in days] == [276] * 3


def test_a_table_of_days_cuts_no_number(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    path.write_text(_hours(9).replace(":00:00,", ":00:00,1234"))
    shown = CliRunner().invoke(app, ["forecast", "--input", str(path), "--days", "2", "--zone", "UTC"]).stdout
    (day,) = [line.split() for line in shown.splitlines() if "Sat Jan 11" in line]
    assert day == ["Sat", "Jan", "11", "24", "1,851,276", "1,851,276", "to", "1,851,276", "123,423", "123,423", "to",
                   "123,423", "23:00", "0.0%"]  # fmt: skip
    assert "…" not in shown
    assert " in Wh" not in shown  # a file has its own unit, whatever its name


@pytest.mark.parametrize("sources", [[], ["--fleet", "--feeder", "DE-F000"]])
def test_one_series_is_forecast_at_a_time(sources: list[str]) -> None:
    done = CliRunner().invoke(app, ["forecast", *sources])
    assert done.exit_code == 1
    assert "one of --input FILE, --fleet, --feeder F and --meter M" in done.output


def test_a_load_is_forecast_with_the_weather_in_another_file(tmp_path: Path) -> None:
    hours = np.arange(70 * 24 + 24)
    celsius = 8 + 6 * np.sin(hours / 37) + 4 * np.sin(hours * 2 * np.pi / 24)
    times = [f"{np.datetime64('2025-01-01T00') + hour}:00Z" for hour in hours]
    load, weather = tmp_path / "load.csv", tmp_path / "weather.csv"
    known = range(70 * 24)
    load.write_text(HEAD + "".join(f"{times[hour]},{300 - 10 * celsius[hour]:.2f}\n" for hour in known))
    weather.write_text("timestamp,site_c\n" + "".join(f"{times[hour]},{celsius[hour]:.2f}\n" for hour in hours))
    done = CliRunner().invoke(app, ["forecast", "--input", str(load), "--weather", str(weather), "--json"])
    assert done.exit_code == 0
    made = json.loads(done.stdout)
    assert made["weather"] == {"stations": ["site"], "issued": None}
    assert "weather" in {part for one in made["candidates"] for part in one["model"].split(" + ")}


def test_weather_goes_with_a_file(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["forecast", "--fleet", "--weather", str(tmp_path / "weather.csv")])
    assert refused.exit_code == 1
    assert "--weather goes with --input FILE" in refused.stderr
