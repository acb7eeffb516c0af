"""The map of the fleet: feeders as columns from afar, their meters as points from near, by what they draw.

No street map is loaded, so that the page needs no other server and tells none where the customers are.
"""

import math
from typing import Any, NamedTuple

import pandas as pd
import pydeck

from dashboard.fleet import Fleet, feeders_of
from presentation import units

HEIGHT = 420
WIDTH = 400  # what the view is fitted to; a map that is wider or narrower shows more or less around it
ROOM = 1.15  # around what is shown
POINTS_AT_MOST = 500  # more meters than this are shown as their feeders' columns
METERS_A_DEGREE = 111_320.0

Colour = list[int]


class Look(NamedTuple):
    """Colours (red, green, blue 0 to 255): of little and of much load, of silence, of ground and of text."""

    little: Colour
    much: Colour
    silent: Colour
    ground: Colour
    text: Colour


LIGHT = Look([176, 205, 230], [8, 69, 148], [213, 94, 0], [90, 110, 130, 28], [90, 90, 90])
DARK = Look([44, 92, 138], [190, 225, 250], [240, 120, 40], [150, 180, 210, 30], [190, 190, 190])


def deck(fleet: Fleet, feeder: str | None, look: Look) -> pydeck.Deck:
    """The whole fleet, or one feeder from near. The view changes with the feeder only, never with the load."""
    feeders = feeders_of(fleet)
    shown = shown_of(fleet, feeder)
    near = is_near(shown)
    layers = [_areas(feeders, fleet.meters, look)]
    if not near:
        layers.append(_columns(feeders, look))
    layers.append(_points(shown if near else shown[shown["silent"]], look))
    return pydeck.Deck(
        layers,
        initial_view_state=_view(shown, pitch=0 if near else 40),
        map_provider=None,
        tooltip={"html": "<b>{name}</b><br>{text}", "style": {"fontSize": "0.85rem"}},
    )


def shown_of(fleet: Fleet, feeder: str | None) -> pd.DataFrame:
    """The meters of a feeder, or all."""
    return fleet.meters if feeder is None else fleet.meters[fleet.meters["feeder"] == feeder]


def is_near(shown: pd.DataFrame) -> bool:
    """Whether these meters are few enough to be shown as points; else they are in their feeders' columns."""
    return len(shown) <= POINTS_AT_MOST


def top_power(rows: pd.DataFrame) -> float:
    """The power (W) that the deepest colour stands for: the largest, rounded up to 1, 2 or 5 of its decade."""
    largest = rows["power_w"].max()
    if not largest > 0:
        return 1_000.0
    decade = 10 ** math.floor(math.log10(largest))
    return float(next(step * decade for step in (1, 2, 5, 10) if step * decade >= largest))


def shade(share: float, look: Look) -> Colour:
    """From little to much as `share` goes from 0 to 1; by the root, since most meters draw little."""
    root = math.sqrt(min(max(share, 0.0), 1.0))
    return [round(low + (high - low) * root) for low, high in zip(look.little, look.much, strict=True)]


def _points(meters: pd.DataFrame, look: Look) -> pydeck.Layer:
    top = top_power(meters)
    data = [
        {
            "meter_id": row.meter_id,
            "at": [row.lon, row.lat],
            "colour": look.silent if row.silent else shade(row.power_w / top, look),
            "name": units.in_html(row.meter_id),
            "text": _text(row),
        }
        for row in meters.itertuples()
    ]
    return pydeck.Layer(
        "ScatterplotLayer", data, id="meters", get_position="at", get_fill_color="colour",
        get_radius=9, radius_min_pixels=3, radius_max_pixels=14, pickable=True, auto_highlight=True,
    )  # fmt: skip


def _text(row: Any) -> str:
    feeder = f"feeder {units.in_html(row.feeder)}"
    if not row.silent:
        return f"{units.scaled(row.power_w, 'W')}, {feeder}"
    return f"silent {'since ever' if math.isnan(row.silent_s) else f'for {units.duration(row.silent_s)}'}, {feeder}"


def _columns(feeders: pd.DataFrame, look: Look) -> pydeck.Layer:
    """Columns as high as the feeders' load; one has the colour of silence if half of its meters are silent."""
    top = top_power(feeders)
    data = [
        {
            "feeder": row.feeder,
            "at": [row.lon, row.lat],
            "height": row.power_w / top * 600,
            "colour": look.silent if row.silent * 2 >= row.meters else shade((row.power_w / top) ** 2, look),
            "name": units.in_html(row.feeder),
            "text": _feeder_text(row),
        }
        for row in feeders.itertuples()
    ]
    return pydeck.Layer(
        "ColumnLayer", data, id="feeders", get_position="at", get_elevation="height", get_fill_color="colour",
        radius=55, disk_resolution=16, pickable=True, auto_highlight=True,
    )  # fmt: skip


def _areas(feeders: pd.DataFrame, meters: pd.DataFrame, look: Look) -> pydeck.Layer:
    """Where a feeder's meters are: a disc on the ground that reaches to the farthest."""
    placed = meters.merge(feeders[["feeder", "lat", "lon"]], on="feeder", suffixes=("", "_mid"))
    north = (placed["lat"] - placed["lat_mid"]) * METERS_A_DEGREE
    east = (placed["lon"] - placed["lon_mid"]) * METERS_A_DEGREE * math.cos(math.radians(placed["lat"].mean()))
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
        get_fill_color=look.ground, pickable=True,
    )  # fmt: skip


def _feeder_text(row: Any) -> str:
    silent = f", {row.silent} silent" if row.silent else ""
    return f"{units.scaled(row.power_w, 'W')} from {units.count(row.meters, 'meter')}{silent}"


def _view(meters: pd.DataFrame, pitch: int) -> pydeck.ViewState:
    """Fits the meters, with some room around them."""
    south, north, west, east = (getattr(meters[axis], end)() for axis in ("lat", "lon") for end in ("min", "max"))
    middle = (south + north) / 2
    width = max(east - west, 0.002) * ROOM
    height = max(north - south, 0.002) * ROOM / math.cos(math.radians(middle)) * math.cos(math.radians(pitch))
    zoom = min(math.log2(WIDTH * 360 / 512 / width), math.log2(HEIGHT * 360 / 512 / height))
    return pydeck.ViewState(
        latitude=float(middle), longitude=float((west + east) / 2), zoom=round(min(zoom, 17.0), 2), pitch=pitch
    )
