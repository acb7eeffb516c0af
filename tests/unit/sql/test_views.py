"""The views, against the domain's own rule of which readings count."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.questions import FOLDER, views
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import DIRECTIONS, MEASURED, QUALITIES, VOIDED, Upload, decode
from tests.kits.sql_kit import Lake, TableRow, meter, partitioned_lake, reading, translated

DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@st.composite
def uploads(draw: st.DrawFn) -> Upload:
    """Some readings of three hours; few values, so that the same interval comes often and differs in all ways.

    Half-hours, hours and days are also those of zones at a quarter past, half past or a quarter to the hour.
    """
    seconds = draw(st.sampled_from([300, 600, 900, 1800, 3600, 86_400]))
    step = min(seconds, draw(st.sampled_from([seconds, 900])))
    starts = st.integers(0, 3 * 3600 // step).map(lambda number: MIDNIGHT + timedelta(seconds=number * step))
    if seconds == 86_400:
        starts = st.sampled_from([0, 2, 23]).map(lambda hour: MIDNIGHT + timedelta(hours=hour))
    reading = st.fixed_dictionaries(
        {"start": starts.map(datetime.isoformat), "wh": st.integers(0, 3) | st.just(10_000_000 * seconds // 3600)},
        optional={
            "revision": st.integers(0, 2) | st.just(65_535),
            "voltage_v": st.sampled_from([0.0, 230.0, 230.04, 230.05, 230.1]),
            "direction": st.sampled_from(DIRECTIONS),
            "quality": st.sampled_from(QUALITIES),
        },
    )
    readings = draw(st.lists(reading, min_size=1, max_size=6))
    for row in readings:
        if row.get("direction") != "received" and draw(st.booleans()):
            row["varh"] = draw(st.integers(0, 2))
    document = {"meter_id": "m", "interval_s": seconds, "readings": readings}
    if action := draw(st.sampled_from([None, None, "void", "correct"])):
        at = MIDNIGHT + timedelta(days=1, seconds=draw(st.integers(0, 2)))
        document["operator"] = {"action": action, "by": "jo", "at": at.isoformat(), "reason": "bench"}
        document["readings"] = [
            {
                "start": row["start"],
                "wh": 0 if action == "void" else row["wh"],
                "direction": row.get("direction", "delivered"),
                **({"varh": row["varh"]} if "varh" in row and action == "correct" else {}),
            }
            for row in readings
        ]
    return decode(json.dumps(document).encode())


def rows_of(sent: Sequence[Upload]) -> list[TableRow]:
    return [
        reading(
            "m",
            datetime.combine(upload.day, time(minute // 60, minute % 60), UTC),
            None if wh == VOIDED else wh,
            upload.interval_s,
            revision=revision,
            voltage_v=decivolt / 10 or None,
            direction=direction,
            quality=None if quality == MEASURED else QUALITIES[quality],
            varh=varh[0] if varh else None,
        )
        for upload in sent
        for direction, readings in ((None, upload.readings), ("received", upload.received))
        for minute, (revision, quality, wh, decivolt, *varh) in readings
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(uploads(), min_size=1, max_size=5))
def test_the_readings_that_count_are_those_of_the_domain(sent: list[Upload]):
    day = MeterDay(DAY)
    for upload in sent:
        day.merge(upload)
    lake = Lake(rows_of(sent))

    found = lake.select(
        "SELECT meter_id, start, interval_s, wh, revision, voltage_v, direction, quality, varh "
        "FROM readings_by_direction ORDER BY direction, start"
    )
    assert [tuple(row.values()) for row in found] == [
        row._replace(start=row.start.replace(tzinfo=None))
        for direction in DIRECTIONS
        for row in day.rows("m", direction)
    ]
    delivered = lake.select("SELECT start, wh, quality FROM readings_current ORDER BY start")
    assert [tuple(row.values()) for row in delivered] == [
        (row.start.replace(tzinfo=None), row.wh, row.quality) for row in day.rows("m")
    ]
    hours = lake.select(
        "SELECT hour, wh, peak_w, readings, expected, received_wh, estimated, substituted, questionable "
        "FROM readings_hourly ORDER BY hour"
    )
    assert [tuple(row.values()) for row in hours] == [
        window._replace(start=window.start.replace(tzinfo=None)) for window in day.windows()
    ]


def test_only_hours_with_repeated_mixed_or_crossing_readings_are_sorted_out():
    def quarters(name: str, hour: int, **fields: str) -> list[TableRow]:
        first = MIDNIGHT + timedelta(hours=hour)
        return [reading(name, first + timedelta(minutes=15 * number), 1, **fields) for number in range(4)]

    at = MIDNIGHT + timedelta(hours=2)
    lake = Lake(
        [
            *quarters("both", 2),
            *quarters("both", 2, direction="received"),
            *quarters("repeated", 1),
            *quarters("repeated", 2),
            reading("repeated", at + timedelta(minutes=45), 1),
            *quarters("mixed", 2),
            reading("mixed", at + timedelta(minutes=5), 1, interval_s=300),
            reading("crossing", at + timedelta(minutes=30), 1, interval_s=3600),
            reading("daily", MIDNIGHT, 1, interval_s=86_400),
        ]
    )

    found = lake.select("SELECT meter_id, hour, interval_s FROM readings_irregular ORDER BY meter_id")
    at = at.replace(tzinfo=None)
    assert [tuple(row.values()) for row in found] == [
        ("crossing", at, None),
        ("daily", MIDNIGHT.replace(tzinfo=None), None),
        ("mixed", at, 300),
        ("repeated", at, None),
    ]


def test_local_time_follows_the_meters_zone_through_a_change_of_the_clocks():
    before = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    lake = Lake(
        [reading(name, before + timedelta(minutes=30), 1) for name in ("berlin", "kathmandu", "stranger")],
        [meter("berlin", timezone="Europe/Berlin"), meter("kathmandu", timezone="Asia/Kathmandu")],
    )

    found = lake.select("SELECT meter_id, local_start, timezone FROM readings_local ORDER BY meter_id")
    assert [tuple(row.values()) for row in found] == [
        ("berlin", datetime(2026, 10, 25, 2, 15), "Europe/Berlin"),
        ("kathmandu", datetime(2026, 10, 25, 7, 0), "Asia/Kathmandu"),
        ("stranger", datetime(2026, 10, 25, 1, 15), "UTC"),
    ]


ATHENA_TYPES = {"VARCHAR": "varchar", "BIGINT": "bigint", "INTEGER": "integer", "DOUBLE": "double", "DATE": "date"}


@pytest.mark.parametrize("view", views())
def test_a_view_has_the_columns_that_it_declares(view: str):
    answer = Lake().duckdb.execute(translated(f"SELECT * FROM {view}"))

    found = {name: re.sub(r"^TIMESTAMP.*", "timestamp(3)", str(kind)) for name, kind, *_ in answer.description}
    declared = re.findall(r"-- column: (\w+) (\S+)", (FOLDER / "views" / f"{view}.sql").read_text())
    assert [(name, ATHENA_TYPES.get(kind, kind.lower())) for name, kind in found.items()] == declared


@pytest.mark.parametrize("view", views())
def test_a_condition_on_dt_reaches_the_files_of_every_scan(view: str, tmp_path: Path):
    lake = partitioned_lake(tmp_path, [date(2026, 11, 1) + timedelta(days=number) for number in range(20)])

    sql = translated(f"SELECT * FROM {view} WHERE dt BETWEEN '2026-11-03' AND '2026-11-04'")
    plan = lake.execute(f"EXPLAIN {sql}").fetchall()[0][1]

    scanned = re.findall(r"Scanning Files:\s*(\d+)/(\d+)", plan)
    assert scanned
    assert set(scanned) == {("2", "20")}
