"""Query results as charts: each question in sql/ has a chart of columns that it selects."""

from datetime import datetime
from decimal import Decimal

import pytest
from sqlglot import parse_one

from analytics.questions import questions
from dashboard.questions import answers
from electrocloud.aws.athena import Answer, Column
from presentation.units import column_title

NOTHING = answers.table(Answer((Column("feeder", "varchar"),), [], 0, 0.0))
ROWS = {
    "load_trend": (
        ["hour", "meters", "kwh", "day_before_kwh", "week_before_kwh", "four_weeks_mean_kwh"],
        [(datetime(2026, 11, 24, hour), 2, Decimal("1.5"), None, None, 1.0) for hour in range(3)],
    ),
    "silent_meters": (["meter_id", "feeder"], [("a", "F1"), ("b", "F1"), ("c", "F2")]),
    "peak_hour_by_meter": (["meter_id", "usual_hour_of_day"], [("a", 19), ("b", 7), ("c", 19)]),
}


def values(name: str, zone: str = "UTC") -> list[dict[str, object]]:
    columns, rows = ROWS[name]
    spec = answers.chart(
        questions()[name], answers.table(Answer(tuple(Column(c, "varchar") for c in columns), rows, 0, 0.0)), zone
    )
    assert spec is not None
    return spec["data"]["values"]


@pytest.mark.parametrize("name", questions())
def test_each_question_has_a_chart_of_columns_that_it_selects(name: str) -> None:
    design = answers.CHARTS[name]
    selected = parse_one(questions()[name].render({}), read="athena").named_selects
    assert {design.x, *design.y} - {"count"} <= set(selected)


def test_hours_are_drawn_in_the_zone_and_missing_values_stay_missing() -> None:
    first = values("load_trend", "America/Los_Angeles")[0]
    assert first == {
        "x": "2026-11-23 16:00:00 PST",
        "ms": 1_795_478_400_000,
        "kWh": 1.5,
        "Day before kWh": None,
        "Week before kWh": None,
        "Four weeks mean kWh": 1.0,
    }


def test_a_total_is_not_drawn_beside_its_parts() -> None:
    rows = [("T", "energy", Decimal(3)), ("T", "fixed", Decimal(2)), ("T", "total", Decimal(5))]
    columns = tuple(Column(name, "varchar") for name in ("tariff_id", "charge", "amount"))
    spec = answers.chart(questions()["revenue_by_tariff"], answers.table(Answer(columns, rows, 0, 0.0)), "UTC")
    assert spec
    assert [one["name"] for one in spec["data"]["values"]] == ["energy", "fixed"]
    totals = answers.chart(questions()["revenue_by_tariff"], answers.table(Answer(columns, rows[2:], 0, 0.0)), "UTC")
    assert totals
    assert [one["name"] for one in totals["data"]["values"]] == ["total"]


def test_rows_with_the_same_name_are_counted() -> None:
    assert values("silent_meters") == [{"name": "F1", "value": 2}, {"name": "F2", "value": 1}]


def test_hours_of_the_day_are_in_order() -> None:
    assert values("peak_hour_by_meter") == [{"name": "7", "value": 1}, {"name": "19", "value": 2}]


def test_an_empty_result_has_no_chart() -> None:
    assert answers.chart(questions()["silent_meters"], NOTHING, "UTC") is None


def test_a_heading_spells_units_correctly() -> None:
    assert [column_title(name) for name in ("peak_kw", "kwh_per_meter", "meter_id")] == [
        "Peak kW",
        "kWh per meter",
        "Meter ID",
    ]


def test_days_on_an_axis_are_named_with_their_month() -> None:
    days = [(f"2026-10-{day}", Decimal("1.5"), Decimal("1.2")) for day in (30, 31)]
    answer = Answer(tuple(Column(name, "varchar") for name in ("day", "peak_kw", "mean_kw")), days, 0, 0.0)
    spec = answers.chart(questions()["peak_hour_of_fleet"], answers.table(answer), "UTC")
    assert spec is not None
    assert spec["encoding"]["x"]["axis"]["format"] == "%-d %b"
