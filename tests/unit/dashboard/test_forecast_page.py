"""The Forecast page, and how it compares forecasts with actuals."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from dashboard.fleet import fleet_of
from dashboard.forecast import outlook
from dashboard.forecast.outlook_chart import outlook as chart_of
from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Errors, Forecast, ForecastHour, MonthEnd, Range, Score
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from tests.kits.dashboard_kit import metrics, page, texts
from tests.kits.examples import upload

DAY = datetime(2026, 11, 24, tzinfo=UTC)
AT = int(DAY.timestamp())
HOUR = 3_600
METERS = [RegisteredMeter(f"m-{n}", 51.5, 9.9, "F_1", "home", "flat", "Europe/Berlin") for n in (1, 2)]


def forecast(first: datetime = DAY, value: float = 1_000.0, actuals: Errors | None = None) -> Forecast:
    rows = tuple(ForecastHour(first + timedelta(hours=n), value + n, value * 0.8, value * 1.2) for n in range(24))
    scores = (Score("profile", 0.061, 0.7, 30, 0.1), Score("lag-168h", 0.09, 1.0, 30, 0.0, naive=True))
    return Forecast("fleet", first, "profile", "", 0.79, scores, rows, actuals)


def month_end(meter_id: str, total: str) -> MonthEnd:
    middle = Decimal(total)
    return MonthEnd(meter_id, "2026-11", AT, Range(Decimal(100), Decimal(90), Decimal(115)),
                    Range(middle, middle - 2, middle + 3))  # fmt: skip


def give_all(give: Callable[..., None]) -> None:
    day = MeterDay(DAY.date())
    day.merge(upload(day=day.day, wh=[250] * 24))  # six hours
    give(registry=METERS, fleet=fleet_of(METERS, {"m-1": day}), days=[day], bills_of_month=[])
    give(newest=[forecast(), forecast(DAY - timedelta(days=1), actuals=Errors(0.123, 0.9, 0.75))])
    give(series_load={AT + HOUR * n: 1_100 for n in range(-24, 6)})
    give(month_ends=[month_end("m-1", "40"), month_end("m-2", "60")])


def test_the_page_shows_the_forecast_and_its_backtest_error(give: Callable[..., None]) -> None:
    give_all(give)
    shown = metrics(page("forecast"))
    assert shown["Forecast peak"] == "1.02 kW"
    assert shown["Peak time"] == "00:00"  # the last hour, in Berlin's time
    assert shown["Forecast energy"] == "18.3 kWh"  # of 18 hours
    assert shown["Backtest error (WAPE)"] == "6.1%"
    assert shown["Coverage"] == "79.0%"


def test_the_page_says_when_a_forecast_was_made_and_from_which_readings(give: Callable[..., None]) -> None:
    give_all(give)
    assert "made Tue 24 Nov 01:00" in texts(page("forecast"))
    assert "readings until" not in texts(page("forecast"))  # one that an earlier version stored
    give(newest=[msgspec.structs.replace(forecast(), readings_until=DAY)])
    assert "readings until Tue 24 Nov 01:00" in texts(page("forecast"))


def test_recent_forecasts_are_compared_with_actuals(give: Callable[..., None]) -> None:
    give_all(give)
    app = page("forecast")
    assert "Over 30 hours with actuals, the error (WAPE) is 8.2% and the coverage 100%" in texts(app)
    past = app.dataframe[0].value
    assert past["Actuals"].tolist() == ["6 of 24 h", "24 of 24 h"]
    assert past["Error (WAPE)"].tolist() == ["8.9%", "8.0%"]  # from the hours themselves, as in the sentence above


def test_month_end_bills_are_listed_with_their_intervals_highest_first(give: Callable[..., None]) -> None:
    give_all(give)
    app = page("forecast")
    table = app.dataframe[2].value
    assert table[["meter_id", "total", "low", "high"]].to_numpy().tolist() == [["m-2", 60, 58, 63], ["m-1", 40, 38, 43]]
    shown = texts(app).replace("\\", "")
    assert "Forecast for 2 meters of 2 in November 2026: **200 kWh** and **$100.00**" in shown
    assert "worst case $96.00 or $106.00" in shown


def test_meters_can_be_sorted_by_the_increase_over_last_month(give: Callable[..., None]) -> None:
    give_all(give)
    give(bills_of_month=[BillRow("m-1", "m-1", "flat", "final", 1, Decimal(9), Decimal("10"), 0, 0, "2026-11")])
    app = page("forecast")
    app.button_group(key="order").set_value("Most above last month").run()
    assert app.dataframe[2].value["above"].tolist()[0] == 30


def test_a_meter_shows_its_month_end_bill_and_on_demand_its_next_day(give: Callable[..., None]) -> None:
    give_all(give)
    give(of_meter=forecast(value=300.0))
    app = page("forecast", meter="m-2")
    assert metrics(app)["Month-end bill"] == "$60.00"
    app.button[0].click().run()
    assert not app.exception
    assert [metric.value for metric in app.metric if metric.label == "Forecast peak"] == ["1.02 kW", "323 W"]


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


def test_hours_without_actuals_are_not_judged() -> None:
    errors, hours = outlook.with_actuals(outlook.hours_of([forecast()]), {AT: 900.0, AT + HOUR: 1_300.0})
    assert hours == 2
    assert errors.wape == pytest.approx((100 + 299) / 2_200)
    assert errors.coverage == 0.5
    assert outlook.with_actuals(outlook.hours_of([forecast()]), {}) == (Errors(None, None, None), 0)


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
