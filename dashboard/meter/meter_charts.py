"""The charts of one meter: its load curve over the tariff's periods, its voltage, and a heat map of its hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from analytics.voltage_limits import limits_of
from dashboard import charts
from dashboard.charts import BLUE, GRAY, GREEN, ORANGE, Spec
from presentation import units

VERMILION = "#D55E00"
BANDS = [GRAY, "#56B4E9", ORANGE, "#CC79A7", GREEN, "#F0E442"]
CORRECTED, ESTIMATED = "corrected", "estimated"
SHAPES = {CORRECTED: "triangle-up", ESTIMATED: "diamond"}


def curve(
    readings: pd.DataFrame,
    estimates: pd.DataFrame,
    bands: pd.DataFrame,
    zone: str,
    exported: pd.DataFrame | None = None,
) -> Spec:
    """Power in steps over the tariff's periods, with corrected and estimated readings marked; export is below 0.

    The frames are those of `meter_view.curve`, `estimated`, `periods` and `export`.
    """
    both_ways = exported is not None and not exported.empty
    names = list(dict.fromkeys(bands.sort_values("rate")["name"]))  # higher rates get warmer colors
    x, y = _time(readings, zone), charts.y_axis("kw", "Power (export below 0)" if both_ways else "Power", "kW")
    color = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": names, "range": BANDS[: len(names)]},
        "legend": {"orient": "top", "title": None, "labelLimit": 600, "columns": 1, "symbolOpacity": 0.5},
    }
    behind = bands.assign(ms=bands["start"] * 1000, until=bands["end"] * 1000)
    return charts.layered(
        {
            "data": charts.values(behind[["ms", "until", "name"]]),
            "mark": {"type": "rect", "opacity": 0.2},
            "encoding": {"x": x, "x2": {"field": "until"}, "color": color},
        },
        {
            "data": charts.values(_stepped(readings, zone)[["ms", "kw", "when", "shown"]]),
            "mark": {"type": "line", "interpolate": "step-after", "color": BLUE, "strokeWidth": 1.5},
            "encoding": {"x": x, "y": y, "tooltip": _tooltip("Power")},
        },
        *([_export(exported, x, y, zone)] if both_ways else []),
        *_marks(readings, estimates, x, y, zone),
    )


def _export(exported: pd.DataFrame, x: Spec, y: Spec, zone: str) -> Spec:
    """A layer with the power received from the customer, below 0."""
    rows = _stepped(exported, zone)
    return {
        "data": charts.values(rows.assign(kw=-rows["kw"])[["ms", "kw", "when", "shown"]]),
        "mark": {
            "type": "area",
            "interpolate": "step-after",
            "color": GREEN,
            "opacity": 0.35,
            "line": {"color": GREEN, "strokeWidth": 1.5},
        },
        "encoding": {"x": x, "y": y, "tooltip": _tooltip("Export")},
    }


def _marks(readings: pd.DataFrame, estimates: pd.DataFrame, x: Spec, y: Spec, zone: str) -> list[Spec]:
    """A layer with a symbol on each corrected or estimated reading; no layer if there is none."""
    corrected = readings[readings["revision"] > 0]
    frame = pd.concat([corrected.assign(what=CORRECTED), estimates.assign(what=ESTIMATED)])
    if frame.empty:
        return []
    shapes = {name: shape for name, shape in SHAPES.items() if (frame["what"] == name).any()}
    frame = frame.assign(
        ms=(frame["start"] + frame["end"]) * 500,
        when=[units.moment(start, zone) for start in frame["start"]],
        shown=[units.scaled(kw * 1000, "W") for kw in frame["kw"]],
    )
    shape = {
        "field": "what",
        "type": "nominal",
        "scale": {"domain": list(shapes), "range": list(shapes.values())},
        "legend": {"orient": "top", "title": None, "symbolFillColor": VERMILION, "symbolStrokeWidth": 0},
    }
    return [
        {
            "data": charts.values(frame[["ms", "kw", "what", "when", "shown"]]),
            "mark": {"type": "point", "filled": True, "size": 60, "color": VERMILION},
            "encoding": {
                "x": x,
                "y": y,
                "shape": shape,
                "tooltip": [{"field": "what", "title": "Reading"}, *_tooltip("Power")],
            },
        }
    ]


def voltage(readings: pd.DataFrame, zone: str) -> Spec:
    """Voltage and the limits of the standard that holds in the meter's time zone, with their names."""
    allowed = limits_of(zone, float(readings["volt"].median()))
    limits = pd.DataFrame({"volt": allowed.range_v})
    limits["label"] = [f"{allowed.standard}: {volt:.0f} V" for volt in limits["volt"]]
    frame = readings.assign(
        ms=readings["start"] * 1000,
        when=[units.moment(start, zone) for start in readings["start"]],
        shown=[f"{volt:.1f} V" for volt in readings["volt"]],
    )
    y = {
        "field": "volt",
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"title": "Voltage, V", "tickCount": 4, "minExtent": charts.LABELS_PX},
    }
    return {
        "layer": [
            {
                "data": charts.values(limits),
                "mark": {"type": "rule", "color": VERMILION, "strokeDash": [5, 3]},
                "encoding": {"y": y},
            },
            {
                "data": charts.values(limits),
                "mark": {"type": "text", "align": "left", "baseline": "bottom", "dy": -2, "color": charts.text_color()},
                "encoding": {"x": {"value": 4}, "y": y, "text": {"field": "label"}},
            },
            {
                "data": charts.values(frame[["ms", "volt", "when", "shown"]]),
                "mark": {"type": "line", "color": BLUE, "strokeWidth": 1.2},
                "encoding": {"x": _time(readings, zone), "y": y, "tooltip": _tooltip("Voltage")},
            },
        ]
    }


