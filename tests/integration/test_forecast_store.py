"""Forecasts from the history to the table, on AWS in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import SeriesLoad
from electrocloud.domain.billing.service import Service
from electrocloud.domain.forecast import Errors, Forecast, MonthEnd
from electrocloud.domain.hourly_load import HourlyLoad, LoadHour
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.services.fixed_services import FixedServices
from forecasting.load import clock_load
from forecasting.meters import meter_histories, month_ends, update_meters
from forecasting.series import actual_errors, update_series
from tests.integration.conftest import Aws
from tests.kits.examples import upload
from tests.unit.forecasting.test_month_end import TARIFF

NOW = datetime(2025, 11, 11, tzinfo=UTC)
HOURS = 24 * 10
BERLIN = "Europe/Berlin"


@pytest.fixture
def store(aws: Aws) -> Forecasts:
    return Forecasts(aws.dynamodb, "forecasts")


def _load(hours: int, meters: int = 4) -> HourlyLoad:
    """A load whose days repeat; `meters` reported the last of its days."""
    start = int(NOW.timestamp()) - HOURS * 3600
    return HourlyLoad(
        LoadHour(start + hour * 3600, 100 + hour % 24, 4 if hour < hours - 24 else meters) for hour in range(hours)
    )


def _update(store: Forecasts, load: HourlyLoad, series: str = "fleet") -> list[Forecast]:
    return list(update_series(series, SeriesLoad(load, BERLIN), store, NOW))


def test_a_forecast_is_stored_as_it_was_made(store: Forecasts) -> None:
    *_, made = _update(store, _load(HOURS))
    assert store.newest("fleet") == [made]
    assert made.rows[0].timestamp == NOW
    assert len(made.rows) == 24
    assert store.newest("feeder/DE-F000") == []


def test_a_new_series_gets_forecasts_for_the_days_before_from_what_was_known_then(store: Forecasts) -> None:
    load = _load(HOURS)
    last_day = [hour._replace(wh=7) for hour in load.hours[-24:]]  # it came otherwise than expected
    changed = HourlyLoad([*load.hours[:-24], *last_day])
    made = _update(store, load)
    assert [one.rows[0].timestamp for one in made] == [NOW - timedelta(days=back) for back in (3, 2, 1, 0)]
    assert [one.actuals is not None for one in made] == [True, True, True, False]
    again = _update(store, changed, "other")
    assert [one.rows for one in again][:3] == [one.rows for one in made][:3]
    assert again[2].actuals != made[2].actuals


def test_a_new_series_of_two_days_has_no_forecasts_for_days_before(store: Forecasts) -> None:
    assert len(_update(store, _load(49))) == 1


def test_the_next_forecast_is_due_when_the_hours_of_the_last_have_passed_and_judges_it(store: Forecasts) -> None:
    _update(store, _load(HOURS))
    assert _update(store, _load(HOURS + 23)) == []
    assert len(_update(store, _load(HOURS + 24))) == 1
    newest, before = store.newest("fleet", 2)
    assert newest.rows[0].timestamp == NOW + timedelta(days=1)
    assert newest.actuals is None
    assert before.actuals is not None
    assert before.actuals.wape == pytest.approx(0)
    assert before.actuals.coverage == 1


def test_running_it_again_changes_nothing(store: Forecasts) -> None:
    _update(store, _load(HOURS + 24))
    before = store.newest("fleet", 9)
    assert _update(store, _load(HOURS + 24)) == []
    assert store.newest("fleet", 9) == before


def test_a_forecast_is_judged_only_when_all_of_its_hours_are_complete_however_late_that_is(store: Forecasts) -> None:
    _update(store, _load(HOURS))
    late = HOURS + 24
    _update(store, _load(late, meters=1))  # a quarter of the meters: the next forecast is made, the last one not judged
    newest, before = store.newest("fleet", 2)
    assert newest.rows[0].timestamp == NOW + timedelta(days=1)
    assert before.actuals is None
    _update(store, _load(late))
    _, before = store.newest("fleet", 2)
    assert before.actuals is not None
    assert before.actuals.wape == pytest.approx(0)


def test_errors_that_were_stored_too_early_are_withdrawn_until_the_hours_are_complete(store: Forecasts) -> None:
    _update(store, _load(HOURS))
    store.put(msgspec.structs.replace(store.newest("fleet")[0], actuals=Errors(2.33, 9.0, 0.0)))
    _update(store, _load(HOURS + 24, meters=3))
    assert store.newest("fleet", 2)[1].actuals is None


def test_one_incomplete_hour_of_a_forecast_leaves_it_unjudged(store: Forecasts) -> None:
    *_, made = _update(store, _load(HOURS))
    hours = list(_load(HOURS + 24).hours)
    hours[-5] = hours[-5]._replace(wh=20, meters=1)
    load = HourlyLoad(hours)
    assert np.flatnonzero(np.isnan(clock_load(load, BERLIN).values)).tolist() == [len(hours) - 5]
    assert actual_errors(made, load, None) is None


def test_hours_that_are_incomplete_for_a_week_are_not_forecast_over(store: Forecasts) -> None:
    hours = [hour if number < 48 else hour._replace(meters=1) for number, hour in enumerate(_load(HOURS).hours)]
    load = HourlyLoad(hours[: 48 + 160])
    assert load.end not in [one.rows[0].timestamp.timestamp() for one in _update(store, load)]


def test_month_ends_are_forecast_stored_and_replaced(store: Forecasts) -> None:
    days = [_day(NOW - timedelta(days=back)) for back in range(20, 0, -1)]
    known = meter_histories(["a", "b", "new", "unknown"], MemoryFleet({"a": days, "b": days, "new": []}), NOW)
    ends = list(month_ends(list(known), NOW))
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
    (end,) = month_ends(list(meter_histories(["a"], MemoryFleet({"a": days}), NOW)), NOW)
    names = [f"m{number:03d}" for number in range(130)]
    store.put_month_ends([msgspec.structs.replace(end, meter_id=name) for name in names])
    found = store.month_ends([*names, "never"], "2025-11")
    assert sorted(one.meter_id for one in found) == names
    assert store.month_ends(names, "2025-12") == []


def test_a_series_without_readings_has_nothing_to_forecast(store: Forecasts) -> None:
    assert _update(store, HourlyLoad([])) == []


def test_the_suspects_of_a_run_take_the_place_of_the_same_meters_before(store: Forecasts) -> None:
    usual, spike = list(range(1000, 1024)), [*range(1000, 1023), 90_000]

    def days(spiking: bool) -> list[MeterDay]:
        return [_day(NOW - timedelta(back), spike if spiking and back == 2 else usual) for back in range(35, 0, -1)]

    update_meters(["a", "b"], MemoryFleet({"a": days(spiking=True), "b": days(spiking=False)}), store, NOW)
    (first,) = store.suspects()
    assert (first.meter_id, first.kind) == ("a", "high")
    assert datetime.fromtimestamp(first.start, UTC) == NOW - timedelta(days=1, hours=1)
    assert first.end - first.start == 3600
    update_meters(["b"], MemoryFleet({"b": days(spiking=True)}), store, NOW)
    assert [one.meter_id for one in store.suspects()] == ["a", "b"]
    update_meters(["a"], MemoryFleet({"a": days(spiking=False)}), store, NOW)
    assert [one.meter_id for one in store.suspects()] == ["b"]


class MemoryFleet:
    """Meters with their days, all but `unknown` with a flat rate."""

    def __init__(self, days: dict[str, list[MeterDay]]) -> None:
        self._days = days

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        return FixedServices(lambda ids: {one: TARIFF for one in ids if one in self._days}).services_of(meter_ids)

    def days(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        return [day for day in self._days[meter_id] if first <= day.day <= last]


def _day(moment: datetime, wh: Sequence[int] = (1000,) * 24) -> MeterDay:
    day = MeterDay(moment.date())
    day.merge(upload(meter_id="a", day=moment.date(), wh=wh, interval_s=3600))
    return day
