"""The Forecast page, and how it compares forecasts with actuals."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
from botocore.exceptions import EndpointConnectionError

from dashboard.fleet import fleet_of
from dashboard.forecast import outlook
from dashboard.forecast.outlook_chart import outlook as chart_of
from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import (
    ActualDay,
    Bounds,
    Errors,
    Forecast,
    ForecastDay,
    ForecastHour,
    ForecastWeather,
    MonthEnd,
    Range,
    Score,
)
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from tests.kits.dashboard_kit import metrics, page, texts
from tests.kits.examples import upload

DAY = datetime(2026, 11, 24, tzinfo=UTC)
AT = int(DAY.timestamp())
HOUR = 3_600
METERS = [RegisteredMeter(f"m-{n}", 51.5, 9.9, "F_1", "home", "flat", "Europe/Berlin") for n in (1, 2)]


def forecast(first: datetime = DAY, value: float = 1_000.0, actuals: Errors | None = None) -> Forecast:
    """A day-ahead forecast as earlier versions stored it."""
    rows = tuple(ForecastHour(first + timedelta(hours=n), value + n, value * 0.8, value * 1.2) for n in range(24))
    scores = (Score("profile", 0.061, 0.7, 30, 0.1), Score("lag-168h", 0.09, 1.0, 30, 0.0, naive=True))
    return Forecast("fleet", first, "profile", "", 0.79, scores, rows, actuals)


def week(first: datetime = DAY, judged: int = 0, note: str = "") -> Forecast:
    """A forecast of eight days on Berlin's clock, the first of them partly; the first `judged` came 10% higher."""
    begin = first.astimezone(ZoneInfo("Europe/Berlin"))
    starts = [begin + timedelta(hours=hour) for hour in range(7 * 24 + 23)]
    rows = tuple(ForecastHour(at, 1_000.0 + at.hour, 800.0, 1_200.0) for at in starts)
    days = []
    for lead in range(8):
        own = [row for row in rows if (row.timestamp.date() - begin.date()).days == lead]
        energy, peak = sum(row.value for row in own), max(own, key=lambda row: row.value)
        came = ActualDay(energy * 1.1, 1_125.3, own[-6].timestamp, energy * 0.1, energy * 1.1, 0.75)
        days.append(
            ForecastDay(
                own[0].timestamp.date(), len(own), energy, peak, 0.05 + lead / 100, lead,
                Bounds(energy - 500, energy + 500), Bounds(900, 1_100), came if lead < judged else None,
            )
        )  # fmt: skip
    return msgspec.structs.replace(
        forecast(first), rows=rows, days=tuple(days), readings_until=begin, note=note, made_at=first
    )


def month_end(meter_id: str, total: str) -> MonthEnd:
    middle = Decimal(total)
    return MonthEnd(meter_id, "2026-11", AT, Range(Decimal(100), Decimal(90), Decimal(115)),
                    Range(middle, middle - 2, middle + 3))  # fmt: skip


def give_all(give: Callable[..., None]) -> None:
    day = MeterDay(DAY.date())
    day.merge(upload(day=day.day, wh=[250] * 24))  # six hours
    give(registry=METERS, fleet=fleet_of(METERS, {"m-1": day}), days=[day], bills_of_month=[])
    give(newest=[week(), week(DAY - timedelta(days=1), 1), week(DAY - timedelta(days=2), 2)])
    give(series_load={AT + HOUR * n: 1_100 for n in range(-24, 6)})
    give(month_ends=[month_end("m-1", "40"), month_end("m-2", "60")])


def test_the_page_says_when_tomorrow_s_peak_is_and_how_far_off_such_forecasts_were(give: Callable[..., None]) -> None:
    give_all(give)
    shown = metrics(page("forecast"))
    assert shown["Peak tomorrow"] == "1.02 kW"
    assert shown["Peak hour tomorrow"] == "23:00"
    assert shown["Energy tomorrow"] == "24.3 kWh"
    assert shown["Error so far (WAPE)"] == "9.1%"
    assert shown["Backtest error (WAPE)"] == "6.0%"
    assert shown["Coverage"] == "79.0%"


