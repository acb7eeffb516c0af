import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.readings.meter_day import MeterDay, Window
from electrocloud.domain.readings.upload import decode
from tests.kits.examples import upload, upload_json

DAY = date(2026, 11, 24)

parts = st.lists(
    st.builds(
        upload,
        wh=st.lists(st.integers(0, 3), min_size=1, max_size=4),
        interval_s=st.sampled_from([900, 1800, 3600]),
        revision=st.integers(0, 2),
        first=st.integers(0, 6),
    ),
    min_size=1,
    max_size=6,
)


def merged(uploads) -> MeterDay:
    day = MeterDay(DAY)
    for one in uploads:
        day.merge(one)
    return day


@given(parts, st.randoms(use_true_random=False))
def test_order_and_repetition_change_no_byte(uploads, random):
    shaken = uploads + random.sample(uploads, random.randint(0, len(uploads)))
    random.shuffle(shaken)
    assert merged(shaken).pack() == merged(uploads).pack()


@given(parts)
def test_packed_windows_unpack_unchanged(uploads):
    day = merged(uploads)
    again = MeterDay.unpack(DAY, day.pack())
    assert again.windows() == day.windows()
    assert again.pack() == day.pack()
    assert sum(again.hours_wh()) == sum(window.wh for window in day.windows())


@pytest.mark.parametrize(
    ("uploads", "windows"),
    [
        ([upload(wh=[100, 200, 300, 400])], [(0, 1000, 1600, 4, 4)]),
        ([upload(wh=[5], first=3), upload(wh=[7], first=4)], [(0, 5, 20, 1, 4), (1, 7, 28, 1, 4)]),
        ([upload(wh=[9], first=95)], [(23, 9, 36, 1, 4)]),
        ([upload(wh=[1]), upload(wh=[2], revision=1)], [(0, 2, 8, 1, 4)]),
        ([upload(wh=[2], revision=1), upload(wh=[1])], [(0, 2, 8, 1, 4)]),
        ([upload(wh=[0], interval_s=3600)], [(0, 0, 0, 1, 1)]),
        ([upload(wh=[50] * 60, interval_s=60)], [(0, 3000, 3000, 60, 60)]),
    ],
    ids=["whole hour", "two hours", "last interval", "correction", "correction first", "zero use", "minutes"],
)
def test_hours_are_sums_of_the_readings_that_hold(uploads, windows):
    expected = [Window(datetime(2026, 11, 24, hour, tzinfo=UTC), *rest) for hour, *rest in windows]
    assert merged(uploads).windows() == expected


def test_in_an_hour_with_two_interval_lengths_the_shorter_one_counts():
    day = merged([upload(wh=[1000, 1000], interval_s=3600), upload(wh=[1, 2, 3, 4])])
    assert [window.wh for window in day.windows()] == [10, 1000]


def test_a_higher_revision_of_the_longer_length_takes_the_hour_back():
    day = merged([upload(wh=[1, 2, 3, 4]), upload(wh=[900], interval_s=3600, revision=1)])
    assert [window.wh for window in day.windows()] == [900]
    assert day.rows("m")[0].revision == 1


def test_voltage_is_kept_to_a_tenth():
    assert merged([upload(wh=[1])]).rows("m")[0].voltage_v == 230.5


def test_a_voltage_is_kept_to_a_tenth_rounded_half_up_as_sql_rounds_it():
    day = MeterDay(DAY)
    readings = json.loads(upload_json(wh=[1, 1, 1]))["readings"]
    volts = [{**row, "voltage_v": voltage} for row, voltage in zip(readings, (146.85, 230.25, 0.04), strict=True)]
    day.merge(decode(json.dumps({"meter_id": "m-1", "interval_s": 900, "readings": volts}).encode()))
    assert [row.voltage_v for row in day.rows("m-1")] == [146.9, 230.3, None]
