"""The product's SQL on Trino, the engine of Athena, and on the laptop's Athena: they answer alike, row by row."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from math import isclose
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.configloader import raw_config_parse

from analytics.duckdb_dialect import to_duckdb
from analytics.questions import questions, read, views
from analytics.template import ROOT
from electrocloud.aws.athena import Answer, run
from electrocloud.domain.registry.records import WeatherStation
from forecasting.fleet_loads import read_days
from forecasting.stored_weather import StoredWeather
from laptop import cloud
from laptop.processes import ProcessGroup
from tests.conformance import lake, trino_kit

MORE = [
    ("bill", {"month": "2026-10"}),
    ("bill", {"detail": "totals"}),
    ("bill", {"meter": "own-lord-howe", "month": "2026-11"}),
    ("export_by_day", {"first_day": "2026-11-01", "last_day": "2026-11-02"}),
    ("readings_by_quality", {"meter": "own-kathmandu"}),
    ("monthly_consumption", {"month": "2026-10"}),
    ("monthly_consumption", {"meter": "own-new-york"}),
    ("consumption_by_class", {"month": "2026-10"}),
    ("peak_hour_by_meter", {"month": "2026-10"}),
    ("load_trend", {"first_day": "2025-09-01"}),  # more hours than Trino's sequence() may have entries
    ("peak_hour_of_fleet", {"zone": "Australia/Lord_Howe"}),
    ("completeness_by_day", {"zone": "America/New_York"}),
    ("delay_by_day", {"zone": "Asia/Kathmandu"}),
    ("readings_by_quality", {"zone": "Asia/Kathmandu"}),
    ("quarantined_by_reason", {"zone": "America/New_York"}),
    ("load_trend", {"zone": "Asia/Kathmandu"}),
    ("senders_of_readings", {"meter": "not-registered", "day": "2026-11-21"}),
    ("silent_meters", {"margin": "0"}),
    ("forecast_error_by_lead", {"loads": "feeders"}),
    ("forecast_days", {"load": "US-F000", "lead": "2"}),
]
ORDER = {
    "readings_hourly": "dt, meter_id, hour",
    "readings_by_direction": "dt, meter_id, start, direction",
    "readings_overlapped": "dt, meter_id, start, interval_s, direction",
    "readings_irregular": "dt, meter_id, hour, direction",
    "readings_latest": "dt, meter_id, start, interval_s, direction",
    "bills_issued": "agreement_id, cycle, version",
    "bill_lines_issued": "agreement_id, cycle, version, line",
    "loads_hourly": "series, hour",
    "forecasts_hourly": "series, readings_until, hour",
    "forecasts_daily": "series, readings_until, day",
}
QUERIES = sorted(path for room in ("dashboard", "analytics") for path in (ROOT / room / "queries").glob("*.sql"))


class Engines(NamedTuple):
    """Each answers a statement in Athena's dialect."""

    trino: Callable[[str], Answer]
    laptop: Callable[[str], Answer]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    state = tmp_path_factory.mktemp("state")
    children = ProcessGroup(state / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), state)
        cloud.wait_until_up(local, children)
        trino = trino_kit.start(children, tmp_path_factory.mktemp("trino"), local)
        keys = raw_config_parse(str(local.credentials))["default"]
        client: Any = partial(boto3.Session(region_name=cloud.REGION, **keys).client, endpoint_url=local.endpoint)
        s3 = client("s3")
        s3.create_bucket(Bucket=trino_kit.BUCKET, CreateBucketConfiguration={"LocationConstraint": cloud.REGION})
        trino_kit.make_tables(client("glue"))
        lake.fill(s3, trino_kit.BUCKET)
        cloud.wait_for(lambda: trino.answers("SELECT 1 FROM meters"), "Trino", children, limit_s=60)
        athena = client("athena")
        results = {"ResultConfiguration": {"OutputLocation": f"s3://{trino_kit.BUCKET}/athena/"}}
        athena.create_work_group(Name="analysts", Configuration=results)
        ask: Any = partial(run, work_group="analysts", database=trino_kit.DATABASE)
        yield Engines(trino=partial(ask, trino), laptop=lambda sql: ask(athena, to_duckdb(sql, views())))
    finally:
        children.stop()


def same(asked: Engines, sql: str) -> None:
    """Both engines give the same columns and the same rows, in the same order."""
    trino, laptop = asked.trino(sql), asked.laptop(sql)
    assert [column.name for column in trino.columns] == [column.name for column in laptop.columns]
    assert trino.rows, "a question that nothing answers shows nothing"
    assert len(trino.rows) == len(laptop.rows)
    unlike = [pair for pair in zip(trino.rows, laptop.rows, strict=True) if not all(map(_alike, *pair))]
    assert not unlike, f"{len(unlike)} of {len(trino.rows)} rows, the first: {unlike[0]}"


def _alike(left: Any, right: Any) -> bool:
    """Equal, in value and type; doubles up to the order in which an engine adds them."""
    if isinstance(left, float) and isinstance(right, float):
        return isclose(left, right, rel_tol=1e-12)
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("name", questions())
def test_a_question_has_the_same_answer(asked: Engines, name: str) -> None:
    same(asked, questions()[name].render({}, lake.NOW))


@pytest.mark.parametrize(("name", "values"), MORE, ids=lambda value: str(value))
def test_a_question_with_other_parameters_has_the_same_answer(
    asked: Engines, name: str, values: dict[str, str]
) -> None:
    same(asked, questions()[name].render(values, lake.NOW))


@pytest.mark.parametrize("view", views())
def test_a_view_has_the_same_rows(asked: Engines, view: str) -> None:
    columns = ORDER.get(view, "dt, meter_id, start, interval_s")
    same(asked, f"SELECT * FROM {view} WHERE dt BETWEEN '2026-10-24' AND '2026-11-04' ORDER BY {columns}")


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_that_the_code_sends_has_the_same_answer(asked: Engines, path: Any) -> None:
    sql = read(path).render({"station": "KSAC"} if path.stem == "daily_temperatures" else {}, lake.NOW)
    same(asked, sql if "ORDER BY" in sql else f"{sql} ORDER BY 1, 2")


def test_the_forecasts_have_the_same_hourly_loads(asked: Engines) -> None:
    days = [date(2026, 10, 24) + timedelta(days=number) for number in range(12)]
    trino, laptop = (read_days(lambda sql, ask=ask: ask(sql).rows, days) for ask in asked)  # type: ignore[misc]
    assert {one.series for one in trino} >= {"fleet", "feeder/US-F000", "feeder/US-F001"}
    assert trino == laptop


def test_the_forecasts_have_the_same_weather(asked: Engines) -> None:
    station = WeatherStation(station_id="KSAC", latitude=38.5, longitude=-121.5)
    trino, laptop = (
        StoredWeather(lambda sql, ask=ask: ask(sql).rows, lambda: {"KSAC": station}).of(  # type: ignore[misc]
            "fleet", lake.NOW - timedelta(days=30), lake.NOW
        )
        for ask in asked
    )
    assert len(trino.temperatures) == 3 * 48
    assert sorted(trino.temperatures) == sorted(laptop.temperatures)
