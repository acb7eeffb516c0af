"""Events of silent meters, rejected uploads and forecasts: each is sent, however the publishing is interrupted."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from botocore.client import BaseClient

from analytics.template import ROOT
from electrocloud.aws.event_bus import EventsNotSentError
from electrocloud.aws.event_publishing import publish_events
from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from electrocloud.aws.ingest.quarantine import put
from electrocloud.aws.ingest.rejections import Rejections
from electrocloud.aws.store.event_outbox import EventOutbox
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.store import open_store
from electrocloud.domain.forecast import Forecast, ForecastDay, ForecastHour
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.ingest import ingest_uploads
from forecasting import work
from lake.publishing import Lake, write_forecasts_made
from tests.integration.conftest import Aws
from tests.integration.test_bill_publishing import Bus, event_bus
from tests.integration.test_forecasting_work import Athena, Names, register
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import TABLES
from tests.kits.services_kit import all_at

DOCS = ROOT / "docs"
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
HOURS = tuple(ForecastHour(NOW + timedelta(hours=hour), 100.4, 0, 1) for hour in range(24))
DAYS = tuple(
    ForecastDay(day, hours, 100.4 * hours, HOURS[first], lead=lead)
    for lead, (day, hours, first) in enumerate([(NOW.date(), 21, 0), (NOW.date() + timedelta(days=1), 3, 21)])
)
MADE = Forecast("feeder/F1", NOW, "trees", "", None, (), HOURS, readings_until=NOW, days=DAYS)


def publish(aws: Aws, client: Any, now: datetime = NOW, out_of_time: bool = False) -> int:
    rejections = Rejections(aws.s3, aws.bucket, aws.dynamodb, "forecasts")
    outbox = EventOutbox(aws.dynamodb, "forecasts")
    to_lake = partial(write_forecasts_made, Forecasts(aws.dynamodb, "forecasts"), Lake(aws.s3, aws.bucket))
    return publish_events(outbox, rejections, event_bus(client), now, lambda: out_of_time, to_lake)


def reject(aws: Aws, number: int, arrived: datetime = NOW, reason: str = "not-json") -> None:
    rejected = RejectedUpload(reason, "no JSON", b"no json", f"{number:056}", 0, "M-1", arrived)
    assert put(aws.s3, aws.bucket, [rejected], lambda: False) == {}


def test_a_stored_forecast_and_its_event_are_one_write(aws: Aws) -> None:
    bus = Bus()
    Forecasts(aws.dynamodb, "forecasts").add(MADE)
    assert Forecasts(aws.dynamodb, "forecasts").newest("feeder/F1") == [MADE]
    assert publish(aws, bus) == 1
    (event,) = bus.taken
    assert (event["type"], event["source"], event["subject"]) == (
        "ForecastMade",
        "/electrocloud/forecasts",
        "feeder/F1",
    )
    assert event["data"] == {
        "series": "feeder/F1", "made_at": "2026-11-24T03:00:00Z", "start": "2026-11-24T03:00:00Z", "hours": 24,
        "wh": 2410, "model": "trees",
    }  # fmt: skip
    assert publish(aws, bus) == 0


def test_a_bus_that_refuses_delays_events_and_loses_none(aws: Aws) -> None:
    Forecasts(aws.dynamodb, "forecasts").add(MADE)
    reject(aws, 1)
    refusing, bus = Bus(refused=1_000), Bus()
    with pytest.raises(EventsNotSentError):
        publish(aws, refusing)
    assert publish(aws, bus) == 2
    assert {event["type"] for event in bus.taken} == {"ForecastMade", "UploadsRejected"}


class Killed(Exception):
    pass


@pytest.mark.parametrize("calls", [1, 4, 7, 9])
def test_a_publisher_that_is_killed_at_any_call_to_aws_loses_no_event(aws: Aws, calls: int, monkeypatch) -> None:
    Forecasts(aws.dynamodb, "forecasts").add(MADE)
    for number in range(3):
        reject(aws, number)
    bus, left = Bus(), [calls]
    call = BaseClient._make_api_call

    def killed(client: Any, *arguments: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return call(client, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", killed)
        with pytest.raises(Killed):
            publish(aws, bus)
    publish(aws, bus)
    subjects = {event["id"]: event["subject"] for event in bus.taken}
    assert len(subjects) == 4
    assert publish(aws, bus) == 0


def test_each_object_of_the_quarantine_is_an_event_with_its_counts(aws: Aws) -> None:
    bus = Bus()
    reject(aws, 1)
    assert publish(aws, bus) == 1
    reject(aws, 2, reason="misaligned")
    assert publish(aws, bus) == 1
    first, second = bus.taken
    assert (first["type"], first["data"]["reasons"], first["data"]["uploads"]) == (
        "UploadsRejected",
        {"not-json": 1},
        1,
    )
    assert second["data"]["reasons"] == {"misaligned": 1}
    assert second["data"]["object"].startswith("quarantine/dt=2026-11-24/")
    assert publish(aws, bus) == 0


def test_days_in_which_nothing_was_published_are_made_up_for(aws: Aws) -> None:
    bus = Bus()
    publish(aws, bus)
    reject(aws, 1, NOW + timedelta(days=3))
    reject(aws, 2, NOW + timedelta(days=9))
    assert publish(aws, bus, NOW + timedelta(days=10)) == 2
    assert publish(aws, bus, NOW + timedelta(days=11)) == 0


def check_silence(aws: Aws, now: datetime) -> int:
    on = work.open_deployment(aws.dynamodb, aws.s3, Names(), Athena())
    return sum(work.run(item, on, now, lambda: False).silent for item in work.plan("silence", on, now))


def add_meter(aws: Aws, meter_id: str, **changes: Any) -> None:
    item = {
        "meter_id": {"S": meter_id}, "lat": {"N": "1"}, "lon": {"N": "1"}, "feeder": {"S": "F1"},
        "class": {"S": "home"}, "timezone": {"S": "UTC"}, "upload_every_s": {"N": "3600"},
    }  # fmt: skip
    aws.dynamodb.put_item(TableName="meters", Item=item | changes)


def test_a_meter_that_falls_silent_is_an_event_once_until_it_reports_again(aws: Aws) -> None:
    register(aws, ["m-1"])  # whose last reading ends at midnight
    add_meter(aws, "m-1")
    bus, midnight = Bus(), datetime(2026, 11, 24, tzinfo=UTC)
    assert check_silence(aws, midnight + timedelta(hours=3)) == 0
    assert check_silence(aws, midnight + timedelta(hours=3, seconds=1)) == 1
    assert check_silence(aws, midnight + timedelta(hours=4)) == 0
    publish(aws, bus)
    assert check_silence(aws, midnight + timedelta(hours=5)) == 0
    (event,) = bus.taken
    assert (event["type"], event["subject"], event["source"]) == ("MeterSilent", "m-1", "/electrocloud/meters")
    assert event["data"] == {
        "meter_id": "m-1", "feeder": "F1", "read_until": "2026-11-24T00:00:00Z",
        "expected_by": "2026-11-24T03:00:00Z", "upload_every_s": 3600,
    }  # fmt: skip
    tables = open_store(aws.dynamodb, TABLES, lambda _: None).tables
    tariff = tariff_from_urdb(TIME_OF_USE | {"timezone": "UTC"})
    ingest_uploads(
        [upload(meter_id="m-1", day=midnight.date(), wh=[5], interval_s=3600)], tables, all_at(tariff), print
    )
    assert check_silence(aws, midnight + timedelta(hours=2)) == 0
    assert check_silence(aws, midnight + timedelta(hours=9)) == 1


def test_removed_meters_and_those_that_never_reported_are_not_silent(aws: Aws) -> None:
    register(aws, ["m-1"])
    add_meter(aws, "m-1", removed={"N": str(int(NOW.timestamp()))})
    add_meter(aws, "m-2")
    assert check_silence(aws, NOW + timedelta(days=2)) == 0


def test_every_event_is_what_the_schema_in_docs_describes(aws: Aws) -> None:
    bus = Bus()
    Forecasts(aws.dynamodb, "forecasts").add(MADE)
    reject(aws, 1)
    register(aws, ["m-1"])
    add_meter(aws, "m-1")
    check_silence(aws, NOW + timedelta(days=2))
    publish(aws, bus)
    schema = jsonschema_rs.validator_for(msgspec.json.decode((DOCS / "events.schema.json").read_bytes()))
    assert {event["type"] for event in bus.taken} == {"ForecastMade", "UploadsRejected", "MeterSilent"}
    for event in bus.taken:
        schema.validate(event)
        assert not schema.is_valid(event | {"data": {}})
    assert not schema.is_valid(bus.taken[0] | {"type": "SomethingElse"})
