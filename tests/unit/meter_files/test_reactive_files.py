"""Reactive energy in meter data files: billed from a file, and sent with the energy delivered."""

import json
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from cli.files.usage import read_usage
from cli.main import app
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from meter_files.uploads import uploads_of
from tests.kits.billing_kit import document
from tests.kits.meter_file_kit import FILES

CSV = """start,wh,varh
2026-04-01T00:00:00Z,3000,4000
2026-04-01T01:00:00Z,1000,
2026-04-01T02:00:00Z,0,0
"""
KVA = {"flatdemandstructure": [[{"rate": 10}]], "flatdemandmonths": [0] * 12, "flatdemandunit": "kVA"}


@pytest.fixture
def usage(tmp_path: Path) -> Path:
    path = tmp_path / "u.csv"
    path.write_text(CSV)
    return path


def bill_of(usage: Path, rate: dict[str, object], *options: str) -> tuple[int, str]:
    tariff = usage.with_name("t.json")
    tariff.write_text(json.dumps(rate | {"name": "Industrial", "timezone": "UTC"}))
    found = CliRunner().invoke(app, ["bill", "--tariff", str(tariff), "--usage", str(usage), *options])
    return found.exit_code, found.output


def test_a_file_with_reactive_energy_is_billed_in_kva(usage: Path) -> None:
    code, text = bill_of(usage, document(**KVA), "--json", "--strict")
    (bill,) = json.loads(text[text.index("[\n") :])

    assert code == 0
    assert [(line["quantity"], line["unit"]) for line in bill["lines"] if line["kind"] == "flat demand"] == [
        ("5", "kVA")
    ]


def test_strict_refuses_a_charge_for_reactive_power_where_the_file_has_none(usage: Path) -> None:
    usage.write_text(CSV.replace(",varh", "").replace(",4000", "").replace(",0,0", ",0").replace("1000,", "1000"))
    code, text = bill_of(usage, document(demandreactivepowercharge=0.5), "--strict")

    assert (code, "charges for reactive power, and" in text) == (1, True)
    assert "Reactive power: not metered" in bill_of(usage, document(demandreactivepowercharge=0.5))[1]


def test_reactive_energy_is_sent_with_the_reading_of_its_interval(usage: Path) -> None:
    delivered, reactive = read_load(usage, ReadOptions()).meters
    left_out: Counter[str] = Counter()
    (upload,) = uploads_of(delivered, "M-1", 0, left_out, reactive)

    assert [(one.wh, one.varh) for one in upload.readings] == [(3000, 4000), (1000, None), (0, 0)]
    assert not +left_out


def test_an_imported_file_says_which_reactive_energy_it_cannot_send(tmp_path: Path) -> None:
    path, out = tmp_path / "q.csv", tmp_path / "out.jsonl"
    path.write_bytes(FILES["NEM12"].content)
    arguments = ["import", str(path), "--meter", "M-1", "--via", "file", "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    sent = [row for line in out.read_bytes().splitlines() for row in msgspec.json.decode(line)["readings"]]

    assert sum(row.get("varh", 0) for row in sent) == 432_000
    assert all("varh" not in row for row in sent if row.get("direction") == "received")


def test_parquet_has_reactive_energy_in_a_column_that_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "u.parquet"
    starts = pa.array([1_775_001_600 + 3600 * n for n in range(3)], pa.int64()).cast(pa.timestamp("s", "UTC"))
    pa.parquet.write_table(pa.table({"start": starts, "wh": [3000, 1000, 0], "varh": [4000, None, 0]}), path)
    usage = read_usage(path)

    assert [one.wh for one in usage.reactive_intervals(0)] == [4000, 0]
    assert [one.wh for one in usage.intervals(0)] == [3000, 1000, 0]
