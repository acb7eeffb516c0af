"""The map of the fleet: zoomed out, feeders as columns; zoomed in, meters as points; colored by power."""

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import pandas as pd
import pydeck

from dashboard.basemap import layers
from dashboard.fleet import NEVER, Fleet, feeders_of, silent_for
from presentation import units

HEIGHT = 420
MARGIN = 1.15  # factor of the shown area
MAX_POINTS = 500  # larger sets of meters are shown as feeder columns
METERS_PER_DEGREE = 111_320.0

Color = list[int]


class Palette(NamedTuple):
    """Colors (red, green, blue, 0 to 255): low and high load, silent meters, feeder areas, text, and the basemap's."""

    low: Color
    high: Color
    silent: Color
    area: Color
    text: Color
    below: layers.Look


LIGHT = Palette([176, 205, 230], [8, 69, 148], [213, 94, 0], [90, 110, 130, 28], [60, 64, 72], layers.LIGHT)
DARK = Palette([44, 92, 138], [190, 225, 250], [240, 120, 40], [150, 180, 210, 30], [215, 220, 228], layers.DARK)


def deck(fleet: Fleet, feeder: str | None, look: Palette) -> pydeck.Deck:
    """The whole fleet, or one feeder zoomed in. The view depends on the feeder only, never on the load."""
    feeders = feeders_of(fleet)
    shown = shown_of(fleet, feeder)
    near = is_near(shown)
    drawn = [_areas(feeders, fleet.meters, look)]
    if not near:
        drawn.append(_columns(feeders, look))
    drawn.append(_points(shown if near else shown[shown["silent"]], look))
    drawn.append(_names(feeders, look))
    return layers.deck(
        drawn,
        view(shown["lat"], shown["lon"], pitch=0 if near else 40),
        look.below,
        tooltip={"html": "<b>{name}</b><br>{text}", "style": {"fontSize": "0.85rem"}},
    )


def rgb(color: str) -> Color:
    """The parts of a color such as `#3B8FC8`."""
    return list(bytes.fromhex(color[1:]))


def shown_of(fleet: Fleet, feeder: str | None) -> pd.DataFrame:
    """The meters of one feeder, or all meters."""
    return fleet.meters if feeder is None else fleet.meters[fleet.meters["feeder"] == feeder]


def is_near(shown: pd.DataFrame) -> bool:
    """Whether there are few enough meters to show as points rather than as feeder columns."""
    return len(shown) <= MAX_POINTS


def top_power(rows: pd.DataFrame) -> float:
    """The power (W) shown in the strongest color: the largest, rounded up to 1, 2 or 5 times a power of ten."""
    largest = rows["power_w"].max()
    if not largest > 0:
        return 1_000.0
    decade = 10 ** math.floor(math.log10(largest))
    return float(next(step * decade for step in (1, 2, 5, 10) if step * decade >= largest))


def shade(share: float, look: Palette) -> Color:
    """The color of a share from 0 to 1. Uses its square root, because most meters draw little power."""
    root = math.sqrt(min(max(share, 0.0), 1.0))
    return [round(low + (high - low) * root) for low, high in zip(look.low, look.high, strict=True)]


def _points(meters: pd.DataFrame, look: Palette) -> pydeck.Layer:
    top = top_power(meters)
    data = [
        {
            "meter_id": row.meter_id,
            "at": [row.lon, row.lat],
            "color": look.silent if row.silent else shade(row.power_w / top, look),
            "name": units.in_html(row.meter_id),
            "text": _text(row),
        }
        for row in meters.itertuples()
    ]
    return pydeck.Layer(
        "ScatterplotLayer", data, id="meters", get_position="at", get_fill_color="color",
        get_radius=9, radius_min_pixels=3, radius_max_pixels=14, pickable=True, auto_highlight=True,
    )  # fmt: skip


def _text(row: Any) -> str:
    feeder = f"feeder {units.in_html(row.feeder)}"
    if not row.silent:
        return f"{units.scaled(row.power_w, 'W')}, {feeder}"
    silent = silent_for(row.silent_s, asked=row.asked)
    return f"{silent if silent == NEVER else f'silent for {silent.lower()}'}, {feeder}"


def _columns(feeders: pd.DataFrame, look: Palette) -> pydeck.Layer:
    """A column per feeder, its height by load; a feeder with at least half of its meters silent has their color."""
    top = top_power(feeders)
    data = [
        {
            "feeder": row.feeder,
            "at": [row.lon, row.lat],
            "height": row.power_w / top * 600,
            "color": look.silent if row.silent * 2 >= row.meters else shade((row.power_w / top) ** 2, look),
            "name": units.in_html(row.feeder),
            "text": _feeder_text(row),
        }
        for row in feeders.itertuples()
    ]
    return pydeck.Layer(
        "ColumnLayer", data, id="feeders", get_position="at", get_elevation="height", get_fill_color="color",
        radius=55, disk_resolution=16, pickable=True, auto_highlight=True,
    )  # fmt: skip


def _areas(feeders: pd.DataFrame, meters: pd.DataFrame, look: Palette) -> pydeck.Layer:
    """A disc per feeder that covers its meters."""
    placed = meters.merge(feeders[["feeder", "lat", "lon"]], on="feeder", suffixes=("", "_mid"))
    north = (placed["lat"] - placed["lat_mid"]) * METERS_PER_DEGREE
    east = (placed["lon"] - placed["lon_mid"]) * METERS_PER_DEGREE * math.cos(math.radians(placed["lat"].mean()))
    radius = (north**2 + east**2).pow(0.5).groupby(placed["feeder"]).max()
    data = [
        {
            "feeder": row.feeder,
            "at": [row.lon, row.lat],
            "radius": float(radius[row.feeder]) + 30,
            "name": units.in_html(row.feeder),
            "text": _feeder_text(row),
        }
        for row in feeders.itertuples()
    ]
    return pydeck.Layer(
        "ScatterplotLayer", data, id="areas", get_position="at", get_radius="radius",
        get_fill_color=look.area, pickable=True,
    )  # fmt: skip


def _names(feeders: pd.DataFrame, look: Palette) -> pydeck.Layer:
    """Each feeder's name in the middle of its meters."""
    data = [{"at": [row.lon, row.lat], "text": row.feeder} for row in feeders.itertuples()]
    return pydeck.Layer(
        "TextLayer", data, id="feeder-names", get_position="at", get_text="text", get_size=13, get_color=look.text,
        font_weight="'bold'", character_set="'auto'",
    )  # fmt: skip


def _feeder_text(row: Any) -> str:
    silent = f", {row.silent} silent" if row.silent else ""
    return f"{units.scaled(row.power_w, 'W')}, {units.count(row.meters, 'meter')}{silent}"


def view(lats: Collection[float], lons: Collection[float], pitch: int = 0) -> pydeck.ViewState:
    """A view that fits the points with these coordinates (degrees) with a margin."""
    south, north, west, east = min(lats), max(lats), min(lons), max(lons)
    middle = (south + north) / 2
    width = max(east - west, 0.002) * MARGIN
    height = max(north - south, 0.002) * MARGIN / math.cos(math.radians(middle)) * math.cos(math.radians(pitch))
    zoom = min(math.log2(layers.VIEW_PX * 360 / 512 / width), math.log2(HEIGHT * 360 / 512 / height))
    return pydeck.ViewState(
        latitude=float(middle), longitude=float((west + east) / 2), zoom=round(min(zoom, 17.0), 2), pitch=pitch
    )
