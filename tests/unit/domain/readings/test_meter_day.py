import json
import zlib
from datetime import UTC, date, datetime
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.meter_day import MeterDay, Window
from electrocloud.domain.readings.upload import DIRECTIONS, QUALITIES, Upload, decode
from tests.kits.examples import upload, upload_json

DAY = date(2026, 11, 24)


def any_upload(varh: int | None, **parts) -> Upload:
    return upload(**parts) if varh is None or parts["direction"] == "received" else upload(varh=varh, **parts)


parts = st.lists(
    st.builds(
        any_upload,
        varh=st.none() | st.integers(0, 2),
        wh=st.lists(st.integers(0, 3), min_size=1, max_size=4),
        interval_s=st.sampled_from([900, 1800, 3600]),
        revision=st.integers(0, 2),
        first=st.integers(0, 6),
        direction=st.sampled_from(DIRECTIONS),
        quality=st.sampled_from(QUALITIES),
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
    assert sum(again.hours_wh("received")) == sum(window.received_wh for window in day.windows())
    assert [again.rows("m", direction) for direction in DIRECTIONS] == [day.rows("m", one) for one in DIRECTIONS]
    assert again.reactive() == day.reactive()
    counted = [row.quality for direction in DIRECTIONS for row in day.rows("m", direction)]
    for quality in ("estimated", "substituted", "questionable"):
        assert sum(getattr(window, quality) for window in day.windows()) == counted.count(quality)


@given(parts)
def test_the_directions_do_not_touch_each_other(uploads):
    alone = {
        one: merged([part for part in uploads if bool(part.received) == (one == "received")]) for one in DIRECTIONS
    }
    together = merged(uploads)
    for direction in DIRECTIONS:
        assert together.intervals(direction) == alone[direction].intervals(direction)
        assert together.hours_wh(direction) == alone[direction].hours_wh(direction)
    assert (together.count, together.received_count) == tuple(len(together.intervals(one)) for one in DIRECTIONS)


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


def test_reactive_energy_belongs_to_its_reading_and_is_replaced_with_it():
    first = upload(wh=[100, 200], varh=30)
    day = merged([first, upload(wh=[110], revision=1)])
    assert [(one.start % 86_400, one.wh) for one in day.reactive()] == [(900, 30)]
    assert [row.varh for row in day.rows("m")] == [None, 30]
    assert [row.varh for row in merged([first, upload(wh=[100])]).rows("m")] == [30, 30]
    assert [row.varh for row in merged([first, upload(wh=[100], varh=31)]).rows("m")] == [31, 30]


def test_a_day_without_reactive_energy_is_stored_as_by_earlier_versions():
    assert merged([upload(wh=[100, 200])]).pack() == zlib.compress(
        msgspec.msgpack.encode([[900, [0, 15], [0, 0], [100, 200], [2305, 0]]]), 6
    )


def test_of_readings_of_one_revision_the_better_quality_holds_then_the_higher_energy():
    guesses = [upload(wh=[900], quality=quality) for quality in ("questionable", "estimated", "substituted")]
    (row,) = merged([upload(wh=[100]), *guesses]).rows("m")
    assert (row.wh, row.quality) == (100, "measured")
    (row,) = merged([upload(wh=[100]), upload(wh=[90], revision=1, quality="estimated")]).rows("m")
    assert (row.wh, row.quality) == (90, "estimated")


def test_an_hour_has_both_directions_and_counts_what_was_not_measured():
    sent = [upload(wh=[100, 0, 0, 0]), upload(wh=[0, 250, 300], direction="received", quality="estimated")]
    (window,) = merged([*sent, upload(wh=[7], first=3, direction="received", quality="questionable")]).windows()
    assert (window.wh, window.received_wh, window.present, window.peak_w) == (100, 557, 4, 400)
    assert (window.estimated, window.substituted, window.questionable) == (3, 0, 1)


def test_an_hour_of_received_energy_alone_has_no_reading_of_energy_delivered():
    day = merged([upload(wh=[5], interval_s=1800, direction="received")])
    assert day.windows() == [Window(datetime(2026, 11, 24, tzinfo=UTC), 0, 0, 0, 2, 5)]
    assert not day.windows()[0].complete
    assert (day.count, day.intervals()) == (0, [])


# Days as the version before directions and qualities stored them: two interval lengths; and the same with a void.
PLAIN = (
    "789c9b34f52c73cb14067e7efe290c403025e5cc89b38c3a6719274c39cbc90814987a964f605285cd2446c6496799f69c65569804120700"
    "f5c511f0"
)
VOIDED = (
    "789c6b5a9e9c9f539a9b573c69ea59e696290cfcfcfc53ce316ecc6100130c0c53feff3fcba8739671c2140686b39c8c0c53cff2094caab099c4"
    "c838e92cd39eb3cc0a9340a2ab1353b24a8b4b7253f34a8a274e056b5d52969f99b2282b7f69526a5e7206d06c00aa812a31"
)


def test_a_day_that_an_earlier_version_stored_is_delivered_and_measured():
    day = MeterDay.unpack(DAY, bytes.fromhex(PLAIN))
    assert {(row.direction, row.quality) for row in day.rows("m")} == {("delivered", "measured")}
    assert [window[1:] for window in day.windows()] == [
        (1000, 1600, 4, 4, 0, 0, 0, 0),
        (700, 700, 1, 1, 0, 0, 0, 0),
        (800, 800, 1, 1, 0, 0, 0, 0),
    ]
    voided = MeterDay.unpack(DAY, bytes.fromhex(VOIDED))
    assert [window.wh for window in voided.windows()] == [700, 700, 800]
    assert [(one.action, one.by, one.reason) for one in voided.adjustments] == [("void", "jo", "bench")]


@pytest.mark.parametrize("stored", [PLAIN, VOIDED])
def test_a_day_without_the_new_fields_keeps_the_form_of_earlier_versions(stored):
    data = zlib.decompress(bytes.fromhex(stored))
    assert zlib.decompress(MeterDay.unpack(DAY, bytes.fromhex(stored)).pack()) == data
    sent = [upload(), upload(interval_s=3600, first=2, wh=[700, 800], revision=1)]
    if stored == PLAIN:
        assert zlib.decompress(merged(sent).pack()) == data


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


LENGTHS = [60, 300, 600, 900, 1800, 3600, 86_400]


@st.composite
def on_any_grid(draw: st.DrawFn) -> Upload:
    """Readings of one of the contract's lengths, in UTC or in a zone at :15, :30 or :45."""
    seconds = draw(st.sampled_from(LENGTHS))
    step, per = min(seconds, 900) // 60, seconds // 60
    grid = draw(st.sampled_from(range(0, min(per, 60), step)))
    hours = [0, 6, 22, 23] if seconds == 86_400 else range(4)
    first = draw(st.sampled_from(hours)) * 60 + grid
    minutes = [first] if seconds == 86_400 else [first + number * per for number in range(draw(st.integers(1, 4)))]
    rows = [
        {"start": f"{DAY}T{minute // 60:02}:{minute % 60:02}:00Z", "wh": draw(st.integers(0, 9))} for minute in minutes
    ]
    revision = draw(st.integers(0, 1))
    document = {"meter_id": "m", "interval_s": seconds, "readings": [row | {"revision": revision} for row in rows]}
    return decode(json.dumps(document).encode())


@given(st.lists(on_any_grid(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_on_any_grids_nothing_counts_twice_and_order_does_not_matter(uploads, random):
    day = merged(uploads)
    intervals = day.intervals()
    for one, other in pairwise(intervals):
        length = 23 * 3600 if one.seconds == 86_400 else one.seconds  # a local day may be as short
        assert one.start + length <= other.start
    again = random.sample(uploads, len(uploads))
    assert merged(again).pack() == day.pack()
    assert MeterDay.unpack(DAY, day.pack()).intervals() == intervals
    hourly = [one for one in intervals if one.seconds <= 3600]
    assert sum(window.wh for window in day.windows()) == sum(one.wh for one in hourly)
    assert sum(day.hours_wh()) == sum(one.wh for one in intervals)
    assert day.count == len(intervals)
    assert all(window.present <= window.expected for window in day.windows())


@given(st.lists(on_any_grid(), min_size=1, max_size=6))
def test_a_time_that_was_read_on_one_grid_alone_counts(uploads):
    day = merged(uploads)
    counted = {one.start for one in day.intervals()}
    spans = {
        (minute * 60, minute * 60 + one.interval_s, one.interval_s) for one in uploads for minute, _ in one.readings
    }
    for start, end, seconds in spans:
        same_hour = {
            other for other in spans if other[2] != seconds and other[0] // 3600 == start // 3600 and seconds <= 3600
        }
        if not same_hour and not any(other[0] < end and start < other[1] for other in spans - {(start, end, seconds)}):
            assert instant_of(DAY) + start in counted


def test_the_hours_of_a_zone_at_half_past_are_windows():
    sent = upload(wh=[100] * 24, interval_s=3600, first=0)
    day = merged([decode(json.dumps(shifted(sent, 30)).encode())])
    assert [window.start.minute for window in day.windows()] == [30] * 24
    assert all(window.complete and window.peak_w == 100 for window in day.windows())


def shifted(sent: Upload, minutes: int) -> dict:
    rows = [
        {"start": f"{DAY}T{(minute + minutes) // 60:02}:{(minute + minutes) % 60:02}:00Z", "wh": value[2]}
        for minute, value in sent.readings
    ]
    return {"meter_id": "m", "interval_s": sent.interval_s, "readings": rows}


def test_a_reading_of_a_day_counts_where_no_shorter_one_overlaps_it_and_is_in_no_window():
    whole = upload(wh=[9_000], interval_s=86_400)
    assert [(one.seconds, one.wh) for one in merged([whole]).intervals()] == [(86_400, 9_000)]
    assert merged([whole]).windows() == []
    day = merged([whole, upload(wh=[100, 200])])
    assert [(one.seconds, one.wh) for one in day.intervals()] == [(900, 100), (900, 200)]
