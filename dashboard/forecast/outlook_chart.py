"""The chart of a load: measured, and forecast for past and coming hours."""

import pandas as pd

from dashboard import charts
from dashboard.charts import BLUE, GRAY, ORANGE, Spec
from dashboard.forecast.outlook import Load
from electrocloud.domain.local_time import HOUR_S
from presentation import units

MEASURED, FORECAST, BAND = "measured", "forecast", "80% interval"


def outlook(hours: pd.DataFrame, load: Load, now: float, since: float, zone: str) -> Spec:
    """Hourly mean power from `since`, with a line at `now` (s since 1970 UTC); `hours` as made by `hours_of`."""
    hours = hours[hours["start"] >= since]
    measured = pd.DataFrame(
        [(start, float(wh)) for start, wh in load.items() if start >= since], columns=["start", "wh"]
    )
    both = hours.merge(measured, on="start", how="outer").sort_values("start", ignore_index=True)
    prefix, size = units.prefix(both[["value", "high", "wh"]].max(axis=None))
    columns = ["value", "low", "high", "wh"]
    tooltips = {
        "when": [units.moment(start, zone) for start in both["start"]],
        "measured": [_power(wh) for wh in both["wh"]],
        "forecast": [_power(wh) for wh in both["value"]],
        "band": [f"{_power(low)} to {_power(high)}" for low, high in zip(both["low"], both["high"], strict=True)],
    }
    frame = both.assign(ms=both["start"] * 1000, **tooltips, **{name: both[name] / size for name in columns})
    x = charts.time_axis(since, int(both["start"].iloc[-1]) + HOUR_S, zone, every_h=6)
    y = charts.y_axis("value", "Power, mean of the hour", f"{prefix}W")
    forecast = _steps(frame.dropna(subset="value"), ["value", "low", "high"])
    actual = _steps(frame.dropna(subset="wh").assign(value=frame["wh"]), ["value"])
    lines = pd.concat([actual.assign(what=MEASURED), forecast.assign(what=FORECAST)])
    return charts.layered(_band(forecast, x, y), _lines(lines, x, y), _now(now), _hover(frame, x))


def _band(frame: pd.DataFrame, x: Spec, y: Spec) -> Spec:
    legend = {"orient": "top", "title": None, "symbolType": "square", "symbolOpacity": 0.3, "symbolStrokeWidth": 0}
    fill = {"datum": BAND, "type": "nominal", "scale": {"domain": [BAND], "range": [ORANGE]}, "legend": legend}
    return {
        "data": charts.values(frame[["ms", "low", "high"]]),
        "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.3},
        "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "fill": fill},
    }


def _lines(frame: pd.DataFrame, x: Spec, y: Spec) -> Spec:
    legend = {"orient": "top", "title": None, "symbolType": "stroke", "symbolStrokeWidth": 2}
    kind = {"field": "what", "type": "nominal", "legend": legend}
    kinds = [MEASURED, FORECAST]
    return {
        "data": charts.values(frame[["ms", "value", "what"]]),
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {
            "x": x,
            "y": y,
            "color": kind | {"scale": {"domain": kinds, "range": [BLUE, ORANGE]}},
            "strokeDash": kind | {"scale": {"domain": kinds, "range": [[1, 0], [5, 3]]}},
        },
    }


def _now(now: float) -> Spec:
    x = {"field": "ms", "type": "quantitative"}
    return {
        "data": {"values": [{"ms": now * 1000}]},
        "layer": [
            {"mark": {"type": "rule", "color": GRAY, "strokeWidth": 1.5}, "encoding": {"x": x}},
            {
                "mark": {"type": "text", "color": charts.text_color(), "text": "now", "align": "left", "dx": 4, "y": 8},
                "encoding": {"x": x},
            },
        ],
    }


def _hover(frame: pd.DataFrame, x: Spec) -> Spec:
    """A tooltip for the hour under the pointer."""
    hover = {"name": "hover", "select": {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}}
    at = frame.assign(at=frame["value"].fillna(frame["wh"]))
    titles = {"when": "From", "measured": "Measured", "forecast": "Forecast", "band": BAND}
    return {
        "data": charts.values(at[["ms", "at", *titles]]),
        "mark": {"type": "point", "filled": True, "size": 60, "color": ORANGE},
        "params": [hover],
        "encoding": {
            "x": x,
            "y": {"field": "at", "type": "quantitative"},
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 1}, "value": 0},
            "tooltip": [{"field": field, "title": title} for field, title in titles.items()],
        },
    }


def _steps(frame: pd.DataFrame, fields: list[str]) -> pd.DataFrame:
    """Add the end of each run of hours and an empty row after it, so that no line is drawn across a gap."""
    ends = frame[frame["start"].shift(-1) != frame["start"] + HOUR_S]
    ends = ends.assign(start=ends["start"] + HOUR_S, ms=ends["ms"] + HOUR_S * 1000)
    breaks = ends.assign(**dict.fromkeys(fields))
    return pd.concat([frame, ends, breaks]).sort_values("start", kind="stable", ignore_index=True)


def _power(wh: float) -> str:
    return "–" if pd.isna(wh) else units.scaled(wh, "W")