def test_the_days_to_come_are_a_table_with_intervals_and_the_errors_of_such_days(give: Callable[..., None]) -> None:
    give_all(give)
    days = page("forecast").dataframe[0].value
    assert days["Day"].tolist()[:3] == ["Tue 24 Nov, today (23 h left)", "Wed 25 Nov, tomorrow", "Thu 26 Nov"]
    assert len(days) == 8
    assert days["Peak hour"].unique().tolist() == ["23:00"]
    assert days["Energy, 80%"][1] == "23.8 kWh to 24.8 kWh"
    assert days["Peak, 80%"][1] == "900 W to 1.10 kW"
    assert days["Error so far"].tolist()[:3] == ["9.1% of 2 days", "9.1% of 1 day", "–"]
    assert days["Backtest error"].tolist()[:2] == ["5.0%", "6.0%"]


def test_the_page_says_which_weather_the_models_had(give: Callable[..., None]) -> None:
    give_all(give)
    assert "Weather" not in page("forecast").caption[0].value
    weather = ForecastWeather(("DE-Gottingen", "KSAC_1"), DAY - timedelta(hours=12))
    give(newest=[msgspec.structs.replace(week(), weather=weather)])
    assert (
        "by profile. Weather: DE\\-Gottingen, KSAC\\_1, forecast issued Mon 23 Nov 13:00."
        in page("forecast").caption[0].value
    )


def test_days_that_have_passed_are_not_listed_as_coming(give: Callable[..., None]) -> None:
    give_all(give)
    give(newest=[week(DAY - timedelta(days=1), 1)])
    app = page("forecast")
    assert app.dataframe[0].value["Day"].tolist()[0] == "Tue 24 Nov, today"
    assert "Peak tomorrow" in metrics(app)
    give(newest=[week(DAY - timedelta(days=7), 7)])
    assert {"Peak Tue 24 Nov", "Peak hour Tue 24 Nov"} <= metrics(page("forecast")).keys()  # its last day


def test_a_forecast_of_an_earlier_version_is_shown_without_days(give: Callable[..., None]) -> None:
    give_all(give)
    give(newest=[forecast()])
    shown = metrics(page("forecast"))
    assert shown["Forecast peak"] == "1.02 kW"
    assert shown["Peak time"] == "00:00"  # the last hour, in Berlin's time
    assert shown["Forecast energy"] == "18.3 kWh"  # of 18 hours
    assert shown["Backtest error (WAPE)"] == "6.1%"


def test_the_page_says_when_a_forecast_was_made_from_which_readings_and_by_which_fallback(
    give: Callable[..., None],
) -> None:
    give_all(give)
    give(newest=[week(note="no model beat lag-168h from the last 28 origins, so this repeats it")])
    shown = texts(page("forecast")).replace("\\", "")
    assert "Made Tue 24 Nov 01:00 from readings until Tue 24 Nov 01:00" in shown
    assert "Note: no model beat lag-168h" in shown
    give(newest=[forecast()])
    assert "from readings until" not in texts(page("forecast"))  # one that an earlier version stored


def test_errors_are_listed_by_days_ahead(give: Callable[..., None]) -> None:
    give_all(give)
    leads = page("forecast").dataframe[1].value
    assert leads["Days ahead"].tolist() == [0, 1]
    assert leads["Days"].tolist() == [2, 1]
    assert leads["Error (WAPE)"].tolist() == ["9.1%", "9.1%"]
    assert leads["Backtest error"].tolist() == ["5.0%", "6.0%"]
    assert leads["Peak error"].tolist() == ["9.1%", "9.1%"]
    assert leads["Peak hour off"].tolist() == ["5.0 h", "5.0 h"]
    assert leads["Coverage"].tolist() == ["75.0%", "75.0%"]


def test_a_recent_day_is_shown_as_it_was_forecast_the_day_before(give: Callable[..., None]) -> None:
    give_all(give)
    (day,) = page("forecast").dataframe[3].value.to_dict("records")
    assert (day["Day"], day["Days ahead"]) == ("Mon 23 Nov", 1)
    assert (day["Peak forecast"], day["Peak"], day["Peak error"]) == ("1.02 kW at 23:00", "1.13 kW at 18:00", "-9.1%")
    assert day["Energy error"] == "-9.1%"


def test_without_actuals_there_are_no_errors(give: Callable[..., None]) -> None:
    give_all(give)
    give(newest=[week()])
    app = page("forecast")
    assert "No day of these forecasts has all of its actuals yet" in texts(app)
    assert metrics(app)["Error so far (WAPE)"] == "–"


