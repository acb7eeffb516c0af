import csv
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.files.usage import read_usage
from cli.main import app
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from meter_files.uploads import uploads_of

FAULTS = ["--late", "--duplicates", "--gaps", "--corrections", "--clock-drift", "--stuck", "--spikes", "--silent"]


def run(out: Path, *more: str) -> str:
    asked = ["simulate", "--meters", "6", "--days", "2", "--start", "2024-02-28", "--out", str(out), *more]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    return result.output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_csv_and_parquet_hold_the_same_readings(tmp_path):
    run(tmp_path / "a.csv", "--solar", "0.5")
    run(tmp_path / "a.parquet", "--solar", "0.5")
    table = pq.read_table(tmp_path / "a.parquet")
    assert str(table.schema.field("start").type) == "timestamp[us, tz=UTC]"
    written = [
        (row["meter_id"], row["start"].strftime("%Y-%m-%dT%H:%M:%SZ"), row["wh"], row["voltage_v"], row["direction"])
        for row in table.to_pylist()
    ]
    read = [
        (
            row["meter_id"],
            row["start"],
            int(row["wh"]),
            float(row["voltage_v"]) if row["voltage_v"] else None,
            row["direction"],
        )
        for row in rows(tmp_path / "a.csv")
    ]
    assert read == written
    solar = [row["meter_id"] for row in rows(tmp_path / "a.meters.csv") if row["solar"] == "1"]
    assert solar
    assert len(read) == (6 + len(solar)) * 2 * 96
    assert {(meter, volt is None) for meter, _, _, volt, direction in read if direction == "received"} == {
        (meter, True) for meter in solar
    }


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_file_with_solar_homes_is_billed_forecast_and_imported_in_both_directions(tmp_path, name):
    out = tmp_path / name
    run(
        out,
        "--solar",
        "1",
        "--batteries",
        "1",
        "--start",
        "2024-06-01",
        "--days",
        "30",
        "--shops",
        "0",
        "--place",
        "US",
    )
    usage = read_usage(out)
    solar = [row["meter_id"] for row in rows(tmp_path / "a.meters.csv") if row["solar"] == "1"]
    exported = {meter: usage.received_intervals(index) for index, meter in enumerate(usage.meters)}
    assert {meter for meter, readings in exported.items() if readings} == set(solar)
    assert all(sum(reading.wh for reading in exported[meter]) > 0 for meter in solar)
    asked = ["bill", "--tariff", "tariffs/residential-solar.json", "--usage", str(out)]
    billed = CliRunner().invoke(app, asked)
    assert billed.exit_code == 0, billed.output
    assert "credit" in billed.output.lower()
    readings = [
        (reading.direction, reading.wh)
        for meter in read_load(out, ReadOptions()).meters
        for upload in uploads_of(meter, meter.meter, 0, Counter())
        for reading in upload.readings
    ]
    sent = {direction: sum(wh for one, wh in readings if one == direction) for direction in ("delivered", "received")}
    assert sent["received"] == sum(reading.wh for own in exported.values() for reading in own)
    assert sent["delivered"] == int(usage.wh.sum())


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, name):
    written = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        run(tmp_path / folder / name, "--gaps", "0.5")
        written.append((tmp_path / folder / name).read_bytes())
    assert written[0] == written[1]


def test_the_meters_file_is_written_and_the_truth_file_only_with_faults(tmp_path):
    run(tmp_path / "a.csv")
    assert {row["meter_id"] for row in rows(tmp_path / "a.meters.csv")} == {
        row["meter_id"] for row in rows(tmp_path / "a.csv")
    }
    assert not (tmp_path / "a.truth.csv").exists()


def test_faults_are_in_the_file_and_listed_in_the_truth_file(tmp_path):
    run(tmp_path / "a.csv", *(word for fault in FAULTS for word in (fault, "0.4")))
    readings, truth = rows(tmp_path / "a.csv"), rows(tmp_path / "a.truth.csv")
    kinds = {row["kind"] for row in truth}
    assert kinds >= {"late", "duplicate", "gap", "correction", "spike", "stuck"}
    counts = Counter((row["meter_id"], row["start"], row["revision"], row["direction"]) for row in readings)
    assert max(counts.values()) == 2
    assert any(revision == "1" for _, _, revision, _ in counts)
    assert len({place[:2] for place in counts}) < 6 * 2 * 96


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--interval", "7"], "interval_s is 7"),
        (["--start", "28.2.2024"], "YYYY-MM-DD"),
        (["--out", "a.xlsx"], ".csv or .parquet"),
        (["--out", "nowhere/a.csv"], "the folder nowhere does not exist"),
        (["--place", "ZZ"], "choose one of DE"),
        (["--gaps", "3"], "gaps is 3.0"),
        (["--meters", "0"], "at least 1"),
    ],
)
def test_invalid_options_are_reported_in_one_line(tmp_path, monkeypatch, wrong, message):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["simulate", "--meters", "2", "--days", "1", "--out", "a.csv", *wrong])
    assert result.exit_code == 1
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []
