"""Files of readings: what is read from them, and what is said of those that cannot be."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.files.usage import read_usage
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.meter_day import Interval
from tests.kits.billing_kit import instant

HOUR = "2026-07-01T{:02}:00:00Z,{}\n"


def csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "u.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def readings(folder: Path, text: str | bytes) -> list[Interval]:
    return read_usage(csv(folder, text)).intervals(0)


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as fault:
        read_usage(path)
    return str(fault.value)


def hour(number: int, wh: int, seconds: int = 3600) -> Interval:
    return Interval(instant("2026-07-01T00:00") + number * 3600, seconds, wh)


def test_readings_are_in_time_order_and_unique(tmp_path: Path):
    rows = [HOUR.format(2, 30), HOUR.format(0, 10), HOUR.format(1, 20), HOUR.format(0, 10)]

    assert readings(tmp_path, "start,wh\n" + "".join(rows)) == [hour(0, 10), hour(1, 20), hour(2, 30)]


@pytest.mark.parametrize(
    "text",
    [
        "start,wh\n2026-07-01T00:00:00Z,10\n2026-07-01T01:00:00Z,20\n",
        "start,wh\r\n2026-07-01T00:00:00Z,10\r\n2026-07-01T01:00:00Z,20\r\n",
        "\ufeffstart,wh\n2026-07-01T00:00:00Z,10\n2026-07-01T01:00:00Z,20",
        "\n start , wh\n\n2026-07-01T00:00:00Z, 10\n\n2026-07-01T01:00:00Z,20\n\n",
        "wh,note,start\n10,,2026-07-01T00:00:00Z\n20,x,2026-07-01T01:00:00Z\n",
        '"start","wh"\n"2026-07-01T02:00:00+02:00","10"\n"2026-06-30T21:00:00-04:00","20"\n',
        "start,wh\n2026-07-01 00:00Z,10\n20260701T010000Z,20\n",
        "start,wh\n2026-07-01T00:00:00.000Z,10.0\n2026-07-01T01:00:00.000Z,20.0\n",
        "start,kwh\n2026-07-01T00:00:00Z,0.0101\n2026-07-01T01:00:00Z,0.02\n",
        "start;kwh\n2026-07-01T00:00:00Z;0,010\n2026-07-01T01:00:00Z;0,0199\n",
        "start;wh\n2026-07-01T00:00:00Z;10\n2026-07-01T01:00:00Z;20\n",
    ],
    ids=[
        "plain",
        "CRLF",
        "BOM",
        "blanks",
        "columns",
        "quotes and offsets",
        "other ISO forms",
        "decimals",
        "kWh",
        "comma",
        "semicolon",
    ],
)
def test_common_file_formats_are_accepted(tmp_path: Path, text: str):
    assert readings(tmp_path, text) == [hour(0, 10), hour(1, 20)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("start,wh\n", "has no readings"),
        (
            "start,energy\n2026-07-01T00:00:00Z,1\n",
            "this kind of file is not known: columns start, energy, separated by ,",
        ),
        (
            "start,wh\n2026-07-01T00:00:00Z,1\n2026-07-01T01:00:00,2\n",
            "row 3: the time '2026-07-01T01:00:00' has no offset",
        ),
        ("start,wh\n1 July,1\n", "row 2: the time '1 July' is not like 2026-07-01 00:15"),
        ("start,wh\n2026-07-01T00:00:00Z,-1\n", "row 2: -1 Wh (delivered); delivered energy is 0 or more"),
        ("start,wh\n2026-07-01T00:00:00Z,0x10\n", "row 2: '0x10' is not a number"),
        ("start,wh\n2026-07-01T00:00:00Z,1_000\n", "row 2: '1_000' is not a number"),
        ("start,wh\n2026-07-01T00:00:00Z,\n", "has no readings; 1 rows without a value in 'wh' left out"),
        ("start,wh\n2026-07-01T00:00:00Z,nan\n", "has no readings; 1 rows without a value in 'wh' left out"),
        (f"start,wh\n2026-07-01T00:00:00Z,{10**30}\n", "is too large"),
        ("start,wh\n2026-07-01T00:00:00Z\n", "row 2 has 1 values; the header has 2"),
        (
            "start,wh\n2026-07-01T00:00:00Z,1\n2026-07-01T01:00:00Z,2\n2026-07-01T02:00:00+02:00,3\n",
            "row 4 has another value than row 2 for the same time",
        ),
        (b"start,wh\n\xff\xfe,1\n", "row 2: the time 'ÿþ' is not like 2026-07-01 00:15"),
        (
            "start,wh,interval_s\n2026-07-01T00:00:00Z,1,3600\n2026-07-01T00:30:00Z,1,1800\n",
            "rows 2 and 3 overlap (delivered): 3600 s from 2026-07-01T00:00:00Z",
        ),
    ],
)
def test_a_fault_in_a_file_is_reported_with_its_row(tmp_path: Path, text: str | bytes, says: str):
    path = csv(tmp_path, text)

    assert str(path) in refusal(path)
    assert says in refusal(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    assert refusal(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'} does not exist; give a meter data file"


def test_a_reading_lasts_until_the_next_but_at_most_the_usual_spacing(tmp_path: Path):
    rows = "".join(HOUR.format(number, 1) for number in (0, 1, 2, 5, 6))

    assert [reading.seconds for reading in readings(tmp_path, "start,wh\n" + rows)] == [3600] * 5
    rows += "2026-07-01T06:15:00Z,1\n"
    assert [reading.seconds for reading in readings(tmp_path, "start,wh\n" + rows)] == [3600] * 4 + [900, 3600]


def test_a_file_may_say_how_long_its_readings_last(tmp_path: Path):
    text = "start,wh,interval_s\n2026-07-01T00:00:00Z,1,3600\n2026-07-01T01:00:00Z,2,900\n2026-07-01T02:00:00Z,2,900\n"

    assert readings(tmp_path, text) == [hour(0, 1), hour(1, 2, 900), hour(2, 2, 900)]


def test_the_highest_revision_of_a_reading_holds(tmp_path: Path):
    text = "start,wh,revision\n2026-07-01T00:00:00Z,1,0\n2026-07-01T01:00:00Z,2,1\n2026-07-01T01:00:00Z,9,0\n"

    assert readings(tmp_path, text) == [hour(0, 1), hour(1, 2)]


def test_meters_are_kept_apart(tmp_path: Path):
    rows = [("b", 0, 1), ("a", 0, 2), ("b", 1, 3), ("a", 1, 4), ("c", 9, 5)]
    text = "meter_id,start,wh\n" + "".join(f"{meter},{HOUR.format(number, wh)}" for meter, number, wh in rows)
    usage = read_usage(csv(tmp_path, text))

    found = {meter: usage.intervals(index) for index, meter in enumerate(usage.meters)}
    assert found == {"a": [hour(0, 2), hour(1, 4)], "b": [hour(0, 1), hour(1, 3)], "c": [hour(9, 5)]}
    part = usage.part(1, 3)
    assert [part.intervals(0), part.intervals(1)] == [found[meter] for meter in usage.meters[1:3]]


@pytest.mark.parametrize("kind", [pa.timestamp("us", "UTC"), pa.timestamp("s", "Europe/Berlin")])
def test_parquet_files_and_folders_of_them_are_read(tmp_path: Path, kind: pa.DataType):
    start = pa.array([instant("2026-07-01T01:00"), instant("2026-07-01T00:00")], pa.timestamp("s", "UTC")).cast(kind)
    table = pa.table(
        {"meter_id": ["m", "m"], "start": start, "wh": pa.array([20, 10], pa.int32()), "voltage_v": [230.0, None]}
    )
    (tmp_path / "dt=2026-07-01").mkdir()
    pq.write_table(table, tmp_path / "dt=2026-07-01" / "part.parquet")

    for path in (tmp_path, tmp_path / "dt=2026-07-01" / "part.parquet"):
        usage = read_usage(path)
        assert usage.meters == ["m"]
        assert usage.intervals(0) == [hour(0, 10), hour(1, 20)]


def test_a_parquet_file_with_an_empty_value_is_refused(tmp_path: Path):
    table = pa.table({"start": pa.array([0], pa.timestamp("s", "UTC")), "wh": pa.array([None], pa.int64())})
    pq.write_table(table, tmp_path / "u.parquet")

    assert "wh has 1 empty values" in refusal(tmp_path / "u.parquet")


def test_a_parquet_file_of_something_else_is_refused(tmp_path: Path):
    (tmp_path / "u.parquet").write_bytes(b"start,wh\n")
    assert "is not Parquet" in refusal(tmp_path / "u.parquet")

    pq.write_table(pa.table({"start": ["1 July"], "wh": [1]}), tmp_path / "u.parquet")
    assert "is not Parquet with timestamps start" in refusal(tmp_path / "u.parquet")


@pytest.mark.parametrize(
    "text",
    [
        "start,wh,received_wh\n2026-07-01T00:00:00Z,10,3\n2026-07-01T01:00:00Z,20,0\n",
        "start,kwh,received_kwh\n2026-07-01T00:00:00Z,0.01,0.003\n2026-07-01T01:00:00Z,0.02,0\n",
        "start,wh,direction\n" + "".join(HOUR.format(at, row) for at, row in ((0, "10,delivered"), (0, "3,received")))
        + "".join(HOUR.format(at, row) for at, row in ((1, "20,import"), (1, "0,export"))),
    ],
    ids=["Wh", "kWh", "rows"],
)  # fmt: skip
def test_energy_received_is_kept_beside_energy_delivered(tmp_path: Path, text: str):
    usage = read_usage(csv(tmp_path, text))

    assert usage.intervals(0) == [hour(0, 10), hour(1, 20)]
    assert usage.received_intervals(0) == [hour(0, 3), hour(1, 0)]


def test_meters_have_their_own_received_energy_or_none(tmp_path: Path):
    rows = ["a,{}delivered", "b,{}delivered", "b,{}received", "c,{}received"]
    text = "meter_id,start,wh,direction\n" + "".join(row.format("2026-07-01T00:00:00Z,7,") + "\n" for row in rows)
    usage = read_usage(csv(tmp_path, text))

    assert usage.meters == ["a", "b"]
    assert [usage.received_intervals(number) for number in (0, 1)] == [[], [hour(0, 7)]]
    assert usage.part(1, 2).received_intervals(0) == [hour(0, 7)]
    assert usage.found == ["c: left out, since it has no delivered energy, only received"]


def test_time_without_a_reading_of_received_energy_is_named(tmp_path: Path):
    rows = [(0, "10,delivered"), (1, "20,delivered"), (1, "5,received")]
    text = "start,wh,interval_s,direction\n" + "".join(HOUR.format(at, row.replace(",", ",3600,")) for at, row in rows)

    assert read_usage(csv(tmp_path, text)).found == [
        "1.0 hours have no reading of energy received; none counts as received in them"
    ]
