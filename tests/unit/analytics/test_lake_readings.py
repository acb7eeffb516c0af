"""Readings of the lake, by meter and UTC day: equal to the windows of the same readings."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.audit import Amount
from analytics.lake_readings import LakeDays, LakeRow, amounts, read_lake
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import MEASURED, Upload
from tests.kits.sql_kit import Lake, TableRow, reading, translated

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 20)

_readings = st.dictionaries(
    st.tuples(
        st.sampled_from(("M-1", "M-2")),
        st.sampled_from((FIRST, date(2026, 6, 8), date(2026, 6, 9), LAST)),
        st.integers(0, 95),
        st.sampled_from(("delivered", "received")),
    ),
    st.tuples(st.integers(0, 10_000), st.sampled_from((900, 3600)), st.none() | st.integers(0, 99)),
    max_size=60,
)


def _rows(rows: list[TableRow], meters: list[str]) -> dict[str, list[LakeRow]]:
    lake = Lake(rows).duckdb
    with ThreadPoolExecutor(1) as pool:
        return read_lake(lambda sql: lake.execute(translated(sql)).fetchall(), pool, FIRST, LAST, meters)


@settings(max_examples=25, deadline=None)
@given(_readings)
def test_the_lake_has_the_readings_that_windows_have(
    readings: dict[tuple[str, date, int, str], tuple[int, int, int | None]],
) -> None:
    rows: list[TableRow] = []
    windows: dict[tuple[str, date], MeterDay] = defaultdict(lambda: MeterDay(FIRST))
    for (meter, day, quarter, direction), (wh, seconds, varh) in readings.items():
        minute = quarter * 15 // (seconds // 60) * (seconds // 60)
        start = datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=minute)
        received = direction == "received"
        varh = None if received else varh
        rows.append(reading(meter, start, wh, seconds, direction=direction, varh=varh))
        own = windows.setdefault((meter, day), MeterDay(day))
        value = [(minute, (0, MEASURED, wh, 0) if varh is None else (0, MEASURED, wh, 0, varh))]
        own.merge(Upload(meter, seconds, day, [] if received else value, received=value if received else []))
    found = _rows(rows, ["all"])
    days = LakeDays(found)

    for (meter, day), window in windows.items():
        (same,) = days.days_between(meter, day, day)
        assert same.intervals() == window.intervals()
        assert same.intervals("received") == window.intervals("received")
        assert same.reactive() == window.reactive()
    assert amounts(found, FIRST, LAST + timedelta(days=1)) == {
        key: Amount(window.count, sum(window.hours_wh()), window.received_count, sum(window.hours_wh("received")))
        for key, window in windows.items()
    }


def test_a_gap_keeps_the_times_of_the_readings_around_it() -> None:
    midnight = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [reading("M-1", midnight + timedelta(minutes=minute), minute) for minute in (0, 15, 45)]
    (day,) = LakeDays(_rows(rows, ["M-1"])).days_between("M-1", FIRST, LAST)

    assert [(one.start % 86_400 // 60, one.wh) for one in day.intervals()] == [(0, 0), (15, 15), (45, 45)]


def test_one_meter_and_some_days_are_read_alone() -> None:
    midnight = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [reading(meter, midnight + timedelta(days=day), 7) for meter in ("M-1", "M-2") for day in (0, 3)]
    found = _rows(rows, ["M-2"])

    assert [*found] == ["M-2"]
    assert amounts(found, date(2026, 6, 2), LAST) == {("M-2", date(2026, 6, 4)): Amount(1, 7)}
