"""How much of their rating feeders and transformers carry."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.network_loading import POWER_FACTOR, Loading, Peak, loadings, utc_days
from electrocloud.domain.forecast import ForecastHour
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.registry.records import Equipment
from tests.kits.examples import upload

DAY = date(2026, 11, 24)
ZONE = "America/Los_Angeles"  # midnight is 08:00 UTC
MIDNIGHT = int(datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp())
NOW = MIDNIGHT + 10 * 3600


def meter(meter_id: str, transformer: str = "T1", feeder: str = "F1") -> RegisteredMeter:
    return RegisteredMeter(meter_id, 38.5, -121.5, feeder, "home", "flat", ZONE, transformer=transformer)


def rating(name: str, kva: float, kind: Any = "transformer", **parts: Any) -> Equipment:
    return Equipment(equipment_id=name, kind=kind, rating_kva=kva, **parts)


def hourly(wh: list[int], day: date = DAY) -> MeterDay:
    found = MeterDay(day)
    found.merge(upload(day=day, wh=wh, interval_s=3600))
    return found


def of(name: str, found: list[Loading]) -> Loading:
    return next(one for one in found if one.name == name)


def test_the_peak_of_the_local_day_is_the_hour_in_which_all_meters_together_draw_most() -> None:
    one, other = [0] * 24, [0] * 24
    one[7], other[7] = 90_000, 90_000  # 23:00 of the day before, there
    one[10], other[10] = 10_000, 9_000
    one[12], other[13] = 15_000, 16_000
    days = [("a", hourly(one)), ("b", hourly(other))]

    found = of("T1", loadings([meter("a"), meter("b")], [rating("T1", 25)], {}, days, {}, NOW))

    assert found.today == Peak(MIDNIGHT + 2 * 3600, 19 / POWER_FACTOR)
    assert found.today_share == pytest.approx(19 / POWER_FACTOR / 25)


def test_now_is_of_the_meters_that_report_and_says_how_many_do() -> None:
    found = of("T1", loadings([meter("a"), meter("b")], [rating("T1", 10)], {"a": 9_500.0}, [], {}, NOW))
    assert (found.now_kva, found.reporting, found.meters) == (pytest.approx(10), 1, 2)
    assert found.now_share == pytest.approx(1)
    assert found.today is None


def test_a_load_of_which_no_meter_reports_is_not_known() -> None:
    found = of("T1", loadings([meter("a"), meter("b")], [rating("T1", 10)], {}, [], {}, NOW))
    assert (found.now_kva, found.reporting, found.highest_share) == (None, 0, None)


def test_export_that_flows_back_loads_a_transformer_too() -> None:
    day = hourly([0] * 24)
    day.merge(upload(day=DAY, wh=[19_000], first=20, interval_s=3600, direction="received"))
    found = of("T1", loadings([meter("a")], [rating("T1", 25)], {}, [("a", day)], {}, NOW))
    assert found.today == Peak(MIDNIGHT + 12 * 3600, pytest.approx(20))


def test_the_peak_of_tomorrow_is_of_the_feeder_s_forecast_hours_of_that_local_day() -> None:
    begin = datetime.fromtimestamp(MIDNIGHT, UTC)
    rows = [ForecastHour(begin + timedelta(hours=hour), 1_000.0 * hour, 0, 0) for hour in (5, 24, 30, 47, 48)]

    found = loadings([meter("a")], [rating("F1", 100, "feeder"), rating("T1", 25)], {}, [], {"F1": rows}, NOW)

    assert of("F1", found).tomorrow == Peak(MIDNIGHT + 47 * 3600, 47 / POWER_FACTOR)
    assert of("T1", found).tomorrow is None


def test_the_rating_is_that_of_the_day_and_without_one_there_is_no_share() -> None:
    upgraded = [rating("T1", 10, end=DAY), rating("T1", 50, first=DAY), rating("T2", 5, first=DAY + timedelta(days=1))]
    found = loadings([meter("a"), meter("b", "T2")], upgraded, {"a": 9_500.0, "b": 9_500.0}, [], {}, NOW)
    assert of("T1", found).now_share == pytest.approx(0.2)
    assert (of("T2", found).rating_kva, of("T2", found).now_share) == (None, None)
    assert of("F1", found).rating_kva is None


def test_a_transformer_stands_where_the_registry_says_or_amid_its_meters() -> None:
    placed = rating("T1", 10, latitude=38.0, longitude=-121.0)
    found = loadings([meter("a"), meter("b", "T2")], [placed], {}, [], {}, NOW)
    assert (of("T1", found).latitude, of("T1", found).longitude) == (38.0, -121.0)
    assert (of("T2", found).latitude, of("T2", found).longitude) == (38.5, -121.5)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**6)))
def test_a_feeder_carries_what_its_transformers_carry(power: dict[str, int]) -> None:
    meters = [meter(name, f"T{number % 3}") for number, name in enumerate("abcdef")]
    found = loadings(meters, [], {name: float(value) for name, value in power.items()}, [], {}, NOW)
    carried = sum(one.now_kva or 0 for one in found if one.kind == "transformer")
    assert (of("F1", found).now_kva or 0) == pytest.approx(carried)


def test_a_local_day_is_read_from_the_utc_days_that_it_has_a_part_of() -> None:
    assert utc_days([meter("a")], NOW) == [DAY]
    assert utc_days([meter("a")], MIDNIGHT + 20 * 3600) == [DAY, DAY + timedelta(days=1)]


def test_without_meters_there_is_nothing() -> None:
    assert loadings([], [rating("T1", 5)], {}, [], {}, NOW) == []