def heat(hours: pd.DataFrame, zone: str, first: float, last: float) -> Spec:
    """Mean power by local day and hour; a partly read hour is marked with a cross."""
    info = ZoneInfo(zone)
    start, end = datetime.fromtimestamp(first, info).date(), datetime.fromtimestamp(last - 1, info).date()
    days = [str(start + timedelta(days=number)) for number in range((end - start).days + 1)]
    frame = hours.assign(
        when=[units.moment(start, zone) for start in hours["start"]],
        shown=[units.scaled(kw * 1000, "W") for kw in hours["kw"]],
        read=[f"{complete:.0%}" for complete in hours["complete"]],
    )
    tooltip = [*_tooltip("Mean power"), {"field": "read", "title": "Read"}]
    monday = "datum.index === 0 || day(datetime(datum.value + 'T12:00')) === 1"
    return {
        "encoding": {
            "x": {
                "field": "day",
                "type": "ordinal",
                "scale": {"domain": days},
                "axis": {
                    "title": f"Day, {zone}",
                    "labelExpr": f"{monday} ? timeFormat(datetime(datum.value + 'T12:00'), '%e %b') : ''",
                    "labelAngle": 0,
                    "labelOverlap": True,
                    "ticks": False,
                },
            },
            "y": {
                "field": "hour",
                "type": "ordinal",
                "scale": {"domain": list(range(24))},
                "axis": {"title": f"Hour of the day, {zone}", "values": list(range(0, 24, 3))},
            },
        },
        **charts.layered(
            {
                "data": charts.values(frame[["day", "hour", "kw", "when", "shown", "read"]]),
                "mark": {"type": "rect"},
                "encoding": {
                    "color": {
                        "field": "kw",
                        "type": "quantitative",
                        "scale": {"scheme": "viridis", "domainMin": 0},
                        "legend": {"title": "Mean, kW", "orient": "right"},
                    },
                    "tooltip": tooltip,
                },
            },
            {
                "data": charts.values(frame[frame["complete"] < 1][["day", "hour", "when", "shown", "read"]]),
                "mark": {"type": "point", "shape": "cross", "filled": True, "color": VERMILION, "size": 40},
                "encoding": {"tooltip": tooltip},
            },
        ),
    }


def _stepped(readings: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Add the columns a chart shows, and the end of the last reading as a final step."""
    closing = readings.iloc[-1:].assign(start=readings["end"].iloc[-1:], revision=0)
    frame = pd.concat([readings, closing])
    return frame.assign(
        ms=frame["start"] * 1000,
        when=[units.moment(start, zone) for start in frame["start"]],
        shown=["no reading" if pd.isna(kw) else units.scaled(kw * 1000, "W") for kw in frame["kw"]],
    )


def _time(readings: pd.DataFrame, zone: str) -> Spec:
    return charts.time_axis(readings["start"].iloc[0], readings["end"].iloc[-1], zone, every_h=6)


def _tooltip(title: str) -> list[Spec]:
    return [{"field": "shown", "title": title}, {"field": "when", "title": "From"}]
