"""Each format is recognized, and its sums are the file's own, to the Wh."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from electrocloud.domain.errors import UsageError
from meter_files.channel import ReadOptions
from meter_files.load import Load, read_load, summary
from tests.kits.meter_file_kit import ESPI, FILES, MeterFile, meter_reading, nem12_day, reading_type, usage_point


def read(folder: Path, content: bytes, options: ReadOptions | None = None) -> Load:
    path = folder / "file"
    path.write_bytes(content)
    return read_load(path, options or ReadOptions())


def wh(load: Load, direction: str) -> int:
    return sum(int(one.readings.wh.sum()) for one in load.meters if one.direction == direction)


def refusal(folder: Path, content: bytes, options: ReadOptions | None = None) -> str:
    with pytest.raises(UsageError) as fault:
        read(folder, content, options)
    return str(fault.value)


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_format_is_read_as_it_is_downloaded(tmp_path: Path, file: MeterFile):
    load = read(tmp_path, file.content, file.options)

    assert (wh(load, "delivered"), wh(load, "received")) == (file.delivered, file.received)
    assert {len(one.readings.wh) for one in load.meters} == {file.count}
    assert file.says in "\n".join(summary(load))


@pytest.mark.parametrize("file", [FILES[name] for name in ("own", "Enedis", "Green Button", "NEM12")])
def test_zip_and_gzip_are_opened(tmp_path: Path, file: MeterFile):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data/file.csv", file.content)
        archive.writestr("__MACOSX/file.csv", b"x")

    for content in (packed.getvalue(), gzip.compress(file.content)):
        assert wh(read(tmp_path, content, file.options), "delivered") == file.delivered


def test_an_archive_of_several_files_or_a_broken_one_is_refused(tmp_path: Path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", b"start,wh\n")
        archive.writestr("b.csv", b"start,wh\n")

    assert "has 2 files; unpack it and give one of them" in refusal(tmp_path, packed.getvalue())
    assert "is not a sound zip archive" in refusal(tmp_path, packed.getvalue()[:40])
    assert "cannot be read" in refusal(tmp_path, gzip.compress(b"start,wh\n" * 99)[:30])


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"a;b\n1;2\n", {}, "columns a, b, separated by ;, in line 1. Name its columns"),
        (FILES["PG&E"].content, {}, "row 5: '2026-03-01 00:00' has no zone; give --zone"),
        (b"when,used\n2026-03-01T00:00Z,1\n", {"time": "when", "value": "used"}, "the unit of 'used' is not known"),
        (b"start,wh,unit\n2026-03-01T00:00Z,1,kWh\n", {}, "a column 'unit' with kWh may change what a value is"),
        (b"start,wh,direction\n2026-03-01T00:00Z,1,sideways\n", {}, "direction is 'sideways', which is not one of"),
        (b"start,wh,wh\n2026-03-01T00:00Z,1,2\n", {}, "the header has 'wh' twice"),
        (b'{"readings": []}', {}, "it is JSON; uploads in JSON are sent to the ingestion API"),
        (b"start,wh\n2026-03-01T00:00Z,1\n", {"format": "nope"}, "no format is called 'nope'"),
        (b"<feed><entry>", {}, "the XML cannot be read"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><feed>&b;</feed>', {}, "the XML cannot be read"),
        (b"100,NEM12,1,A,B\n300,20260301,1\n900\n", {}, "row 2: a 300 record before the one it belongs to"),
        (FILES["DSMR"].content.split(b"!6EEE\n")[0], {}, "one reading of the register"),
    ],
)
def test_what_cannot_be_read_is_named_and_what_to_do(tmp_path: Path, content: bytes, options: dict, says: str):
    assert says in refusal(tmp_path, content, ReadOptions(**options))


def test_an_earlier_version_of_a_day_in_nem12_is_overridden_by_a_later_one(tmp_path: Path):
    text = (
        "100,NEM12,202603021200,MDP,Ret\n200,NMI1,E1,E1,E1,N1,S,kWh,30,\n"
        + nem12_day(["1"] * 48, updated="20260305120000")
        + nem12_day(["9"] * 48, "E", updated="20260302120000")
        + "900\n"
    )
    load = read(tmp_path, text.encode())

    assert wh(load, "delivered") == 48_000
    assert not load.meters[0].readings.estimated.any()


def test_usage_points_and_directions_of_a_feed_are_kept_apart_and_multipliers_applied(tmp_path: Path):
    start = 1_772_352_000
    entries = (
        usage_point(1)
        + meter_reading(1, "kW", reading_type(unit=38, power=3), [(start, 900, 2, "0")])
        + usage_point(2)
        + meter_reading(
            2, "net", reading_type(4, power=-3), [(start, 900, 5_000, "0"), (start + 900, 900, -3_000, "0")]
        )
    )
    load = read(tmp_path, ESPI.format(entries=entries).encode())

    found = {(one.meter, one.direction): one.readings.wh.tolist() for one in load.meters}
    assert found == {("1", "delivered"): [500], ("2", "delivered"): [5, 0], ("2", "received"): [0, 3]}


def test_an_update_time_of_other_digits_is_no_version(tmp_path: Path):
    file = FILES["NEM12"]
    damaged = file.content.replace(b"20260302120000", "2026030212000³".encode())
    assert damaged != file.content
    assert wh(read(tmp_path, damaged), "delivered") == file.delivered


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("MSCONS", b"UNA:+.? '", b"UNA:'", "the EDIFACT message is broken"),
        ("DSMR", b"(000004.426", b"(" + b"9" * 400, "is not a register of energy"),
    ],
)
def test_a_damaged_head_or_number_is_refused_in_one_line(tmp_path: Path, name: str, old: bytes, new: bytes, says: str):
    content = FILES[name].content
    assert old in content
    said = refusal(tmp_path, content.replace(old, new))
    assert says in said
    assert "\n" not in said


def test_a_workbook_and_bytes_that_are_no_text_are_refused_with_what_to_give(tmp_path: Path):
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as written:
        written.add_worksheet().write_string(0, 0, "start")

    assert "is an Excel workbook; save its sheet as CSV and give that" in refusal(tmp_path, book.getvalue())
    assert "it is not text; give a meter data file, a CSV" in refusal(tmp_path, bytes(range(256)) * 9)
