from collections import Counter
from datetime import UTC, date, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import producers.fleet.simulate as module
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.upload import decode
from producers.fleet.faults import Faults, InjectedFault, inject, joined
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate
from producers.sending.uploads import deliveries, uploads

FLEET = make_fleet(50, 1)
START = date(2023, 5, 1)
SOLAR = make_fleet(12, 1, solar=0.5, batteries=0.5)
(BLOCK,) = simulate(FLEET, START, 6, 900)
ALL = Faults(*[0.2] * 9)
KINDS = ("gaps", "corrections", "clock_drift", "stuck", "spikes", "silent", "outage")


def touched(truth: list[InjectedFault]) -> np.ndarray:
    """The readings that the truth speaks of."""
    rows = {meter.meter_id: row for row, meter in enumerate(FLEET.meters)}
    cells = np.zeros(BLOCK.wh.shape, bool)
    for one in truth:
        begin, end = ((second - BLOCK.start) // 900 for second in (one.start, one.end))
        cells[rows[one.meter_id], begin:end] = True
    return cells


def test_without_faults_readings_are_reported_unchanged():
    reported = inject(FLEET, BLOCK, Faults())
    assert not Faults()
    np.testing.assert_array_equal(reported.wh, BLOCK.wh)
    assert reported.sent.all()
    assert not reported.corrected.any()
    assert reported.truth == []


@given(st.dictionaries(st.sampled_from(KINDS), st.floats(0.05, 1), min_size=1))
@settings(max_examples=25, deadline=None)
def test_the_truth_lists_every_changed_reading(rates):
    reported = inject(FLEET, BLOCK, Faults(**rates))
    changed = (reported.wh != BLOCK.wh) | ~reported.sent | reported.corrected | (reported.true.wh != BLOCK.wh)
    assert not (changed & ~touched(reported.truth)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_of_one_affects_almost_everything_reproducibly(kind):
    one, again = (inject(FLEET, BLOCK, Faults(**{kind: 1.0})) for _ in range(2))
    assert one.truth == again.truth
    assert {truth.meter_id for truth in one.truth} >= {meter.meter_id for meter in FLEET.meters[:5]} or kind == "silent"
    assert one.truth


def test_faults_do_not_depend_on_the_block_they_come_in(monkeypatch):
    whole = joined(inject(FLEET, BLOCK, ALL).truth)
    monkeypatch.setattr(module, "_BLOCK_DAYS", 2)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 2_000)
    parts = [truth for block in simulate(FLEET, START, 6, 900) for truth in inject(FLEET, block, ALL).truth]
    assert joined(parts) == whole


def test_an_outage_leaves_the_whole_feeder_without_voltage():
    reported = inject(FLEET, BLOCK, Faults(outage=0.5))
    feeders = np.array([meter.feeder for meter in FLEET.meters])
    for feeder in set(feeders):
        dead = reported.decivolts[feeders == feeder] == 0
        assert dead.any()
        assert (dead == dead[0]).all()
    assert (reported.wh[reported.decivolts == 0] == 0).all()


def test_faults_change_both_directions_of_a_meter_alike():
    (block,) = simulate(SOLAR, START, 6, 900)
    reported = inject(SOLAR, block, Faults(outage=0.5, stuck=0.5, corrections=0.5, gaps=0.2))
    dead = reported.decivolts == 0
    assert dead.any()
    assert (reported.true.received[dead] == 0).all()
    changed = (reported.received != block.received) | (reported.true.received != block.received)
    told = np.zeros(block.wh.shape, bool)
    rows = {meter.meter_id: row for row, meter in enumerate(SOLAR.meters)}
    for one in reported.truth:
        begin, end = ((second - block.start) // 900 for second in (one.start, one.end))
        told[rows[one.meter_id], begin:end] = True
    assert changed.any()
    assert not (changed & ~told).any()


def test_a_corrected_reading_of_each_direction_comes_again_with_its_true_energy():
    faults = Faults(corrections=1.0)
    (block,) = simulate(SOLAR, START, 2, 3600)
    reported = inject(SOLAR, block, faults)
    rows = {meter.meter_id: row for row, meter in enumerate(SOLAR.meters)}
    again = {
        (one.upload.meter_id, row.start, row.direction): row.wh
        for one in uploads(SOLAR, [block], faults)
        for row in one.upload.readings
        if row.revision
    }
    for (meter_id, start, direction), wh in again.items():
        energy = reported.true.received if direction == "received" else reported.true.wh
        assert wh == energy[rows[meter_id], (int(start.timestamp()) - block.start) // 3600]
    assert {direction for _, _, direction in again} == {"delivered", "received"}


@pytest.mark.parametrize(("interval_s", "each"), [(60, 2), (900, 1)])
def test_an_upload_of_a_day_holds_both_directions_or_one_of_each_where_it_cannot(interval_s, each):
    sent = [one.upload for one in uploads(SOLAR, simulate(SOLAR, START, 1, interval_s))]
    for meter in SOLAR.meters:
        own = [decode(msgspec.json.encode(one)) for one in sent if one.meter_id == meter.meter_id]
        assert len(own) == (each if meter.solar else 1)
        assert sum(len(one.readings) for one in own) == 86_400 // interval_s
        assert sum(len(one.received) for one in own) == (86_400 // interval_s if meter.solar else 0)


def test_without_faults_every_reading_comes_once_in_order_and_keeps_the_contract():
    seen: Counter[tuple[str, datetime]] = Counter()
    last = 0
    for delivery in uploads(FLEET, [BLOCK], every_s=3600):
        assert delivery.at >= last
        last = delivery.at
        upload = decode(msgspec.json.encode(delivery.upload))
        assert delivery.at > delivery.upload.readings[-1].start.timestamp() + 900
        seen.update((upload.meter_id, row.start) for row in delivery.upload.readings)
    assert len(seen) == BLOCK.wh.size
    assert set(seen.values()) == {1}


def test_uploads_of_many_blocks_come_in_order_of_delivery(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_DAYS", 1)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 1_000)
    faults = Faults(late=0.3, duplicates=0.3)
    found = list(uploads(FLEET, simulate(FLEET, START, 3, 3600), faults, every_s=3600))
    times = [delivery.at for delivery in found]
    starts = [delivery.upload.readings[0].start for delivery in found]
    assert times == sorted(times)
    assert starts != sorted(starts)
    assert len({(one.upload.meter_id, one.upload.readings[0].start) for one in found}) == 50 * 72
    assert len(found) > 50 * 72 * 1.2


def test_a_correction_comes_days_later_as_a_higher_revision_with_the_true_energy():
    reported = inject(FLEET, BLOCK, Faults(corrections=0.3))
    index = {meter.meter_id: row for row, meter in enumerate(FLEET.meters)}
    first: dict[tuple[str, datetime], int] = {}
    corrected = 0
    for delivery in uploads(FLEET, [BLOCK], Faults(corrections=0.3)):
        for row in delivery.upload.readings:
            place = (delivery.upload.meter_id, row.start)
            if row.revision == 0:
                first[place] = delivery.at
                continue
            column = (int(row.start.timestamp()) - BLOCK.start) // 900
            assert row.wh == BLOCK.wh[index[place[0]], column]
            assert delivery.at > first[place] + 12 * 3600
            corrected += 1
    assert corrected == reported.corrected.sum() > 0


def test_what_was_late_or_came_twice_is_in_the_truth():
    reported = inject(FLEET, BLOCK, Faults())
    plan, truth = deliveries(FLEET, reported, Faults(late=0.2, duplicates=0.1))
    kinds = Counter(one.kind for one in truth)
    assert kinds["duplicate"] == len(plan.at) - 50 * 6
    late = {(one.meter_id, one.start) for one in truth if one.kind == "late"}
    for at, row, column in zip(plan.at, plan.row, plan.column, strict=True):
        start = BLOCK.start + column * 900
        if at > start + 86_400 + 8 * 3600:
            assert (FLEET.meters[row].meter_id, start) in late
    assert 30 < kinds["late"] < 90


def test_a_fault_that_continues_across_blocks_is_one_entry():
    parts = [
        InjectedFault("a", 0, 10, "silent", ""),
        InjectedFault("b", 3, 9, "gap", ""),
        InjectedFault("a", 10, 20, "silent", ""),
    ]
    assert joined(parts) == [InjectedFault("a", 0, 20, "silent", ""), InjectedFault("b", 3, 9, "gap", "")]


def test_a_rate_outside_its_bounds_is_refused_by_name():
    with pytest.raises(UsageError, match=r"spikes is 1\.5"):
        Faults(spikes=1.5)


def test_a_reading_of_a_delivery_starts_in_utc():
    delivery = next(uploads(FLEET, [BLOCK]))
    assert delivery.upload.readings[0].start.tzinfo is UTC
