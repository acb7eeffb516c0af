"""The Live page: the fleet now, its last 24 hours, its map, and escaped text."""

import html
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import charts
from dashboard.fleet import Fleet, OlderDays, feeders_of, fleet_of, silent_for
from dashboard.live import fleet_map
from dashboard.live.curve import BEFORE, DAY_S, EXPORT, NOW, WEEK_S, end_of_step, last_day, power_by_step
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from presentation import units
from tests.kits.examples import upload

MIDNIGHT = 1_795_478_400  # 2026-11-24 UTC


def registered(meter_id: str, feeder: str = "F1", lat: float = 51.53, lon: float = 9.93) -> RegisteredMeter:
    return RegisteredMeter(meter_id, lat, lon, feeder, "home", "flat", "Europe/Berlin")


def day(of: date = date(2026, 11, 24), **parts: Any) -> MeterDay:
    meter_day = MeterDay(of)
    meter_day.merge(upload(day=of, **parts))
    return meter_day


def ended(hours: float, wh: int = 1) -> MeterDay:
    """A day whose last reading of 15 minutes ended this long before 2026-11-24."""
    end = datetime(2026, 11, 24) - timedelta(hours=hours)
    midnight = datetime(end.year, end.month, end.day)
    return day(of=end.date(), wh=[1] * (int((end - midnight).total_seconds()) // 900 - 1) + [wh])


def fleet(**days: MeterDay) -> Fleet:
    found = fleet_of([registered(name) for name in "abc"], days)
    assert found
    return found


def test_the_fleet_s_clock_is_the_end_of_its_newest_reading() -> None:
    assert fleet(a=day(wh=[100]), b=day(wh=[100, 200])).now == MIDNIGHT + 1_800


def test_the_fleet_s_power_sums_the_latest_readings_of_meters_that_are_not_silent() -> None:
    # a: 400 Wh in 15 min; b, an hourly meter, lags by less than its hour; c has never reported
    assert fleet(a=day(wh=[1, 1, 1, 400]), b=day(wh=[500], interval_s=3600)).power_w == 1_600 + 500


def test_a_daily_meter_is_silent_after_a_day_and_two_hours() -> None:
    now = fleet(a=day(wh=[1, 1]), b=ended(25.5), c=ended(25.75))  # 26 h and 26 h 15 min before the newest reading
    assert dict(zip(now.meters["meter_id"], now.meters["silent"], strict=True)) == {"a": False, "b": False, "c": True}


def test_a_fleet_that_uploads_once_a_day_reports_wholly_while_the_next_day_s_uploads_come() -> None:
    now = fleet(a=ended(0.25, wh=100), b=ended(24.25, wh=200), c=ended(24.5, wh=300))
    assert now.reporting == 3
    assert now.power_w == 4 * (100 + 200 + 300)


def test_a_meter_that_is_expected_every_hour_is_silent_after_three() -> None:
    hourly = registered("b")._replace(upload_every_s=3600)
    for hours, silent in ((2.5, False), (2.75, True)):  # 3 h and 3 h 15 min before the newest reading
        now = fleet_of([registered("a"), hourly], {"a": day(wh=[1, 1]), "b": ended(hours)})
        assert now
        assert now.meters.set_index("meter_id").loc["b", "silent"] == silent


def test_a_meter_that_has_never_reported_is_silent() -> None:
    assert fleet(a=day(wh=[1])).meters.set_index("meter_id").loc["c", "silent"]


def test_of_meters_without_recent_readings_a_few_at_a_time_are_asked_for_their_newest_day() -> None:
    asked: list[str] = []
    stored = {"a": ended(100), "c": ended(80)}

    def read(meter_ids: Collection[str]) -> dict[str, MeterDay]:
        asked.extend(meter_ids)
        return {meter_id: stored[meter_id] for meter_id in meter_ids if meter_id in stored}

    older = OlderDays(read, most=2)
    assert older.of("abc") == {"a": stored["a"], "b": None}
    assert older.of("abc") == {"a": stored["a"], "b": None, "c": stored["c"]}
    stored["b"] = ended(60)
    older.of("abc")
    assert older.of("abc") == stored
    assert asked == ["a", "b", "c", "a", "b", "c", "a", "b"]
    assert older.of("b") == {"b": stored["b"]}


def test_a_meter_that_was_last_read_four_days_ago_has_reported_and_is_silent_since_then() -> None:
    now = fleet_of([registered(name) for name in "abc"], {"a": day(wh=[1]), "b": ended(96)}, not_asked={"c"})
    assert now
    rows = now.meters.set_index("meter_id")
    texts = {name: silent_for(rows.loc[name, "silent_s"], asked=rows.loc[name, "asked"]) for name in "bc"}
    assert texts == {"b": "4 d", "c": "More than 1 d"}
    assert silent_for(float("nan"), asked=True) == "Never reported"


def test_a_fleet_without_a_reading_is_none() -> None:
    assert fleet_of([registered("a")], {}) is None


def test_a_feeder_sums_its_meters_power_and_counts_silent_meters() -> None:
    days = {"a": day(wh=[1, 1, 250]), "b": ended(26, wh=999), "c": day(wh=[1, 1, 25])}
    two = fleet_of([registered("a"), registered("b"), registered("c", feeder="F2")], days)
    assert two
    rows = feeders_of(two).set_index("feeder")
    assert rows["power_w"].to_dict() == {"F1": 1_000, "F2": 100}
    assert rows["silent"].to_dict() == {"F1": 1, "F2": 0}


def at(second: int) -> datetime:
    return datetime.fromtimestamp(MIDNIGHT + second, UTC).replace(tzinfo=None)


def test_energy_of_any_interval_becomes_power_in_steps_of_15_minutes() -> None:
    rows = [(at(0), 3600, 1_000, 1, 8), (at(0), 900, 100, 1, 0), (at(300), 300, 50, 1, 2)]
    frame = power_by_step(rows).set_index("start")
    steps = frame["power_w"]
    assert frame["export_w"].tolist() == [8 + 8, 8, 8, 8]
    assert steps.to_dict() == {
        MIDNIGHT: 1_000 + 400 + 200, MIDNIGHT + 900: 1_000, MIDNIGHT + 1_800: 1_000, MIDNIGHT + 2_700: 1_000,
    }  # fmt: skip


@settings(deadline=None)  # creating the first data frame is slow
@given(
    st.lists(
        st.tuples(st.integers(0, 95), st.sampled_from([60, 300, 900, 1800, 3600]), st.integers(0, 10**6)), max_size=30
    )
)
def test_no_energy_is_lost_in_the_steps(rows: list[tuple[int, int, int]]) -> None:
    frame = power_by_step([(at(slot * 3600), seconds, wh, 1, 0) for slot, seconds, wh in rows])
    assert frame["power_w"].sum() / 4 == pytest.approx(sum(wh for _, _, wh in rows))


def test_the_last_day_leaves_out_incomplete_steps_and_aligns_with_the_week_before() -> None:
    until = MIDNIGHT + DAY_S
    rows = [(at(step * 900 - back), 900, 100, 20, 0) for step in range(96) for back in (0, WEEK_S)]
    rows[-2] = (*rows[-2][:3], 7, 0)  # only 7 of 20 readings of the newest step have arrived
    frame = last_day(power_by_step(rows), until)
    now, before = (frame[frame["day"] == name] for name in (NOW, BEFORE))
    assert now["start"].tolist() == [MIDNIGHT + step * 900 for step in range(95)]
    assert before["start"].tolist() == [MIDNIGHT + step * 900 for step in range(96)]


def test_export_of_the_last_day_is_below_zero() -> None:
    rows = [(at(step * 900), 900, 100, 20, 50 if step == 40 else 0) for step in range(96)]
    frame = last_day(power_by_step(rows), MIDNIGHT + DAY_S)
    exported = frame[frame["day"] == EXPORT].set_index("start")["power_w"]
    assert exported[MIDNIGHT + 40 * 900] == -200
    assert exported.sum() == -200
    none = [(*row[:4], 0) for row in rows]
    assert EXPORT not in set(last_day(power_by_step(none), MIDNIGHT + DAY_S)["day"])


def test_a_step_ends_at_the_next_quarter_hour() -> None:
    assert end_of_step(MIDNIGHT + 1).timestamp() == end_of_step(MIDNIGHT + 900).timestamp() == MIDNIGHT + 900


def test_a_large_fleet_is_drawn_as_feeders_with_points_for_silent_meters_only() -> None:
    ids = [f"m{number}" for number in range(fleet_map.MAX_POINTS + 1)]
    days = dict.fromkeys(ids[1:], day(wh=[1, 2, 3])) | {ids[0]: ended(26)}
    large = fleet_of([registered(name, feeder=f"F{number % 9}") for number, name in enumerate(ids)], days)
    assert large
    layers = {layer.id: layer.data for layer in fleet_map.deck(large, None, fleet_map.LIGHT).layers}
    assert len(layers["feeders"]) == 9
    assert [point["meter_id"] for point in layers["meters"]] == ["m0"]
    near = {layer.id: layer.data for layer in fleet_map.deck(large, "F1", fleet_map.LIGHT).layers}
    assert "feeders" not in near
    assert len(near["meters"]) == sum(number % 9 == 1 for number in range(len(ids)))


def test_the_map_s_view_does_not_depend_on_the_load() -> None:
    one, other = fleet(a=day(wh=[1])), fleet(a=day(wh=[900]), b=day(wh=[5]))
    views = [fleet_map.deck(each, None, fleet_map.LIGHT).initial_view_state for each in (one, other)]
    assert views[0].__dict__ == views[1].__dict__


@given(st.floats(1e-3, 1e9))
def test_the_color_scale_ends_at_a_round_power_not_below_the_largest(power: float) -> None:
    top = fleet_map.top_power(pd.DataFrame({"power_w": [power]}))
    assert power <= top <= power * 2.5 * (1 + 1e-9)
    assert f"{top:.0e}"[0] in "125"


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 W"), (412.4, "412 W"), (3_414, "3.41 kW"), (51_300, "51.3 kW"), (2_614_000, "2.61 MW")]
)
def test_a_power_is_shown_with_a_suitable_prefix(number: float, shown: str) -> None:
    assert units.scaled(number, "W") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.42, "0.4 s"), (41, "41 s"), (60, "1 min"), (12_000, "3 h 20 min"), (86_400, "1 d"), (187_200, "2 d 4 h")],
)
def test_a_duration_is_shown_in_one_or_two_units(seconds: float, shown: str) -> None:
    assert units.duration(seconds) == shown


