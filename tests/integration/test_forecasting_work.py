"""Forecasting's work items, from the bucket and the registry to the tables, on AWS in memory."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from electrocloud.aws.store.parquet_days import ParquetDay
from electrocloud.aws.store.store import open_store
from electrocloud.domain.hourly_load import LoadHour
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.ingest import ingest_uploads
from forecasting import fleet_loads, work
from forecasting.fleet_loads import changed_days
from tests.integration.conftest import Aws
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import TABLES
from tests.kits.services_kit import all_at

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
DAY = date(2026, 11, 23)


class Names(NamedTuple):
    windows_table: str = "windows"
    meters_table: str = "meters"
    tariffs_table: str = "tariffs"
    service_points_table: str = "service_points"
    forecasts_table: str = "forecasts"
    bucket: str = "bucket"


class Athena:
    """Answers with rows of each day that it is asked for, and remembers which."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        days = [text for text in sql.split("'") if text.startswith("2026-")]
        self.asked += days
        return [
            row
            for day in days
            for hour in range(24)
            for row in (
                ("F1", None, "Europe/Berlin", day, datetime.fromisoformat(day) + timedelta(hours=hour), 100, 3),
                ("", None, "UTC", day, datetime.fromisoformat(day) + timedelta(hours=hour), 10, 1),
                (None, "shop", "Europe/Berlin", day, datetime.fromisoformat(day) + timedelta(hours=hour), 60, 2),
                (None, "", "UTC", day, datetime.fromisoformat(day) + timedelta(hours=hour), 50, 2),
            )
        ]


@pytest.fixture
def athena() -> Athena:
    return Athena()


@pytest.fixture
def on(aws: Aws, athena: Athena) -> work.Deployment:
    return work.open_deployment(aws.dynamodb, aws.s3, Names(), athena)


@pytest.fixture
def deliver(aws: Aws) -> Callable[..., None]:
    def put(day: date, name: str = "a") -> None:
        aws.s3.put_object(Bucket=aws.bucket, Key=f"readings/dt={day}/{name}.parquet", Body=b"rows")

    return put


def do(kind: work.Kind, on: work.Deployment, out_of_time: Callable[[], bool] = lambda: False) -> list[work.Done]:
    return [work.run(item, on, NOW, out_of_time) for item in work.plan(kind, on, NOW)]


def test_athena_is_asked_only_for_days_whose_parquet_has_changed(
    on: work.Deployment, athena: Athena, deliver: Callable[..., None]
) -> None:
    for back in range(3):
        deliver(DAY - timedelta(days=back))
    assert [done.days for done in do("loads", on)] == [3]
    assert do("loads", on) == []
    deliver(DAY, "b")
    deliver(DAY + timedelta(days=1))
    athena.asked.clear()
    do("loads", on)
    assert sorted(athena.asked) == ["2026-11-23", "2026-11-24"]


def test_the_fleet_is_the_sum_of_its_feeders_and_of_meters_on_none(
    on: work.Deployment, deliver: Callable[..., None]
) -> None:
    deliver(DAY)
    do("loads", on)
    midnight = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    fleet, feeder = on.loads.load("fleet", DAY), on.loads.load("feeder/F1", DAY)
    assert fleet.load.hours[0] == LoadHour(midnight, 110, 4)
    assert (len(feeder.load.hours), feeder.load.hours[0], feeder.zone) == (
        24,
        LoadHour(midnight, 100, 3),
        "Europe/Berlin",
    )
    assert fleet.zone == "Europe/Berlin"  # of most of its meters
    assert on.loads.load("no-feeder", DAY).load.hours[0] == LoadHour(midnight, 10, 1)
    assert on.loads.series() == ["feeder/F1", "fleet", "no-feeder"]
    assert on.loads.load("feeder/F9", DAY).load.hours == []


def test_a_class_has_its_load_and_no_forecast(on: work.Deployment, deliver: Callable[..., None]) -> None:
    deliver(DAY)
    do("loads", on)
    shops = on.loads.load("class/shop", DAY)
    assert [hour[1:] for hour in shops.load.hours] == [(60, 2)] * 24
    assert shops.zone == "Europe/Berlin"
    assert on.loads.load("class/", DAY).load.hours == []
    assert "class/shop" not in on.loads.series()


def test_a_day_that_is_read_again_takes_the_place_of_the_first(
    on: work.Deployment, deliver: Callable[..., None]
) -> None:
    for name in ("a", "b"):
        deliver(DAY, name)
        do("loads", on)
    assert len(on.loads.load("fleet", DAY - timedelta(days=9)).load.hours) == 24


