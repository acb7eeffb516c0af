"""The answers to the questions of sql/ as tables and charts."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from dashboard import charts
from dashboard.charts import Spec
from electrocloud.aws.athena import Answer

BARS = 30  # the most that can be told apart
UNITS = {"kw": "kW", "kwh": "kWh", "v": "V", "utc": "UTC"}


class Drawing(NamedTuple):
    """How to draw an answer: a column across, columns (or `count`) up, and what their axes are called, with units.

    A `line` is over days or hours of UTC or over numbers, a `bar` over names; bars with one name are added up.
    """

    mark: str
    across: str
    up: Sequence[str]
    across_title: str
    up_title: str


DRAWINGS = {
    "bill": Drawing("bar", "line", ["amount_rounded"], "Charge, of all these bills", "Amount, $"),
    "coincident_peak": Drawing("bar", "feeder", ["at_fleet_peak_kw"], "Feeder", "Load at the fleet's peak, kW"),
    "completeness_by_day": Drawing("line", "dt", ["complete"], "Day, UTC", "Share that was read"),
    "consumption_by_class": Drawing("bar", "class", ["kwh"], "Class", "Energy, kWh"),
    "delay_by_day": Drawing("line", "dt", ["median_min", "p95_min"], "Day, UTC", "Delay, min"),
    "load_duration": Drawing("line", "percent", ["kw"], "Share of the hours, %", "Power or more, kW"),
    "load_trend": Drawing(
        "line",
        "hour",
        ["kwh", "day_before_kwh", "week_before_kwh", "four_weeks_mean_kwh"],
        "Hour, UTC",
        "Energy of the hour, kWh",
    ),
    "monthly_consumption": Drawing("bar", "meter_id", ["kwh"], "Meter", "Energy, kWh"),
    "peak_hour_by_meter": Drawing("bar", "usual_hour_of_day", ["count"], "Hour of the day, local", "Meters"),
    "peak_hour_of_fleet": Drawing("line", "day", ["peak_kw", "mean_kw"], "Day", "Power, kW"),
    "quarantined_by_reason": Drawing("bar", "reason", ["uploads"], "Reason", "Uploads"),
    "silent_meters": Drawing("bar", "feeder", ["count"], "Feeder", "Silent meters"),
    "voltage_out_of_band": Drawing("bar", "meter_id", ["within"], "Meter", "Share within the band"),
}


def table(answer: Answer) -> pd.DataFrame:
    """The rows as a browser can sort and draw them: decimals as floats."""
    rows = [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in answer.rows]
    return pd.DataFrame(rows, columns=[column.name for column in answer.columns])


def title(column: str) -> str:
    """`Peak kW` of `peak_kw`."""
    first, *rest = [UNITS.get(word, word) for word in column.split("_")]
    return " ".join([first if first in UNITS.values() else first.capitalize(), *rest])


def chart(question: str, frame: pd.DataFrame) -> Spec | None:
    """A Vega-Lite chart of an answer with rows, where the question has one that fits."""
    drawing = DRAWINGS.get(question)
    if drawing is None or frame.empty:
        return None
    return _lines(drawing, frame) if drawing.mark == "line" else _bars(drawing, frame)


def _lines(drawing: Drawing, frame: pd.DataFrame) -> Spec:
    first = frame[drawing.across].iloc[0]
    timed = isinstance(first, str | date)
    across = pd.to_datetime(frame[drawing.across], utc=True).map(pd.Timestamp.isoformat) if timed else None
    shown = frame.assign(Across=frame[drawing.across] if across is None else across)[["Across", *drawing.up]].rename(
        columns=title
    )
    up = [title(name) for name in drawing.up]
    scale = {"type": "utc"} if timed else {"nice": False}
    return {
        "data": charts.values(shown),
        "transform": [{"fold": up, "as": ["what", "value"]}],
        "mark": {"type": "line", "tooltip": True, "strokeWidth": 2, "point": len(frame) <= 62},
        "encoding": {
            "x": {
                "field": "Across",
                "type": "temporal" if timed else "quantitative",
                "scale": scale,
                "title": drawing.across_title,
            },
            "y": {"field": "value", "type": "quantitative", "scale": {"zero": True}, "title": drawing.up_title},
            "color": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "scale": {"domain": up},
                "legend": {"orient": "top"} if len(up) > 1 else None,
            },
        },
    }


def _bars(drawing: Drawing, frame: pd.DataFrame) -> Spec:
    (column,) = drawing.up
    groups = frame.groupby(drawing.across, sort=False)
    sums = groups.size() if column == "count" else groups[column].sum()
    hours = pd.api.types.is_numeric_dtype(frame[drawing.across])
    shown = (sums.sort_index() if hours else sums).head(BARS).rename("value").rename_axis("name").reset_index()
    shown["name"] = shown["name"].astype(str)
    return {
        "data": charts.values(shown),
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {
                "field": "name",
                "type": "nominal",
                "sort": list(shown["name"]),
                "title": drawing.across_title,
                "axis": {"labelAngle": 0 if len(shown) <= 12 else -60, "labelLimit": 140},
            },
            "y": {"field": "value", "type": "quantitative", "title": drawing.up_title},
        },
    }
