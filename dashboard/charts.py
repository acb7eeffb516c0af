"""Charts as Vega-Lite: axes with units, and times on the clocks of a zone that is named."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from electrocloud.domain.local_time import DAY_S

Spec = dict[str, Any]

LABELS_PX = 36  # at the least beside a y axis, so that charts below each other have their times below each other
BLUE, ORANGE, GREY = "#3B8FC8", "#E69F00", "#8C8C8C"  # they read on white and on black alike


def time_axis(first: float, last: float, zone: str, every_h: int = 3) -> Spec:
    """The x channel of instants (s since 1970, in a column `ms`), with a tick at each whole local `every_h` hours.

    Over more than two days the ticks begin at a midnight: where there is room for a few only, these are the days.
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
    """The y channel of quantities from 0, in `unit`."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": {"title": f"{title}, {unit}", "tickCount": 5, "minExtent": LABELS_PX},
    }


def values(frame: pd.DataFrame) -> Spec:
    """A chart's data: the rows of a frame, with null for what is missing."""
    return {"values": frame.astype(object).where(frame.notna(), None).to_dict("records")}