def test_a_query_reads_no_more_bytes_than_a_part_of_the_work_group_s_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_loads, "QUERY_BYTES", 10)
    days = {DAY - timedelta(days=n): ParquetDay(size, "v") for n, size in enumerate((4, 4, 4, 99, 1))}
    assert [len(part) for part in changed_days(days, {})] == [2, 1, 1, 1]


def test_every_series_is_forecast_by_an_item_of_its_own(on: work.Deployment, deliver: Callable[..., None]) -> None:
    for back in range(4):
        deliver(DAY - timedelta(days=back))
    do("loads", on)
    items = list(work.plan("series", on, NOW))
    assert items == [work.ForecastSeries(series) for series in ("feeder/F1", "fleet", "no-feeder")]
    assert [done.forecasts for done in do("series", on)] == [3, 3, 3]  # two days before, and the next
    assert [done.forecasts for done in do("series", on)] == [0, 0, 0]
    assert len(on.store.newest("feeder/F1", 9)) == 3


def test_the_fleet_s_forecast_becomes_the_sum_of_the_others_and_then_its_event(
    on: work.Deployment, deliver: Callable[..., None]
) -> None:
    for back in range(4):
        deliver(DAY - timedelta(days=back))
    do("loads", on)
    do("series", on)
    assert {event.subject for page in on.events.pages() for event in page} == {"feeder/F1", "no-feeder"}

    assert [done.feeders for done in do("fleet", on)] == [2]

    (fleet,) = on.store.newest("fleet")
    parts = [on.store.newest(series)[0] for series in ("feeder/F1", "no-feeder")]
    assert [row.value for row in fleet.rows[:48]] == [
        sum(row.value for row in rows) for rows in zip(*(part.rows[:48] for part in parts), strict=True)
    ]
    assert {event.subject for page in on.events.pages() for event in page} == {"feeder/F1", "no-feeder", "fleet"}
    assert [done.feeders for done in do("fleet", on)] == [0]  # it is the sum already
    assert on.store.newest("fleet") == [fleet]


def test_a_feeder_that_comes_late_joins_the_sum_in_the_next_round(
    on: work.Deployment, deliver: Callable[..., None]
) -> None:
    for back in range(4):
        deliver(DAY - timedelta(days=back))
    do("loads", on)
    for series in ("fleet", "no-feeder"):
        work.run(work.ForecastSeries(series), on, NOW, lambda: False)
    before = on.store.newest("fleet")[0]
    assert [done.feeders for done in do("fleet", on)] == [0]
    (alone,) = on.store.newest("fleet")
    assert alone.rows == before.rows
    assert alone.note.endswith("not the sum of the feeders: no forecast of this day for feeder/F1")
    work.run(work.ForecastSeries("feeder/F1"), on, NOW, lambda: False)
    assert [done.feeders for done in do("fleet", on)] == [2]
    assert on.store.newest("fleet")[0].note == before.note


def test_meters_are_forecast_by_segments_and_what_is_left_over_goes_on_after_the_last_meter(
    aws: Aws, on: work.Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("electrocloud.aws.store.meter_segments.METERS_AT_ONCE", 2)
    names = [f"m-{number}" for number in range(5)]
    register(aws, names)
    (item,) = work.plan("meters", on, NOW)
    assert isinstance(item, work.ForecastMeters)
    ends, rounds = 0, 0
    left: work.ForecastMeters | None = item
    while left:
        done = work.run(msgspec.json.decode(msgspec.json.encode(left), type=work.Item), on, NOW, lambda: True)
        ends, rounds, left = ends + done.month_ends, rounds + 1, done.left
    assert ends == 5
    assert rounds >= 3
    assert len(on.store.month_ends(names, "2026-11")) == 5


def register(aws: Aws, names: list[str]) -> None:
    """Meters with ten days of hourly readings."""
    document = TIME_OF_USE | {"timezone": "UTC"}
    aws.dynamodb.put_item(
        TableName="tariffs",
        Item={"tariff_id": {"S": "tou"}, "document": {"S": msgspec.json.encode(document).decode()}},
    )
    tariff = tariff_from_urdb(document)
    tables = open_store(aws.dynamodb, TABLES, lambda _: None).tables
    for name in names:
        aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": name}, "tariff_id": {"S": "tou"}})
    days = [DAY - timedelta(days=back) for back in range(10)]
    uploads = [upload(meter_id=name, day=day, wh=[100] * 24, interval_s=3600) for name in names for day in days]
    ingest_uploads(uploads, tables, all_at(tariff), lambda _: None)
