"""Forecasts on demand have the weather that stored ones have, on AWS in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.store import open_store
from electrocloud.domain.forecast import Forecast, ForecastWeather
from electrocloud.domain.hourly_load import LoadDay, LoadHour
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.ingest import ingest_uploads
from forecasting.load import Days
from forecasting.on_demand import forecast_group, forecast_meter
from forecasting.work import Deployment, open_deployment
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import stack_on
from tests.kits.examples import upload
from tests.kits.memory import TABLES
from tests.kits.registry_kit import FLAT, METER, POINT, STATION, ZONE, registry
from tests.kits.services_kit import all_at

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ISSUED = NOW - timedelta(hours=2)
DAYS, AHEAD, HOUR = 75, 9, 3_600
FIRST = NOW - timedelta(days=DAYS)
CELSIUS = 20 + 5 * np.random.default_rng(3).normal(size=DAYS + AHEAD)  # of each day
WH = [[int(2_000 + hour * 20 - 40 * CELSIUS[day]) for hour in range(24)] for day in range(DAYS)]


class Athena:
    """Answers with the temperatures of the station until some days after NOW, and with the place of the feeder."""

    def __init__(self, days_ahead: int) -> None:
        self._end = DAYS + days_ahead

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        if "FROM meters" in sql:
            return [(POINT.feeder, POINT.latitude, POINT.longitude)]
        assert f"('{STATION.station_id}')" in sql
        first = int(FIRST.timestamp()) // HOUR
        return [
            (
                STATION.station_id,
                issued,
                " ".join(str(first + day * 24 + hour) for day in days for hour in range(24)),
                " ".join(str(CELSIUS[day]) for day in days for _ in range(24)),
            )
            for issued, days in ((None, range(DAYS)), (ISSUED.replace(tzinfo=None), range(DAYS, self._end)))
        ]


def deployment(aws: Aws, days_ahead: int = AHEAD, *records: Any) -> Deployment:
    """A meter, and the load of its feeder, with the readings of DAYS days."""
    stack = stack_on(aws)
    RegistryDesk(stack).apply(registry(*records), "test", lambda _: None)
    uploads = [
        upload(meter_id=METER.meter_id, day=(FIRST + timedelta(days=day)).date(), wh=WH[day], interval_s=HOUR)
        for day in range(DAYS)
    ]
    tables = open_store(aws.dynamodb, TABLES, lambda _: None).tables
    ingest_uploads(uploads, tables, all_at(tariff_from_urdb(FLAT)), lambda _: None)
    on = open_deployment(aws.dynamodb, aws.s3, stack, Athena(days_ahead))
    starts = [int((FIRST + timedelta(days=day)).timestamp()) for day in range(DAYS)]
    loads = [
        LoadDay(
            f"feeder/{POINT.feeder}",
            datetime.fromtimestamp(start, UTC).date(),
            ZONE,
            tuple(LoadHour(start + hour * HOUR, wh, 1) for hour, wh in enumerate(WH[day])),
        )
        for day, start in enumerate(starts)
    ]
    on.loads.put(loads, {one.day: "v" for one in loads})
    return on


def forecasts(aws: Aws, on: Deployment, horizon: int | Days) -> list[Forecast]:
    """Of the feeder, and of its meter."""
    return [
        forecast_group(on, f"feeder/{POINT.feeder}", horizon, NOW),
        forecast_meter(on, Reader(stack_on(aws)), METER.meter_id, horizon, NOW).forecast,
    ]


@pytest.mark.parametrize("horizon", [24, Days(7)])
def test_they_have_the_weather_of_the_nearest_station(aws: Aws, horizon: int | Days) -> None:
    for made in forecasts(aws, deployment(aws, AHEAD, STATION), horizon):
        assert made.weather == ForecastWeather((STATION.station_id,), ISSUED)
        assert "weather" in made.model
        assert made.note == ""


def test_their_notes_are_those_of_stored_ones(aws: Aws) -> None:
    for made in forecasts(aws, deployment(aws, 2, STATION), Days(7)):
        assert made.weather is None
        assert "made without weather: the temperatures end " in made.note


def test_where_no_station_is_registered_nothing_is_said_of_weather(aws: Aws) -> None:
    for made in forecasts(aws, deployment(aws), 24):
        assert (made.weather, "weather" in made.note) == (None, False)


def test_a_new_meter_has_its_first_weekend_from_its_class(aws: Aws) -> None:
    on = deployment(aws)
    monday = NOW + timedelta(days=6)
    saturday = monday + timedelta(days=5)
    new = msgspec.structs.replace(METER, meter_id="NEW-1")
    RegistryDesk(stack_on(aws)).apply(registry(new), "test", lambda _: None)
    tables = open_store(aws.dynamodb, TABLES, lambda _: None).tables
    days = [(monday + timedelta(days=day)).date() for day in range(5)]
    wh = np.random.default_rng(4).integers(50, 150, (5, 24)).tolist()
    uploads = [upload(meter_id=new.meter_id, day=day, wh=wh[at], interval_s=HOUR) for at, day in enumerate(days)]
    ingest_uploads(uploads, tables, all_at(tariff_from_urdb(FLAT)), lambda _: None)
    closed = [monday - timedelta(days=back) for back in range(35, -5, -1)]
    loads = [
        LoadDay(
            f"class/{POINT.customer_class}",
            day.date(),
            ZONE,
            tuple(
                LoadHour(int(day.timestamp()) + hour * HOUR, 1000 if day.weekday() < 5 else 100, 9)
                for hour in range(24)
            ),
        )
        for day in closed
    ]

    def energy() -> float:
        rows = forecast_meter(on, Reader(stack_on(aws)), new.meter_id, 24, saturday).forecast.rows
        return sum(row.value for row in rows)

    alone = energy()
    on.loads.put(loads, {})
    assert alone == pytest.approx(2400, rel=0.1)
    assert energy() < 0.75 * alone
