"""Uploads of a file's readings are what the contract takes; every Wh is in them or counted as left out."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cli.main import app
from electrocloud.domain.readings.upload import QUALITIES, VOIDED, decode
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from meter_files.uploads import uploads_of
from tests.kits.meter_file_kit import FILES

HOURS = [f"2026-03-01T{hour:02}:20:00Z,{hour}" for hour in range(3)]
ROWS = [f"2026-03-0{1 + n // 96}T{n % 96 // 4:02}:{n % 4 * 15:02}:00Z,{n}" for n in range(192)]


def run(*arguments: str) -> object:
    return CliRunner().invoke(app, ["import", *arguments])


def test_there_is_an_upload_for_each_utc_day_and_the_contract_takes_it(tmp_path: Path):
    path = tmp_path / "u.csv"
    path.write_text("start,wh\n" + "\n".join(ROWS))
    (load,) = read_load(path, ReadOptions()).meters
    left_out: Counter[str] = Counter()

    found = [decode(msgspec.json.encode(one)) for one in uploads_of(load, "M-1", 3, left_out)]
    assert [one.day for one in found] == [date(2026, 3, 1), date(2026, 3, 2)]
    readings = [value for one in found for _, value in one.readings]
    assert sum(wh for _, _, wh, _ in readings) == sum(range(192))
    assert {revision for revision, *_ in readings} == {3}
    assert VOIDED not in {wh for _, _, wh, _ in readings}
    assert not +left_out


def test_readings_that_the_contract_does_not_take_are_counted_by_reason(tmp_path: Path):
    path, out = tmp_path / "u.csv", tmp_path / "out.jsonl"
    path.write_text("start,wh\n" + "\n".join(HOURS))
    result = run(str(path), "--meter", "M-1", "--via", "file", "--out", str(out))

    assert "0 readings sent" in result.output
    assert (
        "3 left out: intervals that do not begin at a multiple of their length, of 900 s at most, after"
        in result.output
    )


def test_readings_that_were_not_measured_are_sent_as_estimated(tmp_path: Path):
    path, out = tmp_path / "u.csv", tmp_path / "out.jsonl"
    rows = [row + (",estimated" if number == 1 else ",measured") for number, row in enumerate(ROWS[:4])]
    path.write_text("start,wh,quality\n" + "\n".join(rows))
    assert run(str(path), "--meter", "M-1", "--via", "file", "--out", str(out)).exit_code == 0
    (upload,) = [decode(line) for line in out.read_bytes().splitlines()]
    assert [QUALITIES[quality] for _, (_, quality, *_) in upload.readings] == [
        "measured", "estimated", "measured", "measured",
    ]  # fmt: skip


def test_a_file_is_imported_with_an_account_and_a_second_run_writes_the_same(tmp_path: Path):
    path, out = tmp_path / "esb.csv", tmp_path / "out.jsonl"
    path.write_bytes(FILES["ESB"].content)

    written = []
    for _ in range(2):
        result = run(str(path), "--via", "file", "--out", str(out))
        assert result.exit_code == 0, result.output
        assert "4 readings sent, 0 refused, 0 sent again" in result.output
        assert "left out" not in result.output
        written.append(out.read_text())
    assert written[0] == written[1]
    uploads = [json.loads(line) for line in written[0].splitlines()]
    assert {one["meter_id"] for one in uploads} == {"100"}
    sent = Counter[str]()
    for reading in (row for one in uploads for row in one["readings"]):
        sent[reading.get("direction", "delivered")] += reading["wh"]
    assert sent == {"delivered": FILES["ESB"].delivered, "received": FILES["ESB"].received}


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("own", ("--via", "file", "--out", "out"), "names no meter; give --meter ID"),
        ("own", ("--via", "file", "--meter", "M-1"), "--via file needs --out FILE"),
        ("own", ("--via", "file", "--meter", "a b/c", "--out", "out"), "give --meter ID if it is the meter's id"),
    ],
)
def test_an_import_that_cannot_be_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: tuple[str, ...], says: str
):
    monkeypatch.chdir(tmp_path)
    Path("u.csv").write_bytes(FILES[name].content)
    result = run("u.csv", *arguments)

    assert result.exit_code == 1
    assert says in result.output
