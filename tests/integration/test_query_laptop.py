"""The questions asked of the laptop's own Athena, through the command that a person uses."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from analytics.questions import questions
from analytics.registry_tables import publish
from cli.main import app
from electrocloud.aws.athena import QueryError, run
from electrocloud.aws.stack import Stack
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.athena_kit import running_athena
from tests.kits.billing_kit import load, time_of_use
from tests.kits.sql_kit import READINGS, meter, readings_of

pytestmark = pytest.mark.deploy

FIRST_COLUMNS = ("meter_id", "start", "interval_s", "wh", "voltage_v", "revision", "ingested_at")
ZONE = "America/New_York"
TARIFF = time_of_use([{"rate": 0.11, "max": 500}, {"rate": 0.17}], 0.31, timezone=ZONE, mincharge=200)
INTERVALS = load("2026-10-28T00:00", [200 + number % 300 for number in range(96 * 20)], 900, ZONE)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A meter of twenty days and its tariff. The files of readings are the first version's, which had fewer columns."""
    with running_athena(tmp_path_factory.mktemp("state")) as stack:
        _fill(stack)
        yield stack


def _fill(stack: Stack) -> None:
    s3 = stack.client("s3")
    publish(s3, stack.bucket, [meter("m", "tou", ZONE)], {"tou": tariff_from_urdb(TARIFF)})
    days: dict[str, list[dict[str, Any]]] = {}
    for row in readings_of("m", INTERVALS):
        days.setdefault(row.pop("dt"), []).append(row)
    for dt, rows in days.items():
        file = io.BytesIO()
        schema = pa.schema([READINGS.field(name) for name in FIRST_COLUMNS])
        pa.parquet.write_table(pa.Table.from_pylist(rows, schema=schema), file)
        s3.put_object(Bucket=stack.bucket, Key=f"readings/dt={dt}/part.parquet", Body=file.getvalue())


@pytest.fixture
def electrocloud(laptop: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cli.query.find_stack", lambda: laptop)

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["query", *arguments])
        assert result.exit_code == 0, result.output
        return result.output if "table" in arguments else result.stdout

    return invoke


@pytest.mark.parametrize("name", questions())
def test_the_laptops_athena_answers_each_question(electrocloud, name: str):
    header, *_ = electrocloud(name, "--csv", "-").splitlines()
    assert len(header.split(",")) >= 2


def test_readings_of_files_without_direction_and_quality_are_delivered_and_measured(electrocloud):
    range_ = ("--param", "first_month=2026-10", "--param", "last_month=2026-11")
    rows = list(csv.DictReader(io.StringIO(electrocloud("readings_by_quality", *range_, "--csv", "-"))))
    assert {(row["direction"], row["quality"], row["share"]) for row in rows} == {("delivered", "measured", "1.0")}
    assert sum(int(row["readings"]) for row in rows) == len(INTERVALS)


def test_a_bill_asked_of_athena_is_the_engines_to_the_cent(electrocloud):
    october, november = bills(tariff_from_urdb(TARIFF), INTERVALS)

    for bill in (october, november):
        rows = list(csv.DictReader(io.StringIO(electrocloud("bill", "--param", f"month={bill.month}", "--csv", "-"))))
        assert [(row["line"], Decimal(row["amount_rounded"])) for row in rows] == [
            *(("energy", line.amount_rounded) for line in bill.lines if line.kind == "energy"),
            ("total", sum(line.amount_rounded for line in bill.lines if line.kind == "energy")),
        ]


def test_a_result_is_printed_as_a_table_with_its_time(electrocloud):
    shown = electrocloud("monthly_consumption", "--param", "month=2026-11", "--output", "table")

    kwh = sum(i.wh for i in INTERVALS if i.start >= datetime(2026, 11, 1, 4, tzinfo=UTC).timestamp()) / 1000
    assert "How much energy did each meter use in a month?" in shown
    assert f"{kwh:,.3f}" in shown
    assert "1 rows" in shown


def test_a_result_can_be_written_as_parquet_with_its_types(electrocloud, tmp_path: Path):
    path = tmp_path / "trend.parquet"
    electrocloud(
        "load_trend", "--param", "first_day=2026-11-01", "--param", "last_day=2026-11-02", "--parquet", str(path)
    )

    table = pa.parquet.read_table(path)
    assert table.num_rows == 48
    assert table["hour"].to_pylist()[:2] == [datetime(2026, 11, 1), datetime(2026, 11, 1) + timedelta(hours=1)]
    assert pa.types.is_decimal(table.schema.field("kwh").type)


def test_athenas_message_about_a_bad_query_is_shown(electrocloud, tmp_path: Path):
    path = tmp_path / "bad.sql"
    path.write_text("-- What?\nSELECT nothing FROM readings\n")

    result = CliRunner().invoke(app, ["query", str(path)])

    assert result.exit_code == 1
    assert "the query failed" in result.stderr
    assert "nothing" in result.stderr


def test_a_work_group_that_is_not_there_is_named(laptop: Stack):
    with pytest.raises(QueryError):
        run(laptop.client("athena"), "SELECT 1", work_group="nobody", database=laptop.database)
