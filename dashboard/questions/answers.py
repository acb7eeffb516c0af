"""Query results of the questions in sql/ as tables and charts."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from analytics.questions import Question
from dashboard import charts
from dashboard.charts import Spec
from dashboard.questions.columns import in_zone, instant
from electrocloud.aws.athena import Answer
from electrocloud.domain.local_time import DAY_S
from presentation.units import column_title

MAX_BARS = 30  # more cannot be distinguished


class ChartDesign(NamedTuple):
    """How to chart a result: a column for x, columns (or `count`) for y, and the axes' titles with units.

    A `line` runs over days, instants or numbers, a `bar` over names; bars with the same name are added up.
    """

    mark: str
    x: str
    y: Sequence[str]
    x_title: str
    y_title: str


CHARTS = {
    "access_log": ChartDesign("bar", "user_name", ["count"], "User", "Entries"),
    "bill": ChartDesign("bar", "line", ["amount_rounded"], "Charge, all listed bills", "Amount"),
    "bills_of_month": ChartDesign("bar", "tariff_id", ["amount_due"], "Tariff", "Amount due, all bills of the month"),
    "coincident_peak": ChartDesign("bar", "feeder", ["at_fleet_peak_kw"], "Feeder", "Load at the fleet's peak, kW"),
    "completeness_by_day": ChartDesign("line", "day", ["complete"], "Day", "Completeness, share"),
    "consumption_by_class": ChartDesign("bar", "class", ["kwh"], "Customer class", "Energy, kWh"),
    "delay_by_day": ChartDesign("line", "day", ["median_min", "p95_min"], "Day", "Delay, min"),
    "estimated_readings": ChartDesign("bar", "reason", ["readings"], "Reason", "Readings of the listed months"),
    "export_by_day": ChartDesign("bar", "day", ["received_kwh"], "Day", "Export of all listed meters, kWh"),
    "export_by_feeder": ChartDesign("bar", "feeder", ["received_kwh"], "Feeder", "Export, kWh"),
    "forecast_days": ChartDesign("line", "day", ["energy_kwh", "actual_energy_kwh"], "Day", "Energy of the day, kWh"),
    "forecast_error_by_lead": ChartDesign("line", "lead", ["wape"], "Days ahead", "Error (WAPE), share"),
    "load_duration": ChartDesign("line", "percent", ["kw"], "Share of hours, %", "Power reached or exceeded, kW"),
    "load_trend": ChartDesign(
        "line",
        "hour",
        ["kwh", "day_before_kwh", "week_before_kwh", "four_weeks_mean_kwh"],
        "Hour",
        "Energy per hour, kWh",
    ),
    "consumption_at_vacant_premises": ChartDesign("bar", "service_point_id", ["kwh"], "Service point", "Energy, kWh"),
    "monthly_consumption": ChartDesign("bar", "meter_id", ["kwh"], "Meter", "Energy, kWh"),
    "peak_hour_by_meter": ChartDesign("bar", "usual_hour_of_day", ["count"], "Local hour of the day", "Meters"),
    "peak_hour_of_fleet": ChartDesign("line", "day", ["peak_kw", "mean_kw"], "Day", "Power, kW"),
    "quarantined_by_reason": ChartDesign("bar", "reason", ["uploads"], "Reason", "Uploads"),
    "readings_by_quality": ChartDesign("bar", "quality", ["readings"], "Quality", "Readings of both directions"),
    "senders_of_readings": ChartDesign("line", "start", ["wh"], "Start", "Energy, Wh"),
    "revenue_by_tariff": ChartDesign("bar", "charge", ["amount"], "Charge", "Amount, all tariffs"),
    "silent_meters": ChartDesign("bar", "feeder", ["count"], "Feeder", "Silent meters"),
    "unregistered_meters": ChartDesign("bar", "meter_id", ["readings"], "Meter", "Readings"),
    "voltage_out_of_band": ChartDesign("bar", "meter_id", ["within"], "Meter", "Share within the band"),
    "weather_forecast_errors": ChartDesign("bar", "station_id", ["hours"], "Weather station", "Hours compared"),
}


def table(answer: Answer) -> pd.DataFrame:
    """The rows with decimals as floats, so that a browser can sort and draw them."""
    rows = [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in answer.rows]
    return pd.DataFrame(rows, columns=[column.name for column in answer.columns])


def chart(question: Question, frame: pd.DataFrame, zone: str) -> Spec | None:
    """A Vega-Lite chart of a result, with instants in the zone; None if it has no rows or the question has no chart."""
    design = CHARTS.get(question.name)
    if design is None or frame.empty:
        return None
    if design.mark == "line" and question.formats.get(design.x) == "utc":
        return _over_time(design, frame, zone)
    if design.mark == "line":
        return _lines(design, frame)
    parts = frame[frame[design.x] != "total"]  # a total is not drawn beside its parts
    return _bars(design, frame if parts.empty else parts)


def _lines(design: ChartDesign, frame: pd.DataFrame) -> Spec:
    first = frame[design.x].iloc[0]
    timed = isinstance(first, str | date)
    x = pd.to_datetime(frame[design.x], utc=True).map(pd.Timestamp.isoformat) if timed else frame[design.x]
    shown = frame.assign(x=x)[["x", *design.y]].rename(columns={name: column_title(name) for name in design.y})
    series = [column_title(name) for name in design.y]
    drawn = [float(value) for name in series for value in shown[name].dropna()]
    scale = {"type": "utc"} if timed else {"nice": False, "domain": [float(x.min()), float(x.max())]}
    return {
        "data": charts.values(shown),
        "transform": [{"fold": series, "as": ["what", "value"]}],
        "mark": {"type": "line", "tooltip": True, "strokeWidth": 2, "point": len(frame) <= 62},
        "encoding": {
            "x": {
                "field": "x",
                "type": "temporal" if timed else "quantitative",
                "scale": scale,
                "title": design.x_title,
                "axis": {"format": "%-d %b"} if timed else {},
            },
            "y": {"field": "value", "type": "quantitative", "scale": _from_zero(drawn), "title": design.y_title},
            "color": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "scale": {"domain": series},
                "legend": {"orient": "top"} if len(series) > 1 else None,
            },
        },
    }


def _over_time(design: ChartDesign, frame: pd.DataFrame, zone: str) -> Spec:
    """Lines over instants, with the zone's clock on the axis."""
    moments = [moment for value in frame[design.x] if (moment := instant(value))]
    first, last = (moments[place].timestamp() for place in (0, -1))
    spec = _lines(design, frame)
    for row, moment in zip(spec["data"]["values"], moments, strict=True):
        row |= {"ms": int(moment.timestamp() * 1000), "x": in_zone(moment, zone)}
    every_h = 24 if last - first > 2 * DAY_S else 3
    spec["encoding"] |= {
        "x": charts.time_axis(first, max(last, first + 1), zone, every_h),
        "tooltip": [{"field": name, "title": title} for name, title in (("x", "Time"), ("what", "What"))]
        + [{"field": "value", "title": design.y_title, "format": ",.3f"}],
    }
    return spec


def _bars(design: ChartDesign, frame: pd.DataFrame) -> Spec:
    (column,) = design.y
    groups = frame.groupby(design.x, sort=False)
    sums = groups.size() if column == "count" else groups[column].sum()
    hours = pd.api.types.is_numeric_dtype(frame[design.x])
    shown = (sums.sort_index() if hours else sums).head(MAX_BARS).rename("value").rename_axis("name").reset_index()
    shown["name"] = shown["name"].astype(str)
    return {
        "data": charts.values(shown),
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {
                "field": "name",
                "type": "nominal",
                "sort": list(shown["name"]),
                "title": design.x_title,
                "axis": {"labelAngle": 0 if len(shown) <= 12 else -60, "labelLimit": 140},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "stack": None,
                "scale": _from_zero(shown["value"]),
                "title": design.y_title,
            },
        },
    }


def _from_zero(numbers: Iterable[float]) -> Spec:
    """The scale of these numbers and 0: given, and not found by Vega, which may draw once before it has the data."""
    low, high = min(0.0, *numbers, 0.0), max(0.0, *numbers, 0.0)
    return {"domain": [low, high if high > low else 1.0]}
