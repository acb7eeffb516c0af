"""What happens to a fleet in the months behind it: dates, registry, and what its head-end gets."""

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.template import ROOT
from electrocloud.domain.registry.records import Registry
from electrocloud.domain.registry.validation import faults
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from producers.fleet.fleet import make_fleet, typical_fleet
from producers.fleet.story import LEAST_METERS, MONTHS, RAISED_TARIFF, Story, first_day
from producers.sending.history import corrections, reported
from producers.sending.uploads import SentReading, SentUpload
from registry.folder import read_tariffs

FIRST = date(2025, 10, 1)
FLEET = typical_fleet(LEAST_METERS, 1, "US")


@pytest.fixture
def story() -> Story:
    return Story(FLEET, FIRST)


@pytest.fixture
def registry(story: Story) -> Registry:
    return story.registry(read_tariffs(ROOT / "tariffs"))


def upload_of(meter_id: str, start: datetime, readings: int = 4) -> SentUpload:
    step = timedelta(minutes=15)
    return SentUpload(meter_id, 900, [SentReading(start + number * step, 100) for number in range(readings)])


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 2, 28), date(2026, 12, 31)])
def test_the_history_has_thirteen_whole_months(today: date) -> None:
    first = first_day(today)
    assert first.day == 1
    assert today.year * 12 + today.month - (first.year * 12 + first.month) == MONTHS == 13


def test_the_registry_with_all_events_does_not_contradict_itself(registry: Registry) -> None:
    assert faults(registry) == []


def test_a_customer_moves_out_and_another_one_moves_in(story: Story, registry: Registry) -> None:
    before, after = sorted(
        (one for one in registry.agreements.values() if one.service_point_id == f"SP-{story.moved}"),
        key=lambda one: one.first,
    )
    assert before.end == after.first == story.move_day
    assert before.account_id != after.account_id


def test_a_price_rises_in_mid_month(story: Story, registry: Registry) -> None:
    before, after = [one for one in registry.tariffs.values() if one.tariff_id == RAISED_TARIFF]
    assert before.end == after.first == story.price_day
    assert story.price_day.day == 16
    old, new = (str(one.document["energyratestructure"]) for one in (before, after))
    assert "0.0978" in old
    assert "0.1037" in new


def test_an_upload_over_an_exchange_is_reported_by_both_meters(story: Story, registry: Registry) -> None:
    exchange = story.exchange
    old, new = reported(story, upload_of(exchange.meter_id, exchange.at - timedelta(minutes=30)))
    assert [(one.meter_id, len(one.readings)) for one in (old, new)] == [(exchange.meter_id, 2), (exchange.new_id, 2)]
    installed = {one.meter_id: one for one in registry.installations.values()}
    assert installed[exchange.meter_id].end == installed[exchange.new_id].start == exchange.at.timestamp()


def test_nothing_unread_is_reported_nor_what_was_before_service(story: Story) -> None:
    for span in story.unread:
        assert [*reported(story, upload_of(span.meter_id, span.start))] == []
        (part,) = reported(story, upload_of(span.meter_id, span.start - timedelta(minutes=30)))
        assert len(part.readings) == 2
    assert [*reported(story, upload_of(FLEET.meters[0].meter_id, datetime(2025, 10, 1, 6, tzinfo=UTC)))] == []


def test_a_misread_reading_is_corrected_by_what_was_measured(story: Story) -> None:
    span = story.misread[0]
    before, first = (SentReading(start, 100) for start in (span.start - timedelta(minutes=15), span.start))
    (sent,) = reported(story, SentUpload(span.meter_id, 900, [before, first]))
    assert [reading.wh for reading in sent.readings] == [100, 300]
    fixed = [*corrections(FLEET, story, date.max, 900)]
    assert {upload.meter_id for upload in fixed} == {span.meter_id}
    starts = sorted(reading.start for upload in fixed for reading in upload.readings)
    assert starts[0] == span.start
    assert len(starts) == 2 * 6 * 4
    assert {reading.revision for upload in fixed for reading in upload.readings} == {1}
    assert [*corrections(FLEET, story, FIRST, 900)] == []


def test_nothing_happens_to_homes_with_solar(story: Story) -> None:
    solar = {meter.meter_id for meter in FLEET.meters if meter.solar}
    spans = [*story.unread, *story.misread]
    assert solar
    assert solar.isdisjoint({story.exchange.meter_id, story.moved, *(span.meter_id for span in spans)})


def test_export_of_homes_with_solar_is_credited(story: Story, registry: Registry) -> None:
    points = {f"SP-{meter.meter_id}" for meter in FLEET.meters if meter.solar}
    named = {one.tariff_id for one in registry.agreements.values() if one.service_point_id in points}
    assert named
    for version in registry.tariffs.values():
        metering = tariff_from_urdb(version.document).metering
        assert (metering is not None) == (version.tariff_id in named)


def test_nothing_happens_in_a_small_fleet() -> None:
    fleet = make_fleet(LEAST_METERS - 1, 1, "US")
    quiet = Story(fleet, FIRST)
    assert quiet.unread == quiet.misread == []
    found = quiet.registry(read_tariffs(ROOT / "tariffs"))
    assert len(found.agreements) == len(found.installations) == len(fleet)
