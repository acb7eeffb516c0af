"""Forecasts from the history to the table, on AWS in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from forecasting.history import History, histories
from forecasting.job import update_forecasts
from forecasting.meters import meter_histories, month_ends, suspects
from tests.integration.conftest import Aws
from tests.kits.examples import upload
from tests.unit.forecasting.test_month_end import TARIFF

NOW = datetime(2025, 11, 11, tzinfo=UTC)
HOURS = 24 * 10
BERLIN = "Europe/Berlin"


@pytest.fixture
def store(aws: Aws) -> Forecasts:
    return Forecasts(aws.dynamodb, "forecasts")


def _history(hours: int) -> History:
    start = int(NOW.timestamp()) - HOURS * 3600
    return History(
        [start + hour * 3600 for hour in range(hours)], [100 + hour % 24 for hour in range(hours)], [4] * hours
    )


def _keep(store: Forecasts, hours: int) -> list[Forecast]:
    return list(update_forecasts({"fleet": _history(hours)}, BERLIN, store, NOW))


def test_a_stored_forecast_equals_the_one_made(store: Forecasts) -> None:
    *_, made = _keep(store, HOURS)
    assert store.newest("fleet") == [made]
    assert made.rows[0].timestamp == NOW
    assert len(made.rows) == 24
    assert store.newest("feeder/DE-F000") == []


def test_a_new_series_gets_forecasts_of_past_days_from_data_known_then(store: Forecasts) -> None:
    history, changed = _history(HOURS), _history(HOURS)
    changed.wh[-24:] = [7] * 24  # the last day came otherwise than expected
    made = list(update_forecasts({"fleet": history}, BERLIN, store, NOW))
    assert [one.rows[0].timestamp for one in made] == [NOW - timedelta(days=back) for back in (3, 2, 1, 0)]
    assert [one.actuals is not None for one in made] == [True, True, True, False]
    again = list(update_forecasts({"other": changed}, BERLIN, store, NOW))
    assert [one.rows for one in again][:3] == [one.rows for one in made][:3]
    assert again[2].actuals != made[2].actuals


def test_a_new_series_of_two_days_has_no_forecasts_of_days_before(store: Forecasts) -> None:
    assert len(_keep(store, 49)) == 1


def test_the_next_forecast_is_due_when_the_hours_of_the_last_have_passed_and_scores_it(store: Forecasts) -> None:
    _keep(store, HOURS)
    assert _keep(store, HOURS + 23) == []
    assert len(_keep(store, HOURS + 24)) == 1
    newest, before = store.newest("fleet", 2)
    assert newest.rows[0].timestamp == NOW + timedelta(days=1)
    assert newest.actuals is None
    assert before.actuals is not None
    assert before.actuals.wape == pytest.approx(0)
    assert before.actuals.coverage == 1


def test_an_hour_in_which_too_few_meters_reported_is_a_gap(store: Forecasts) -> None:
    history = _history(HOURS)
    history.meters[50] = 3
    load = history.load(BERLIN)
    assert np.flatnonzero(np.isnan(load.values)).tolist() == [50]


def test_the_fleet_is_the_sum_of_its_feeders_and_of_meters_on_none() -> None:
    hour = datetime(2025, 11, 1)
    rows: list[tuple[Any, ...]] = [("F0", hour, 10, 2), ("F1", hour, 5, 1), ("", hour, 1, 1)]
    found = histories(lambda sql: rows, NOW)
    assert found["fleet"] == History([int(hour.replace(tzinfo=UTC).timestamp())], [16], [4])
    assert found["feeder/F1"].wh == [5]
    assert set(found) == {"fleet", "feeder/F0", "feeder/F1"}


def test_month_ends_are_forecast_stored_and_replaced(store: Forecasts) -> None:
    days = [_day(NOW - timedelta(days=back)) for back in range(20, 0, -1)]
    meters = [RegisteredMeter(name, 0.0, 0.0, "F", "home", "flat", BERLIN) for name in ("a", "b", "new")]
    known = list(meter_histories(meters, {"flat": TARIFF}, lambda meter, _: [] if meter == "new" else days, NOW))
    ends = list(month_ends(known, NOW))
    store.put_month_ends([msgspec.structs.replace(ends[0], meter_id=f"m{number}") for number in range(30)])
    store.put_month_ends(ends)
    store.put_month_ends(ends)
    assert store.month_end("m29", "2025-11") is not None
    assert [end.meter_id for end in ends] == ["a", "b"]
    kept = store.month_end("a", "2025-11")
    assert isinstance(kept, MonthEnd)
    assert kept == ends[0]
    assert kept.energy_kwh.value == pytest.approx(720, abs=1)  # a kilowatt throughout
    assert store.month_end("new", "2025-11") is None


def test_the_month_ends_of_more_meters_than_one_call_may_ask_for_are_all_found(store: Forecasts) -> None:
    days = [_day(NOW - timedelta(days=back)) for back in range(20, 0, -1)]
    meter = RegisteredMeter("a", 0.0, 0.0, "F", "home", "flat", BERLIN)
    (end,) = month_ends(list(meter_histories([meter], {"flat": TARIFF}, lambda *_: days, NOW)), NOW)
    names = [f"m{number:03d}" for number in range(130)]
    store.put_month_ends([msgspec.structs.replace(end, meter_id=name) for name in names])
    found = store.month_ends([*names, "never"], "2025-11")
    assert sorted(one.meter_id for one in found) == names
    assert store.month_ends(names, "2025-12") == []


def test_a_deployment_without_readings_has_nothing_to_forecast(store: Forecasts) -> None:
    assert list(update_forecasts(histories(lambda _: [], NOW), BERLIN, store, NOW)) == []


def test_the_suspects_of_a_run_replace_the_previous_ones(store: Forecasts) -> None:
    homes = [RegisteredMeter(name, 0.0, 0.0, "F", "home", "flat", BERLIN) for name in ("a", "b")]

    def found(spiking: str) -> list[Suspect]:
        def days_of(meter_id: str, _: datetime) -> list[MeterDay]:
            usual, spike = list(range(1000, 1024)), [*range(1000, 1023), 90_000]
            spikes = meter_id == spiking
            return [_day(NOW - timedelta(back), spike if spikes and back == 2 else usual) for back in range(35, 0, -1)]

        return list(suspects(meter_histories(homes, {"flat": TARIFF}, days_of, NOW)))

    store.replace_suspects(found("a"))
    (first,) = store.suspects()
    assert (first.meter_id, first.kind) == ("a", "high")
    assert datetime.fromtimestamp(first.start, UTC) == NOW - timedelta(days=1, hours=1)
    assert first.end - first.start == 3600
    store.replace_suspects(found("b"))
    assert [one.meter_id for one in store.suspects()] == ["b"]
    store.replace_suspects([])
    assert store.suspects() == []


def _day(moment: datetime, wh: Sequence[int] = (1000,) * 24) -> MeterDay:
    day = MeterDay(moment.date())
    day.merge(upload(meter_id="a", day=moment.date(), wh=wh, interval_s=3600))
    return day
