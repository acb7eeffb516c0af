"""Energy from channels: sums that are exact, registers, clocks that change, and what no meter measures."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.errors import UsageError
from meter_files.channel import Channel, ReadOptions
from meter_files.energy import Readings, readings_of
from meter_files.load import Load, read_load, summary

START = 1_772_323_200  # 2026-03-01T00:00:00Z


def channel(values: list[int], **changes: object) -> Channel:
    """Quarter-hours of values in mWh (or mW)."""
    count = len(values)
    one = Channel(
        "", "", "delivered", "interval energy", "kWh", "start",
        START + np.arange(count) * 900, np.zeros(count, np.int64),
        np.array(values), np.arange(2, count + 2), np.zeros(count, np.int64), np.zeros(count, bool),
    )  # fmt: skip
    return one._replace(**changes)


def register(values: list[int], stamps: list[int] | None = None) -> Channel:
    """A register's readings in mWh, at multiples of a quarter-hour."""
    at = np.arange(len(values)) if stamps is None else np.array(stamps)
    return channel(values, kind="register", stamp=START + at * 900)


def csv(folder: Path, text: str, **options: object) -> Load:
    path = folder / "u.csv"
    path.write_text(text)
    return read_load(path, ReadOptions(**options))


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=200), st.sampled_from(["interval energy", "average power"]))
def test_any_run_of_readings_sums_to_what_the_file_has_to_the_wh(values: list[int], kind: str):
    found = readings_of(channel(values, kind=kind, seconds=np.full(len(values), 900)), ReadOptions())

    exact = [Fraction(value, 1000) * (Fraction(1, 4) if kind == "average power" else 1) for value in values]
    running = 0
    for wh, total in zip(found.wh.tolist(), np.cumsum(exact), strict=True):
        running += wh
        assert abs(running - total) <= Fraction(1, 2)


def test_a_minute_load_below_a_wh_is_not_lost():
    found = readings_of(
        channel([200] * 100, seconds=np.full(100, 60), stamp=START + np.arange(100) * 60), ReadOptions()
    )

    assert found.wh.sum() == 20


def test_a_register_becomes_differences_and_rolls_over():
    found = readings_of(register([999_999_000_000, 999_999_900_000, 400_000]), ReadOptions())

    assert found.wh.tolist() == [900, 500]
    assert "rolled over at row 4" in found.remarks[0]


def test_a_register_that_falls_is_an_exchanged_meter():
    found = readings_of(register([5_000_000, 5_100_000, 10_000, 30_000]), ReadOptions())

    assert found.wh.tolist() == [100, 20]
    assert "fell at row 4" in found.remarks[0]


def test_a_registers_rise_over_a_gap_is_left_out_or_spread_and_never_one_huge_reading():
    readings = register([0, 100_000, 500_000, 600_000], [0, 1, 5, 6])

    left_out = readings_of(readings, ReadOptions())
    assert left_out.wh.tolist() == [100, 100]
    assert "1 gaps with 0.400 kWh left out" in left_out.remarks[0]
    spread = readings_of(readings, ReadOptions(gap="spread"))
    assert spread.wh.tolist() == [100, 100, 100, 100, 100, 100]
    assert spread.estimated.tolist() == [False, True, True, True, True, False]
    assert (spread.seconds == 900).all()


def test_end_stamps_begin_an_interval_earlier():
    found = readings_of(channel([1000, 2000], stamped="end"), ReadOptions())

    assert found.start.tolist() == [START - 900, START]


def test_times_that_drift_by_seconds_are_put_on_the_minute(tmp_path: Path):
    load = csv(tmp_path, "start,wh\n2026-03-01T00:00:02Z,1\n2026-03-01T00:15:01Z,2\n2026-03-01T00:30:00Z,3\n")

    assert load.meters[0].readings.start.tolist() == [START, START + 900, START + 1800]
    assert load.remarks == ["2 times moved by seconds onto the minute (delivered)"]


def hours(rows: list[str], zone: str = "Europe/Berlin", folder: Path | None = None) -> Readings:
    assert folder is not None
    return (
        csv(folder, "time,kwh\n" + "".join(f"{row},1\n" for row in rows), time="time", value="kwh", zone=zone)
        .meters[0]
        .readings
    )


def test_the_hour_that_comes_twice_in_autumn_is_two_hours(tmp_path: Path):
    rows = [f"2026-10-25 {hour:02}:00" for hour in (0, 1, 2, 2, 3)]

    for order in (rows, rows[::-1]):
        found = hours(order, folder=tmp_path)
        assert np.diff(found.start).tolist() == [3600] * 4


def test_the_hour_that_is_skipped_in_spring_leaves_no_gap_and_a_time_in_it_is_refused(tmp_path: Path):
    found = hours([f"2026-03-29 {hour:02}:00" for hour in (0, 1, 3, 4)], folder=tmp_path)
    assert np.diff(found.start).tolist() == [3600] * 3

    with pytest.raises(UsageError, match=r"row 3: 2026-03-29T02:30:00 does not exist in Europe/Berlin"):
        hours(["2026-03-29 01:00", "2026-03-29 02:30"], folder=tmp_path)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["00:00:00Z,1000000000", "00:15:00Z,1000000000"], "row 2: 1,000,000,000 Wh in 900 s is 4,000 MW"),
        (
            [f"{n // 4:02}:{n % 4 * 15:02}:00Z,{35_000_000 + n}" for n in range(9)],
            "only rise (delivered), as a register",
        ),
        (["00:00:00Z,1", "00:15:00Z,1", "00:15:01Z,1"], "rows 3 and 4 are seconds apart"),
        (["00:00:00Z,1", "00:15:00Z,1", "00:30:00Z,1", "00:31:00Z,1", "00:46:00Z,1"], "row 4 lasts 60 s"),
        (["00:00:00Z,-5", "00:15:00Z,1"], "row 2: -5 Wh (delivered); delivered energy is 0 or more"),
        (["00:00:00Z,5", "00:15:00Z,1", "00:00:00Z,6"], "row 4 has another value than row 2 for the same time"),
    ],
)
def test_what_no_meter_measures_is_refused_with_its_row(tmp_path: Path, rows: list[str], says: str):
    with pytest.raises(UsageError) as fault:
        csv(tmp_path, "start,wh\n" + "".join(f"2026-03-01T{row}\n" for row in rows))
    assert says in str(fault.value)