def test_month_end_bills_are_listed_with_their_intervals_highest_first(give: Callable[..., None]) -> None:
    give_all(give)
    app = page("forecast")
    table = app.dataframe[4].value
    assert table[["meter_id", "total", "low", "high"]].to_numpy().tolist() == [["m-2", 60, 58, 63], ["m-1", 40, 38, 43]]
    shown = texts(app).replace("\\", "")
    assert "Forecast for 2 meters of 2 in November 2026: **200 kWh** and **$100.00**" in shown
    assert "worst case $96.00 or $106.00" in shown


def test_meters_can_be_sorted_by_the_increase_over_last_month(give: Callable[..., None]) -> None:
    give_all(give)
    give(bills_of_month=[BillRow("m-1", "m-1", "flat", "final", 1, Decimal(9), Decimal("10"), 0, 0, "2026-11")])
    app = page("forecast")
    app.button_group(key="order").set_value("Most above last month").run()
    assert app.dataframe[4].value["above"].tolist()[0] == 30


def test_a_meter_shows_its_month_end_bill_and_on_demand_its_next_day(give: Callable[..., None]) -> None:
    give_all(give)
    give(of_meter=forecast(value=300.0))
    app = page("forecast", meter="m-2")
    assert metrics(app)["Month-end bill"] == "$60.00"
    app.button[0].click().run()
    assert not app.exception
    assert [metric.value for metric in app.metric if metric.label == "Forecast peak"] == ["323 W"]


def test_a_meter_that_cannot_be_forecast_gets_a_message(give: Callable[..., None]) -> None:
    give_all(give)
    give(of_meter=UsageError("there are no readings yet"))
    app = page("forecast", meter="m-2")
    app.button[0].click().run()
    assert "there are no readings yet" in texts(app)


def test_without_a_forecast_the_page_says_how_to_make_one(give: Callable[..., None]) -> None:
    give_all(give)
    give(newest=[], month_ends=[], series_load={})
    shown = texts(page("forecast"))
    assert "There is no forecast for this load yet" in shown
    assert "There are no month-end forecasts for" in shown


def test_a_forecast_whose_hours_have_all_passed_says_so(give: Callable[..., None]) -> None:
    give_all(give)
    give(newest=[forecast(DAY - timedelta(days=1))])
    assert "have passed" in texts(page("forecast"))


def test_an_unreachable_backend_is_reported_once(give: Callable[..., None]) -> None:
    give_all(give)
    away = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    give(newest=away, month_ends=away)
    assert texts(page("forecast")).count("The data cannot be reached") == 1  # not once per part of the page


def test_the_newer_of_two_forecasts_for_an_hour_counts() -> None:
    hours = outlook.hours_of([forecast(DAY + timedelta(hours=12), 2_000.0), forecast()])
    assert len(hours) == 36
    assert hours["value"].tolist()[11:13] == [1_011.0, 2_000.0]


def test_last_month_s_bill_is_compared_only_if_it_has_all_readings() -> None:
    ends = [month_end("m-1", "40"), month_end("m-2", "60")]
    bills = [BillRow("m-1", "m-1", "flat", "final", 1, Decimal(9), Decimal("10"), 0, 0, "2026-11"),
             BillRow("m-2", "m-2", "flat", "final", 1, Decimal(9), Decimal("10"), 5, 0, "2026-11")]  # fmt: skip
    above = outlook.month_end_table(ends, bills).set_index("meter_id")["above"]
    assert above["m-1"] == 30
    assert above.isna()["m-2"]


def test_no_line_is_drawn_across_missing_hours() -> None:
    made = [forecast(DAY + timedelta(days=1)), forecast(DAY - timedelta(days=1))]
    spec = chart_of(outlook.hours_of(made), {AT: 1.0}, AT, AT - 86_400, "Europe/Berlin")
    json.dumps(spec)
    lines = [row for row in spec["layer"][1]["data"]["values"] if row["what"] == "forecast"]
    gap = next(number for number, row in enumerate(lines) if row["value"] is None)
    assert lines[gap]["ms"] == AT * 1000
    assert lines[gap + 1]["ms"] == (AT + 86_400) * 1000