def test_an_instant_is_shown_in_local_time() -> None:
    assert units.moment(MIDNIGHT, "Europe/Berlin") == "Tue 24 Nov 01:00"
    assert units.zone_name(MIDNIGHT, "Europe/Berlin") == "Europe/Berlin (CET)"


@given(st.text())
def test_names_are_escaped_in_html(name: str) -> None:
    written = units.in_html(name)
    assert html.unescape(written) == name
    assert not {*written} & {*"<>\"'"}


@given(st.text(st.characters(codec="ascii", categories=["P", "S"]), min_size=1))
def test_punctuation_in_names_is_escaped_in_markdown(name: str) -> None:
    assert units.in_markdown(name) == "".join(f"\\{letter}" for letter in name)


def test_time_axis_ticks_are_at_local_hours_across_a_clock_change() -> None:
    change = int(datetime.fromisoformat("2026-03-29T00:00+01:00").timestamp())  # the clocks go forward at 2
    axis = charts.time_axis(change, change + 12 * 3600, "Europe/Berlin")["axis"]
    assert [tick / 1000 - change for tick in axis["values"]] == [0, 2 * 3600, 5 * 3600, 8 * 3600, 11 * 3600]
    assert "03:00" in axis["labelExpr"]
    assert axis["title"] == "Time, Europe/Berlin (CEST)"


def test_a_time_axis_of_days_starts_at_a_midnight() -> None:
    hour, day = 3_600, 86_400
    midnight = MIDNIGHT - hour  # in Berlin
    for first in (midnight, midnight - 5 * hour):
        assert (
            charts.time_axis(first, first + 3 * day, "Europe/Berlin", every_h=6)["axis"]["values"][0] == midnight * 1000
        )