def test_a_gap_value_is_no_reading_and_is_counted(tmp_path: Path):
    load = csv(tmp_path, "start,wh\n2026-03-01T00:00Z,5\n2026-03-01T00:15Z,-9999\n2026-03-01T00:30Z,7\n")

    assert load.meters[0].readings.wh.tolist() == [5, 7]
    assert load.remarks == ["1 rows without a value in 'wh' left out"]


def test_times_that_look_like_ends_of_intervals_are_pointed_out(tmp_path: Path):
    rows = "".join(f"2026-03-01T{n // 4:02}:{n % 4 * 15:02}Z,1\n" for n in range(5, 17))

    assert "may be ends of intervals" in csv(tmp_path, f"start,wh\n{rows}").remarks[0]
    assert csv(tmp_path, f"start,wh\n{rows}", stamp="end").remarks == []


@pytest.mark.parametrize(("offset", "options"), [("+02:00", {}), ("Z", {}), ("", {"zone": "Europe/Paris"})])
def test_a_load_that_begins_one_interval_after_midnight_is_refused_until_the_stamp_is_given(
    tmp_path: Path, offset: str, options: dict[str, str]
):
    rows = [f"2022-07-29T{n // 2:02}:{n % 2 * 30:02}:00{offset},330\n" for n in range(1, 9)]
    text = "start,wh\n" + "".join(reversed(rows))

    with pytest.raises(UsageError, match=r"row 9: .*00:30:00.*one interval after midnight.*--stamp end.*--unit W"):
        csv(tmp_path, text, **options)
    assert csv(tmp_path, text, stamp="start", **options).meters[0].readings.wh.sum() == 8 * 330
    assert csv(tmp_path, text, stamp="end", unit="W", **options).meters[0].readings.wh.sum() == 4 * 330


def test_lengths_in_the_file_and_hours_say_that_times_are_starts(tmp_path: Path):
    assert csv(tmp_path, "start,wh,interval_s\n2026-03-01T00:15Z,1,900\n2026-03-01T00:30Z,1,900\n").remarks == []
    assert csv(tmp_path, "start,wh\n2026-03-01T01:00Z,1\n2026-03-01T02:00Z,1\n").remarks == []


def test_a_value_that_spans_lines_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="spans lines; close its quotation marks"):
        csv(tmp_path, 'start,wh,note\n2026-03-01T00:00Z,1,"\n2026-03-01T01:00Z,1,"\n2026-03-01T02:00Z,1,\n')


def test_directions_and_qualities_of_parquet_are_read_and_other_such_columns_refused(tmp_path: Path):
    start = pa.array([START, START, START + 900], pa.timestamp("s", "UTC"))
    columns = {"start": start, "wh": [5, 7, 6], "direction": ["delivered", "export", None], "quality": ["E", "", None]}
    pq.write_table(pa.table(columns), tmp_path / "u.parquet")

    load = read_load(tmp_path / "u.parquet", ReadOptions())
    assert [(one.direction, one.readings.wh.tolist()) for one in load.meters] == [
        ("delivered", [5, 6]),
        ("received", [7]),
    ]
    assert summary(load) == ["1 readings were estimated by the sender"]
    for name, value, says in (("Channel", "B1", "a column 'Channel'"), ("direction", "up", "the direction 'up'")):
        pq.write_table(pa.table({"start": start, "wh": [5, 7, 6], name: [value] * 3}), tmp_path / "u.parquet")
        with pytest.raises(UsageError, match=says):
            read_load(tmp_path / "u.parquet", ReadOptions())


def only_rising(hours: int) -> str:
    """A register that began at 0, by the hour."""
    start, kwh = datetime(2026, 3, 1, tzinfo=UTC), 0
    rows = [f"{start + timedelta(hours=n)},{(kwh := kwh + n % 24)}" for n in range(1, hours + 1)]
    return "time,kwh\n" + "\n".join(rows) + "\n"


def test_values_that_only_rise_for_days_are_a_registers_even_from_zero(tmp_path: Path):
    assert len(csv(tmp_path, only_rising(23), time="time", value="kwh").meters) == 1  # a morning may rise

    with pytest.raises(UsageError, match=r"only rise.*give --kind register"):
        csv(tmp_path, only_rising(72), time="time", value="kwh")


@pytest.mark.parametrize("form", ["%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %I:%M:%S %p"])
@pytest.mark.parametrize("days", [3, 40])
def test_dates_may_begin_with_the_day_or_with_the_month(tmp_path: Path, form: str, days: int):
    times = [datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=number) for number in range(24 * days)]
    text = "time,kwh\n" + "".join(f"{time.strftime(form)},1\n" for time in times)

    found = csv(tmp_path, text, time="time", value="kwh", zone="UTC").meters[0].readings

    assert found.start.tolist() == [int(time.timestamp()) for time in times]


def test_a_day_that_may_be_of_two_months_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"row 2: the time '03/04/2026 00:00' may be of 2026-04-03 or 2026-03-04"):
        hours([f"03/04/2026 {hour:02}:00" for hour in range(24)], folder=tmp_path)
