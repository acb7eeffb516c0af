"""Readings that an operator voids or corrects: they hold against every revision, in whatever order all of it comes."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.errors import UploadError, UsageError
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import MAX_REVISION, QUALITIES, Direction, Operator, Upload, decode
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.adjustments import correct, void
from electrocloud.services.ingest import ingest_uploads
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import all_at, planned_bill

DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
TARIFF = tariff_from_urdb(TIME_OF_USE)


def at(minutes: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=minutes)


def operator(action: str, second: int, reason: str = "meter under test") -> Operator:
    return Operator(action, "arn:aws:iam::1:user/jo", at(24 * 60) + timedelta(seconds=second), reason)


def day_of(*uploads: Upload) -> MeterDay:
    day = MeterDay(DAY)
    for one in uploads:
        day.merge(one)
    return day


def voiding(first: int, end: int, second: int = 0, direction: Direction = "delivered") -> Upload:
    """Of a meter with quarter hours."""
    day = day_of(upload(direction=direction))
    (document,) = void("m-1", [day], at(first), at(end), operator("void", second), direction)
    return decode(msgspec.json.encode(document))


def correcting(minute: int, wh: int, second: int = 0) -> Upload:
    document = correct("m-1", day_of(upload(wh=[1] * 96)), at(minute), wh, operator("correct", second))
    return decode(msgspec.json.encode(document))


def stored(*uploads: Upload) -> MemoryTables:
    tables = MemoryTables()
    for one in uploads:
        ingest_uploads([one], tables, all_at(TARIFF), lambda _: None)
    return tables


def test_a_voided_reading_is_missing_whatever_revision_the_meter_sends():
    day = day_of(upload(wh=[100] * 4), voiding(15, 45), upload(wh=[7] * 4, revision=MAX_REVISION))
    assert [(reading.start.minute, reading.wh) for reading in day.rows("m-1")] == [(0, 7), (45, 7)]
    assert (day.count, sum(day.hours_wh())) == (2, 14)
    (window,) = day.windows()
    assert (window.present, window.expected) == (2, 4)
    assert day.voided() == [int(at(minute).timestamp()) for minute in (15, 30)]


def test_a_corrected_reading_holds_and_a_later_action_takes_its_place():
    first = day_of(upload(wh=[100] * 4), correcting(15, 9), upload(wh=[50] * 4, revision=3))
    assert [reading.wh for reading in first.rows("m-1")] == [50, 9, 50, 50]
    first.merge(voiding(0, 30, second=1))
    assert [reading.wh for reading in first.rows("m-1")] == [50, 50]
    first.merge(correcting(15, 8, second=2))
    assert [reading.wh for reading in first.rows("m-1")] == [8, 50, 50]


def test_who_when_and_why_are_kept_of_each_action_that_of_one_that_no_longer_holds_too():
    day = day_of(upload(wh=[100] * 4), voiding(0, 30, second=5), correcting(0, 8, second=6))
    again = MeterDay.unpack(DAY, day.pack())
    assert [(one.action, one.by, one.at, one.reason) for one in again.adjustments] == [
        ("void", "arn:aws:iam::1:user/jo", at(24 * 60) + timedelta(seconds=5), "meter under test"),
        ("correct", "arn:aws:iam::1:user/jo", at(24 * 60) + timedelta(seconds=6), "meter under test"),
    ]
    assert [again.minutes_of(one) for one in again.adjustments] == [[15], [0]]
    assert again.pack() == day.pack()


parts = st.lists(
    st.one_of(
        st.builds(upload, wh=st.lists(st.integers(0, 3), min_size=1, max_size=4), revision=st.integers(0, 2)),
        st.builds(upload, wh=st.lists(st.integers(0, 3), min_size=1, max_size=1), interval_s=st.just(3600)),
        st.builds(
            upload,
            wh=st.lists(st.integers(0, 3), min_size=1, max_size=4),
            revision=st.integers(0, 2),
            direction=st.just("received"),
            quality=st.sampled_from(QUALITIES),
        ),
        st.builds(voiding, st.just(0), st.just(30), st.integers(0, 3), st.just("received")),
        st.builds(voiding, st.sampled_from([0, 15]), st.sampled_from([30, 45]), st.integers(0, 3)),
        st.builds(correcting, st.sampled_from([0, 15, 30]), st.integers(0, 3), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=6,
)


@given(parts, st.randoms(use_true_random=False))
def test_order_and_repetition_change_no_byte(uploads, random):
    shaken = uploads + random.sample(uploads, random.randint(0, len(uploads)))
    random.shuffle(shaken)
    assert day_of(*shaken).pack() == day_of(*uploads).pack()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_windows_and_bills_do_not_depend_on_whether_the_operator_or_the_meter_came_first(order):
    uploads = [upload(wh=[100] * 4), voiding(0, 30), correcting(45, 7)]
    expected, found = stored(*uploads), stored(*(uploads[place] for place in order))
    assert found.windows == expected.windows
    assert found.bills == expected.bills


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_month_that_is_voided_whole_has_a_bill_without_energy(order):
    uploads = [upload(wh=[100] * 4), voiding(0, 60)]
    tables = stored(*(uploads[place] for place in order))
    key = planned_bill(TARIFF, "2026-11").key
    _, bills = tables.read([], [key])
    billed = bills[key].billed
    assert billed.bill.energy_kwh == 0
    assert billed.bill.intervals.read == 0
    assert not any(billed.days)


def test_a_void_covers_both_interval_lengths_of_a_day_and_what_may_still_come():
    both = day_of(upload(wh=[100] * 4), upload(wh=[5], interval_s=3600))
    documents = void("m-1", [both], at(0), at(120), operator("void", 0))
    assert [(one.interval_s, len(one.readings)) for one in documents] == [(900, 8), (3600, 2)]
    for one in documents:
        both.merge(decode(msgspec.json.encode(one)))
    both.merge(upload(wh=[3] * 8, revision=9))
    assert both.count == 0


def test_a_void_covers_both_directions_unless_one_is_named():
    both = day_of(upload(), upload(direction="received"))
    documents = void("m-1", [both], at(0), at(60), operator("void", 0))
    assert [{row.direction for row in one.readings} for one in documents] == [{"delivered"}, {"received"}]
    (document,) = void("m-1", [both], at(0), at(60), operator("void", 0), "received")
    both.merge(decode(msgspec.json.encode(document)))
    assert (both.count, both.received_count) == (4, 0)
    (adjustment,) = both.adjustments
    assert (both.minutes_of(adjustment), both.minutes_of(adjustment, "received")) == ([], [0, 15, 30, 45])


def test_a_correction_of_received_energy_leaves_the_energy_delivered_as_it_is():
    both = day_of(upload(wh=[100] * 4), upload(wh=[5] * 4, direction="received", quality="estimated"))
    document = correct("m-1", both, at(15), 9, operator("correct", 0), "received")
    both.merge(decode(msgspec.json.encode(document)))
    assert [row.wh for row in both.rows("m-1")] == [100] * 4
    assert [(row.wh, row.quality) for row in both.rows("m-1", "received")][:2] == [(5, "estimated"), (9, "measured")]


def test_what_cannot_be_voided_or_corrected_is_said():
    with pytest.raises(UsageError, match="no readings from 2026-11-24T00:00:00Z"):
        void("m-1", [], at(0), at(60), operator("void", 0))
    with pytest.raises(UsageError, match="no reading of energy delivered that starts at 2026-11-24T01:00:00Z"):
        correct("m-1", day_of(upload()), at(60), 1, operator("correct", 0))


@pytest.mark.parametrize("field", [{"request_id": "r-1"}, {"caller": "arn:aws:iam::1:user/x"}])
def test_the_api_lets_no_operators_action_in(field):
    (document,) = void("m-1", [day_of(upload())], at(0), at(30), operator("void", 0))
    sent = msgspec.json.encode(msgspec.to_builtins(document) | field)
    with pytest.raises(UploadError, match="only an operator") as fault:
        decode(sent)
    assert fault.value.reason == "operator"


@pytest.mark.parametrize(
    "change",
    [
        {"at": "2025-12-31T23:59:59Z"},
        {"at": "2094-12-31T00:00:00Z"},
        {"by": ""},
        {"reason": "two\nlines"},
        {"action": "delete"},
        {"more": 1},
    ],
)
def test_an_action_without_a_name_a_reason_or_a_time_that_can_be_is_rejected(change):
    (document,) = void("m-1", [day_of(upload())], at(0), at(30), operator("void", 0))
    parts_ = msgspec.to_builtins(document)
    parts_["operator"] = parts_["operator"] | change
    with pytest.raises(UploadError):
        decode(msgspec.json.encode(parts_))


def test_a_correction_keeps_the_reactive_energy_unless_it_gives_another():
    day = day_of(upload(wh=[100], varh=40))
    for given_varh, expected in ((None, 40), (7, 7)):
        document = correct("m-1", day, at(0), 90, operator("correct", 0), varh=given_varh)
        (row,) = day_of(upload(wh=[100], varh=40), decode(msgspec.json.encode(document))).rows("m-1")
        assert (row.wh, row.varh) == (90, expected)
