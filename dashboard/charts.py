"""Shared parts of Vega-Lite charts: axes with units, and time axes in a named time zone."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from electrocloud.domain.local_time import DAY_S

Spec = dict[str, Any]

LABELS_PX = 36  # minimum width of y-axis labels, so that stacked charts align
# Lines and points: at least 3:1 against the light and the dark page, and distinct to color-blind people.
BLUE, ORANGE, GREEN, GRAY, MAGENTA = "#3B8FC8", "#C27A00", "#00996B", "#8C8C8C", "#CC3366"


def time_axis(first: float, last: float, zone: str, every_h: int = 3) -> Spec:
    """The x channel for a column `ms` (ms since 1970), from `first` to `last` (s), with a tick every `every_h` hours.

    Ticks are at local hours. Over more than two days they start at a midnight, so that day labels survive overlaps.
    """
    info = ZoneInfo(zone)
    tick = datetime.fromtimestamp(first, info).replace(minute=0, second=0, microsecond=0)
    if last - first > 2 * DAY_S:
        tick = tick.replace(hour=0)
        if tick.timestamp() < first:
            tick += timedelta(days=1)
    labels: dict[int, str] = {}
    while tick.timestamp() <= last:
        if tick.timestamp() >= first and tick.hour % every_h == 0:
            name = f"{tick:%a} {tick.day} {tick:%b}" if tick.hour == 0 else f"{tick:%H:%M}"
            labels[int(tick.timestamp() * 1000)] = name
        tick = (tick.astimezone(ZoneInfo("UTC")) + timedelta(hours=1)).astimezone(info)
    return {
        "field": "ms",
        "type": "quantitative",
        "scale": {"domain": [first * 1000, last * 1000], "nice": False},
        "axis": {
            "values": list(labels),
            "labelExpr": " : ".join([*(f"datum.value === {ms} ? '{text}'" for ms, text in labels.items()), "''"]),
            "grid": True,
            "title": f"Time, {zone} ({datetime.fromtimestamp(last, info):%Z})",
            "labelOverlap": True,
        },
    }


def y_axis(field: str, title: str, unit: str) -> Spec:
    """The y channel for quantities in `unit`, starting at 0."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": {"title": f"{title}, {unit}", "tickCount": 5, "minExtent": LABELS_PX},
    }


def values(frame: pd.DataFrame) -> Spec:
    """A chart's data: the rows of a frame, with null for missing values."""
    return {"values": frame.astype(object).where(frame.notna(), None).to_dict("records")}


def text_color() -> str:
    """A color of text in a chart that is readable on the page's theme."""
    return "#E8E6E3" if st.context.theme.type == "dark" else "#3A3D45"


def layered(*layers: Spec) -> Spec:
    """The layers that have rows, as one spec. For an empty one Vega logs a warning each time it is drawn."""
    return {"layer": [layer for layer in layers if layer["data"]["values"]]}
