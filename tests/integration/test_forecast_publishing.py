"""Forecasts from the table to the lake: none is lost, a copy counts once, and SQL finds the errors that are stored."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from electrocloud.aws.event_bus import EventsNotSentError
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import SeriesLoad
from electrocloud.domain.forecast import Forecast, errors_by_lead
from electrocloud.domain.hourly_load import HourlyLoad, LoadHour
from forecasting.fleet_loads import read_days
from forecasting.series import update_series
from tests.integration.conftest import Aws
from tests.integration.test_bill_publishing import Bus
from tests.integration.test_pipeline_events import MADE, NOW, publish
from tests.kits.sql_kit import DT, Lake, TableRow, meter, reading

FIRST = datetime(2026, 10, 20, tzinfo=UTC)


@pytest.fixture
def store(aws: Aws) -> Forecasts:
    return Forecasts(aws.dynamodb, "forecasts")


def lake_of(aws: Aws) -> Lake:
    """A lake with the forecasts that are in the bucket."""
    lake = Lake()
    for name in ("forecast_hours", "forecast_days"):
        parts = []
        for listed in aws.s3.list_objects_v2(Bucket=aws.bucket, Prefix=f"{name}/dt=").get("Contents", []):
            body = aws.s3.get_object(Bucket=aws.bucket, Key=listed["Key"])["Body"].read()
            part = pq.ParquetFile(io.BytesIO(body)).read()
            day = listed["Key"].split("dt=")[1].split("/")[0]
            parts.append(part.append_column(DT, pa.array([day] * len(part), pa.string())))
        if parts:
            lake.duckdb.register(name, pa.concat_tables(parts))
    return lake


def published(aws: Aws, view: str) -> list[dict[str, Any]]:
    """What an analyst finds."""
    return lake_of(aws).select(f"SELECT * FROM {view} ORDER BY series, readings_until, day")


def test_a_forecast_is_in_the_lake_before_its_event_is_sent(aws: Aws, store: Forecasts) -> None:
    store.add(MADE)
    with pytest.raises(EventsNotSentError):
        publish(aws, Bus(refused=1_000))
    assert len(published(aws, "forecasts_hourly")) == 24
    (today, tomorrow) = published(aws, "forecasts_daily")
    assert (today["series"], today["lead"], today["hours"], today["dt"]) == ("feeder/F1", 0, 21, "2026-11-24")
    assert tomorrow["lead"] == 1


def test_a_forecast_that_is_published_twice_counts_once_as_it_was_published_last(aws: Aws, store: Forecasts) -> None:
    store.add(MADE)
    publish(aws, Bus())
    store.add(msgspec.structs.replace(MADE, model="trees again"))
    publish(aws, Bus(), NOW + timedelta(minutes=15))
    assert {row["model"] for row in published(aws, "forecasts_hourly")} == {"trees again"}
    assert [row["model"] for row in published(aws, "forecasts_daily")] == ["trees again"] * 2


def test_many_forecasts_of_a_day_share_files(aws: Aws, store: Forecasts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.publishing.FORECASTS_A_FILE", 2)
    for number in range(5):
        store.add(msgspec.structs.replace(MADE, series=f"feeder/F{number}"))
    publish(aws, Bus())
    assert len({row["series"] for row in published(aws, "forecasts_hourly")}) == 5
    files = aws.s3.list_objects_v2(Bucket=aws.bucket, Prefix="forecast_hours/dt=2026-11-24/")["Contents"]
    assert 3 <= len(files) <= 5  # a file has at most two, and the outbox four parts


def test_forecasts_of_earlier_versions_without_days_are_left_out(aws: Aws, store: Forecasts) -> None:
    store.add(msgspec.structs.replace(MADE, days=()))
    assert publish(aws, Bus()) == 1
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=aws.bucket, Prefix="forecast")


@pytest.fixture
def month() -> list[TableRow]:
    """30 days of two meters, one of which lacks an afternoon: that day is not complete, and has no error."""
    return [
        reading(meter_id, FIRST + timedelta(hours=hour), 100 + (hour * 37 + number) % 24 * (hour // 24), 3600)
        for number, meter_id in enumerate(("a", "b"))
        for hour in range(24 * 30)
        if not (meter_id == "b" and 24 * 26 + 12 <= hour < 24 * 26 + 16)
    ]


def _forecast_days(store: Forecasts, rows: list[TableRow]) -> list[Forecast]:
    """The forecasts of the last days of these readings, with what came of them."""
    for day in range(24, 31):
        load = _load_of(rows, FIRST + timedelta(days=day))
        for series in ("fleet", "feeder/F1"):
            update_series(series, SeriesLoad(load, "UTC"), store, NOW)
    return [one for series in ("fleet", "feeder/F1") for one in store.newest(series, 20)]


def test_sql_finds_the_errors_by_lead_that_are_stored(store: Forecasts, month: list[TableRow]) -> None:
    forecasts = _forecast_days(store, month)
    lake = Lake(month, [meter("a"), meter("b")], forecasts=forecasts)

    for loads, series in (("fleet", "fleet"), ("feeders", "feeder/F1")):
        own = lake.ask("forecast_error_by_lead", loads=loads, first_day="2026-11-01", last_day="2026-11-30")
        expected = errors_by_lead(one for one in forecasts if one.series == series)
        assert [(row["lead"], row["days"]) for row in own] == [(one.lead, one.days) for one in expected]
        assert [row["wape"] for row in own] == [pytest.approx(one.wape) for one in expected]
        assert any(row["wape"] > 0 for row in own)


def test_sql_finds_what_came_of_each_day_that_is_complete(store: Forecasts, month: list[TableRow]) -> None:
    forecasts = _forecast_days(store, month)
    lake = Lake(month, [meter("a"), meter("b")], forecasts=forecasts)
    days = [day for one in reversed(forecasts) for day in one.days if one.series == "feeder/F1" and day.lead == 1]

    found = lake.ask("forecast_days", load="F1", lead="1", first_day="2026-11-01", last_day="2026-11-30")

    assert [row["day"] for row in found] == [day.day for day in days]
    for row, day in zip(found, days, strict=True):
        assert row["energy_kwh"] == pytest.approx(day.energy / 1e3)
        assert row["actual_energy_kwh"] == (pytest.approx(day.actual.energy / 1e3) if day.actual else None)
        assert row["actual_peak_kwh"] == (pytest.approx(day.actual.peak / 1e3) if day.actual else None)
    assert [day.actual is not None for day in days].count(True) not in (0, len(days))


def test_the_view_of_loads_has_the_hours_that_forecasts_are_made_from(month: list[TableRow]) -> None:
    partial_hour = [reading("c", datetime(2026, 11, 1, tzinfo=UTC), 5, 900)]
    lake = Lake([*month, *partial_hour], [meter("a"), meter("b", feeder="", kind="shop"), meter("c", feeder="F2")])

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in lake.select(sql)]

    read = read_days(ask, [datetime(2026, 11, 1).date()])
    found = lake.select("SELECT * FROM loads_hourly WHERE dt = '2026-11-01' ORDER BY series, hour")
    assert [
        (row["series"], int(row["hour"].replace(tzinfo=UTC).timestamp()), row["wh"], row["meters"]) for row in found
    ] == [(day.series, *hour) for day in read for hour in day.hours if day.series not in ("class/home", "class/shop")]
    assert {row["series"] for row in found} == {"fleet", "feeder/F1", "no-feeder"}
    hours = {day.series: day.hours for day in read}
    assert hours["class/home"] == hours["feeder/F1"]
    assert hours["class/shop"] == hours["no-feeder"]


def _load_of(rows: list[TableRow], end: datetime) -> HourlyLoad:
    hours: dict[int, LoadHour] = {}
    for row in rows:
        begun = int(row["start"].replace(tzinfo=UTC).timestamp())
        if begun < end.timestamp():
            before = hours.get(begun, LoadHour(begun, 0, 0))
            hours[begun] = LoadHour(begun, before.wh + row["wh"], before.meters + 1)
    return HourlyLoad(hours.values())
