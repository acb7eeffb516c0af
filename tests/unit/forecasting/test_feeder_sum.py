"""The fleet's forecast as the sum of its feeders'."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, ForecastHour
from forecasting.feeder_sum import as_sum

FIRST = datetime(2026, 3, 28, 5, tzinfo=UTC)  # the clocks of Berlin go forward on the next day
BERLIN = ZoneInfo("Europe/Berlin")


def _forecast(series: str, values: list[int], first: datetime = FIRST, zone: ZoneInfo = BERLIN) -> Forecast:
    times = [(first + timedelta(hours=hour)).astimezone(zone) for hour in range(len(values))]
    rows = tuple(ForecastHour(time, float(wh), wh - 10.0, wh + 30.0) for time, wh in zip(times, values, strict=True))
    days = []
    for day in sorted({time.date() for time in times}):
        own = [row for row in rows if row.timestamp.date() == day]
        energy, peak = sum(row.value for row in own), max(own, key=lambda row: row.value)
        lead = (day - times[0].date()).days
        around = Bounds(energy - 50, energy + 50), Bounds(peak.value - 5, peak.value + 5)
        days.append(ForecastDay(day, len(own), energy, peak, 0.1, lead, *around))
    return Forecast(series, first, "profile", "few origins", 0.8, (), rows, readings_until=times[0], days=tuple(days))


def _parts(*forecasts: Forecast) -> list[tuple[str, Forecast | None]]:
    return [(one.series, one) for one in forecasts]


hours = st.lists(st.integers(-10_000_000, 10_000_000), min_size=50, max_size=50)


@given(hours, st.lists(hours, min_size=1, max_size=5))
def test_hours_and_days_add_up_exactly_negative_ones_too(fleet: list[int], feeders: list[list[int]]) -> None:
    parts = [_forecast(f"feeder/{number}", values) for number, values in enumerate(feeders)]
    found = as_sum(_forecast("fleet", fleet), _parts(*parts))
    assert found.feeders == len(parts)
    assert found.note == "few origins"
    for number, row in enumerate(found.rows):
        assert row.value == sum(part.rows[number].value for part in parts)
        assert (row.low, row.high) == (row.value - 10, row.value + 30)
    for number, day in enumerate(found.days):
        assert day.energy == sum(part.days[number].energy for part in parts)
        assert day.peak == max(
            (row for row in found.rows if row.timestamp.date() == day.day), key=lambda row: row.value
        )
        assert day.energy_interval == Bounds(day.energy - 50, day.energy + 50)
        assert day.peak_interval == Bounds(day.peak.value - 5, day.peak.value + 5)
    assert as_sum(found, _parts(*parts)) == found


def test_a_fleet_with_a_feeder_that_was_not_forecast_keeps_its_own_and_says_so() -> None:
    fleet = _forecast("fleet", [5] * 50)
    feeders = [("feeder/A", _forecast("feeder/A", [1] * 50)), *((f"feeder/{name}", None) for name in "BCDEF")]
    alone = as_sum(fleet, feeders)
    note = (
        "few origins; not the sum of the feeders: no forecast of this day for feeder/B, feeder/C, feeder/D and 2 more"
    )
    assert alone == msgspec.structs.replace(fleet, feeders=0, note=note)
    assert as_sum(alone, feeders) == alone
    late = _parts(*(_forecast(name, [2] * 50) for name, _ in feeders))
    assert as_sum(alone, late) == as_sum(fleet, late)


def test_a_feeder_whose_last_forecast_is_a_day_old_is_missing_and_one_without_readings_for_a_week_is_not_part() -> None:
    fleet, other = _forecast("fleet", [5] * 50), _forecast("feeder/A", [2] * 50)
    yesterday = _forecast("feeder/B", [3] * 50, FIRST - timedelta(days=1))
    gone = _forecast("feeder/B", [3] * 50, FIRST - timedelta(hours=50))
    assert as_sum(fleet, _parts(other, yesterday)).feeders == 0
    found = as_sum(fleet, _parts(other, gone))
    assert (found.feeders, {row.value for row in found.rows}) == (1, {2.0})


def test_hours_that_a_feeder_lacks_are_the_fleet_s_own() -> None:
    fleet = _forecast("fleet", [5] * 50)
    later = _forecast("feeder/A", [2] * 40, FIRST + timedelta(hours=3), ZoneInfo("Asia/Kathmandu"))
    found = as_sum(fleet, _parts(later))
    assert [row.value for row in found.rows] == [5] * 3 + [2] * 40 + [5] * 7
    assert found.note == "few origins; 10 of 50 hours are not the sum of the feeders"
    assert [day.energy for day in found.days] == [
        sum(row.value for row in found.rows if row.timestamp.date() == day.day) for day in found.days
    ]


def test_a_fleet_without_feeders_keeps_its_forecast() -> None:
    fleet = _forecast("fleet", [5] * 50)
    assert as_sum(fleet, []) == msgspec.structs.replace(fleet, feeders=0)
