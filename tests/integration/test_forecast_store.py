"""Forecasts from the history to the table, on AWS in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import SeriesLoad
from electrocloud.domain.billing.service import Service
from electrocloud.domain.forecast import ActualDay, Errors, Forecast, ForecastWeather, MonthEnd, errors_by_lead
from electrocloud.domain.hourly_load import HourlyLoad, LoadHour
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.weather import Temperature
from electrocloud.services.fixed_services import FixedServices
from forecasting.learned import Learned, learn
from forecasting.load import Load, clock_load
from forecasting.meters import meter_histories, month_ends, update_meters
from forecasting.series import JUDGED, judge, update_series
from forecasting.stored_weather import SeriesWeather
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
    return update_series(series, SeriesLoad(load, BERLIN), store, NOW).made


def test_a_forecast_is_stored_as_it_was_made(store: Forecasts) -> None:
    *_, made = _update(store, _load(HOURS))
    assert store.newest("fleet") == [made]
    assert made.rows[0].timestamp == NOW
    assert [(day.lead, day.hours) for day in made.days] == [(0, 23), *((lead, 24) for lead in range(1, 8))]
    assert made.rows[-1].timestamp.isoformat() == "2025-11-18T23:00:00+01:00"
    assert store.newest("feeder/DE-F000") == []


def test_a_new_series_gets_forecasts_for_the_days_before_from_what_was_known_then(store: Forecasts) -> None:
    load = _load(HOURS)
    last_day = [hour._replace(wh=7) for hour in load.hours[-24:]]  # it came otherwise than expected
    changed = HourlyLoad([*load.hours[:-24], *last_day])
    made = _update(store, load)
    assert [one.rows[0].timestamp for one in made] == [NOW - timedelta(days=back) for back in (3, 2, 1, 0)]
    assert [[day.actual is not None for day in one.days].count(True) for one in made] == [3, 2, 1, 0]
    again = _update(store, changed, "other")
    assert [one.rows for one in again][:3] == [one.rows for one in made][:3]
    assert again[2].days[0].actual != made[2].days[0].actual


def _heated(days: int) -> tuple[HourlyLoad, list[Temperature]]:
    """A load that follows a temperature from day to day, and that with its forecast of eight days."""
    start = int(NOW.timestamp()) - days * 24 * 3600
    daily = np.random.default_rng(3).normal(size=days + 9) * 5
    celsius = [5 + float(daily[hour // 24]) for hour in range((days + 9) * 24)]
    load = HourlyLoad(
        LoadHour(start + hour * 3600, round(1000 + hour % 24 * 10 - 40 * celsius[hour]), 4) for hour in range(days * 24)
    )
    at = int(NOW.timestamp())
    times = (start + hour * 3600 for hour in range(len(celsius)))
    issued = (0 if time < at else at - 3600 for time in times)
    records = zip(range(len(celsius)), celsius, issued, strict=True)
    return load, [Temperature("S", start + hour * 3600, value, when) for hour, value, when in records]


def test_a_forecast_is_made_with_weather_and_without_it_where_it_is_missing(store: Forecasts) -> None:
    load, temperatures = _heated(80)

    def update(load: HourlyLoad, known: Sequence[Temperature]) -> Forecast:
        return update_series("feeder/F", SeriesLoad(load, BERLIN), store, NOW, None, lambda: SeriesWeather(known)).made[
            -1
        ]

    made = update(load, temperatures)
    assert "weather" in made.model
    assert made.note == ""
    assert made.weather == ForecastWeather(("S",), NOW - timedelta(hours=1))
    assert store.newest("feeder/F") == [made]
    *_, last = load.hours
    later = HourlyLoad([*load.hours, *(LoadHour(last.start + hour * 3600, 1000, 4) for hour in range(1, 25))])
    without = update(later, [one for one in temperatures if one.time < NOW.timestamp()])
    assert "weather" not in {part for score in without.candidates for part in score.model.split(" + ")}
    assert "made without weather: the temperatures end" in without.note
    assert without.weather is None


def test_a_new_series_of_two_days_has_no_forecasts_for_days_before(store: Forecasts) -> None:
    assert len(_update(store, _load(49))) == 1


def test_the_next_forecast_is_due_when_readings_of_another_day_have_come(store: Forecasts) -> None:
    _update(store, _load(HOURS))  # until 01:00 in Berlin
    assert _update(store, _load(HOURS + 23)) == []
    (made,) = _update(store, _load(HOURS + 24))
    newest, before = store.newest("fleet", 2)
    assert newest == made
    assert newest.rows[0].timestamp == NOW + timedelta(days=1)
    assert [day.actual is not None for day in newest.days] == [False] * 8
    assert [day.actual is not None for day in before.days] == [True, *[False] * 7]
    actual = before.days[0].actual
    assert actual is not None
    assert actual.wape == pytest.approx(0)
    assert (actual.energy, actual.peak, actual.coverage) == (sum(100 + hour for hour in range(23)), 122, 1)
    assert actual.peak_at == before.days[0].peak.timestamp == NOW + timedelta(hours=22)


def test_a_whole_forecast_is_judged_once_its_last_day_is_complete(store: Forecasts) -> None:
    _update(store, _load(HOURS))
    _update(store, _load(HOURS + 8 * 24 - 2))
    assert [one.actuals is None for one in store.newest("fleet", 2)] == [True, True]
    _update(store, _load(HOURS + 8 * 24))
    before = store.newest("fleet", 3)[2]
    assert before.actuals is not None
    assert before.actuals.wape == pytest.approx(0)
    assert before.actuals.coverage == 1


def test_errors_are_kept_by_how_many_days_ahead_a_day_was(store: Forecasts) -> None:
    for day in range(8):
        _update(store, _load(HOURS + 24 * day))
    errors = errors_by_lead(store.newest("fleet", 20))
    assert [(one.lead, one.days) for one in errors] == [(0, 10), (1, 9), (2, 8), (3, 7), (4, 6), (5, 5), (6, 4), (7, 3)]
    assert all(one.wape == one.energy == one.peak == pytest.approx(0) for one in errors)
    assert all(one.peak_hours == 0 and one.coverage == 1 for one in errors)


def test_the_next_day_is_forecast_by_what_the_last_backtest_found(
    store: Forecasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def counted(load: Load, horizon: int) -> Learned | None:
        runs.append(load.end)
        return learn(load, horizon)

    monkeypatch.setattr("forecasting.series.learn", counted)
    long = 24 * 80
    load = HourlyLoad(
        LoadHour(int(NOW.timestamp()) + (hour - long) * 3600, 100 + hour % 24, 4) for hour in range(long + 9 * 24)
    )
    _update(store, load.until(int(NOW.timestamp())))
    assert len(runs) == 1  # one for the days before and the next
    for day in range(1, 10):
        _update(store, load.until(int(NOW.timestamp()) + day * 86_400))
    assert len(runs) == 2 + (9 + 3) // 7 - 1


def test_another_weather_station_leads_to_a_new_backtest_at_once(
    store: Forecasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[tuple[str, ...]] = []

    def counted(load: Load, horizon: int) -> Learned | None:
        runs.append(load.weather.stations if load.weather else ())
        return learn(load, horizon)

    monkeypatch.setattr("forecasting.series.learn", counted)
    load, temperatures = _heated(80)
    other = [one._replace(station_id="T") for one in temperatures]
    starts = [load.complete_until - back * 86_400 for back in (2, 1, 0)]
    for until, known in zip(starts, (temperatures, temperatures, other), strict=True):
        past = SeriesLoad(load.until(until), BERLIN)
        update_series("feeder/F", past, store, NOW, None, lambda known=known: SeriesWeather(known))  # type: ignore[misc]
    assert runs[-2:] == [("S",), ("T",)]
    assert runs.count(("S",)) == 1


def test_documents_of_earlier_versions_are_read_and_judged_as_a_whole(store: Forecasts) -> None:
    *_, made = _update(store, _load(HOURS))
    document = msgspec.to_builtins(made)
    for name in ("readings_until", "days"):
        del document[name]
    document["rows"] = document["rows"][:24]
    old = msgspec.convert(document, Forecast, strict=False)
    store.put(old)
    assert store.newest("fleet") == [old]
    _update(store, _load(HOURS + 24))
    newest, before = store.newest("fleet", 2)
    assert before.actuals is not None
    assert before.actuals.wape == pytest.approx(0)
    assert len(newest.days) == 8
    assert errors_by_lead([before]) == []


def test_running_it_again_changes_nothing(store: Forecasts) -> None:
    _update(store, _load(HOURS + 24))
    before = store.newest("fleet", 9)
    assert _update(store, _load(HOURS + 24)) == []
    assert store.newest("fleet", 9) == before


def test_a_day_is_judged_only_when_all_of_its_hours_are_complete_however_late_that_is(store: Forecasts) -> None:
    _update(store, _load(HOURS))
    late = HOURS + 24
    assert _update(store, _load(late, meters=1)) == []  # a quarter of the meters are no reading of another day
    assert store.newest("fleet")[0].days[0].actual is None
    assert len(_update(store, _load(late))) == 1
    actual = store.newest("fleet", 2)[1].days[0].actual
    assert actual is not None
    assert actual.wape == pytest.approx(0)


def test_an_update_returns_the_newest_forecasts_as_they_are_stored(store: Forecasts) -> None:
    for hours in (HOURS, HOURS + 23, HOURS + 24):  # a new series, one with nothing to do, and the next day
        newest = update_series("fleet", SeriesLoad(_load(hours), BERLIN), store, NOW).newest
        assert newest == store.newest("fleet", JUDGED)
    assert newest[1].days[0].actual is not None


def test_errors_that_were_stored_too_early_are_withdrawn_until_the_hours_are_complete(store: Forecasts) -> None:
    _update(store, _load(HOURS))
    made = store.newest("fleet")[0]
    early = ActualDay(1.0, 1.0, NOW, 1.0, 1.0, 0.0)
    days = (msgspec.structs.replace(made.days[0], actual=early), *made.days[1:])
    store.put(msgspec.structs.replace(made, actuals=Errors(2.33, 9.0, 0.0), days=days))
    _update(store, _load(HOURS + 24, meters=3))
    assert store.newest("fleet") == [made]


def test_one_incomplete_hour_of_a_forecast_leaves_it_unjudged(store: Forecasts) -> None:
    *_, made = _update(store, _load(HOURS))
    hours = list(_load(HOURS + 24).hours)
    hours[-5] = hours[-5]._replace(wh=20, meters=1)
    load = HourlyLoad(hours)
    assert np.flatnonzero(np.isnan(clock_load(load, BERLIN).values)).tolist() == [len(hours) - 5]
    judged = judge(made, load, None)
    assert judged.actuals is None
    assert [day.actual for day in judged.days] == [None] * 8


def test_a_forecast_begins_where_the_complete_hours_end(store: Forecasts) -> None:
    hours = [hour if number < 120 else hour._replace(meters=1) for number, hour in enumerate(_load(HOURS).hours)]
    *_, made = _update(store, HourlyLoad(hours[: 120 + 24]))
    assert made.rows[0].timestamp.timestamp() == hours[120].start
    assert made.readings_until == made.rows[0].timestamp


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


def test_a_register_that_repeats_quarter_hours_is_stuck_in_the_hours_that_it_touches(store: Forecasts) -> None:
    quarters = np.random.default_rng(1).integers(100, 900, (35, 96))
    quarters[:, ::2] += 1000  # no two in a row are equal
    quarters[-2, 42:50] = quarters[-2, 42]  # from 10:30 to 12:30 UTC
    days = [_day(NOW - timedelta(days=35 - row), wh.tolist(), 900) for row, wh in enumerate(quarters)]
    update_meters(["a"], MemoryFleet({"a": days}), store, NOW)
    (found,) = store.suspects()
    assert (found.kind, found.end - found.start) == ("stuck", 3 * 3600)
    assert datetime.fromtimestamp(found.start, UTC) == NOW - timedelta(days=2) + timedelta(hours=10)


class MemoryFleet:
    """Meters with their days, all but `unknown` with a flat rate."""

    def __init__(self, days: dict[str, list[MeterDay]]) -> None:
        self._days = days

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        return FixedServices(lambda ids: {one: TARIFF for one in ids if one in self._days}).services_of(meter_ids)

    def days(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        return [day for day in self._days[meter_id] if first <= day.day <= last]


def _day(moment: datetime, wh: Sequence[int] = (1000,) * 24, interval_s: int = 3600) -> MeterDay:
    day = MeterDay(moment.date())
    day.merge(upload(meter_id="a", day=moment.date(), wh=wh, interval_s=interval_s))
    return day
