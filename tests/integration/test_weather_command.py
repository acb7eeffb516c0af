"""`electrocloud weather import`, from files to the lake, on AWS in memory."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from electrocloud.domain.registry.records import Registry
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import stack_on
from tests.kits.registry_kit import STATION

CSV = """\
timestamp,station_id,temperature_f,issued
2026-11-23T00:00Z,KPHX,50,
2026-11-23T00:30Z,KPHX,59,
2026-11-23T01:00Z,KPHX,-999,
2026-11-24T00:00Z,KPHX,41,2026-11-23T06:00Z
2026-11-24T00:00Z,KFLG,32,2026-11-23T06:00Z
"""


@pytest.fixture
def run(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    stack = stack_on(aws)
    monkeypatch.setattr("cli.weather.find_stack", lambda: stack)
    RegistryDesk(stack).apply(Registry(stations={STATION.key: STATION}), "test")

    def run(text: str | Path, *options: str) -> Result:
        path = text if isinstance(text, Path) else tmp_path / "weather.csv"
        if isinstance(text, str):
            path.write_text(text)
        return CliRunner().invoke(app, ["weather", "import", str(path), *options])

    return run


def _stored(aws: Aws) -> list[tuple[Any, ...]]:
    key = "weather/2026-11.parquet"
    body = aws.s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read()
    return [tuple(row.values()) for row in pq.read_table(io.BytesIO(body)).to_pylist()]


def test_observed_and_forecast_temperatures_are_stored_by_the_hour_in_celsius(run: Any, aws: Aws) -> None:
    done = run(CSV, "--json")
    assert (done.exit_code, json.loads(done.stdout)["refused"]) == (0, [])
    assert [tuple(one.values())[1:5] for one in json.loads(done.stdout)["stations"]] == [
        ("KFLG", False, 0, 1),
        ("KPHX", True, 1, 1),
    ]
    assert "KFLG is not among the registry's stations" in done.stderr
    issued = datetime(2026, 11, 23, 6)
    expected = [
        ("KFLG", datetime(2026, 11, 24), 0.0, issued),
        ("KPHX", datetime(2026, 11, 23), 12.5, None),
        ("KPHX", datetime(2026, 11, 24), 5.0, issued),
    ]
    assert _stored(aws) == expected
    run(CSV)
    assert _stored(aws) == expected


def test_rows_that_cannot_be_read_are_refused_with_their_reason_and_the_others_are_stored(run: Any, aws: Aws) -> None:
    ahead = datetime.now(UTC) + timedelta(days=2)
    bad = (
        "2026-11-23T02:00,KPHX,50,\n"
        "2026-11-23T03:00Z,KPHX,warm,\n"
        "2026-11-23T04:00Z,KPHX,150,\n"
        "2026-11-23T05:00Z,,50,\n"
        "2026-11-23T05:00Z,KPHX,50,2026-11-24T05:00Z\n"
        f"{ahead.isoformat()},KPHX,50,\n"
        f"{ahead.isoformat()},KPHX,50,{(ahead - timedelta(days=1)).isoformat()}\n"
    )
    done = run(CSV + bad, "--json")
    refused = {one["row"]: one["reason"] for one in json.loads(done.stdout)["refused"]}
    assert done.exit_code == 1
    assert {row: reason.partition(";")[0] for row, reason in refused.items()} == {
        7: "'2026-11-23T02:00' has no offset",
        8: "'warm' in 'temperature_f' is not a number",
        9: "150 in 'temperature_f' is no outdoor temperature",
        10: "it names no station in `station_id`",
        11: "issued after the hour that it forecasts",
        12: "the hour is still to come, so it was not observed",
        13: "`issued` is still to come",
    }
    assert "weather.csv row 8: 'warm' in 'temperature_f' is not a number" in done.stderr
    assert len(_stored(aws)) == 3


def test_a_file_that_does_not_name_its_station_needs_one(run: Any, aws: Aws) -> None:
    text = "timestamp,temperature_c\n2026-11-23 01:00,4\n"
    refused = run(text, "--zone", "America/Phoenix")
    assert (refused.exit_code, "give --station ID" in refused.stderr) == (1, True)
    assert run(text, "--zone", "America/Phoenix", "--station", "KPHX").exit_code == 0
    assert _stored(aws) == [("KPHX", datetime(2026, 11, 23, 8), 4.0, None)]


def test_parquet_is_read_as_csv_is(run: Any, aws: Aws, tmp_path: Path) -> None:
    start = datetime(2026, 11, 23, 1, tzinfo=UTC)
    rows = [
        {"start": start, "station_id": "KPHX", "temperature_c": 4.5, "issued": None},
        {"start": start, "station_id": "KPHX", "temperature_c": 6.0, "issued": start - timedelta(hours=6)},
        {"start": start, "station_id": "KFLG", "temperature_c": None, "issued": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "weather.parquet")
    assert run(tmp_path / "weather.parquet").exit_code == 0
    assert [row[2:] for row in _stored(aws)] == [(6.0, datetime(2026, 11, 22, 19)), (4.5, None)]


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("a.csv", b"timestamp,price\n", "there is no column of temperatures"),
        ("a.csv", b"timestamp,temp\n", "the column 'temp' does not say its unit"),
        ("a.csv", b"day,temp_c\n", "there is no column of times"),
        ("a.csv", b"\xff\xfe\x00", "this is not a text file"),
        ("a.parquet", b"no parquet", "this is not a Parquet file"),
    ],
)
def test_a_file_without_weather_is_refused_in_one_sentence(
    run: Any, tmp_path: Path, name: str, body: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(body)
    refused = run(tmp_path / name)
    assert (refused.exit_code, says in refused.stderr) == (1, True)
