"""What lies below the points of a map: land and water, coasts, borders, names, and a grid of longitudes and latitudes.

All of it is in this package, so that a page depends on no other server and tells none where customers are. With
ELECTROCLOUD_MAP_TILES, the address of a map service's tiles such as `https://tiles.example.com/{z}/{x}/{y}.png`, the
browser draws those instead; the service then sees which places are looked at.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import pydeck

from dashboard.basemap import topology
from dashboard.basemap.topology import Area, Box, Line

TILES = "ELECTROCLOUD_MAP_TILES"
CREDIT = "ELECTROCLOUD_MAP_CREDIT"  # shown below the map, as map services ask for
NEAR_LAT, NEAR_LON = 3, 5  # degrees around the middle that are drawn
FILES = (("countries-50m", "countries"), ("states-10m", "states"))
STEPS = tuple(digit * 10.0**power for power in range(1, -5, -1) for digit in (5, 2, 1))  # degrees between grid lines
LINES = 4  # at least, across the view
CHARACTER_PX = 6.5  # width of a digit of the degrees, and some room
VIEW_PX = 330  # width of a map on a phone; a wider one shows more around it

Color = list[int]


class Look(NamedTuple):
    """Colors (red, green, blue, 0 to 255, and opacity): land, water, borders and coasts, grid, and text."""

    land: Color
    water: Color
    line: Color
    grid: Color
    text: Color


LIGHT = Look([250, 249, 246], [228, 238, 246], [150, 155, 165], [120, 130, 140, 60], [84, 90, 100])
DARK = Look([24, 28, 36], [13, 34, 52], [110, 118, 130], [150, 160, 170, 50], [176, 182, 190])


def tiles(environment: Mapping[str, str] = os.environ) -> str:
    """The style of the map service's tiles as a data URL, since Streamlit takes no other; "" if none is configured."""
    if not (address := environment.get(TILES)):
        return ""
    source = {"type": "raster", "tiles": [address], "tileSize": 256, "attribution": environment.get(CREDIT, "")}
    layer = {"id": "tiles", "type": "raster", "source": "tiles"}
    style = json.dumps({"version": 8, "sources": {"tiles": source}, "layers": [layer]})
    return f"data:application/json,{quote(style)}"


def deck(layers: list[pydeck.Layer], view: pydeck.ViewState, look: Look, **options: Any) -> pydeck.Deck:
    """A map with these layers over the basemap, or over the tiles of a map service."""
    if style := tiles():
        return pydeck.Deck(layers, initial_view_state=view, map_provider="carto", map_style=style, **options)
    return pydeck.Deck([*below(view, look), *layers], initial_view_state=view, map_provider=None, **options)


def below(view: pydeck.ViewState, look: Look) -> list[pydeck.Layer]:
    """The basemap around the middle of a view."""
    box = Box(*around(round(view.longitude), round(view.latitude)))
    corners = [[box.west, box.south], [box.east, box.south], [box.east, box.north], [box.west, box.north]]
    land, lines, names = around_here(box)
    grid, marks = graticule(view)
    return [
        _polygons("water", [corners], look.water),
        _polygons("land", land, look.land),
        _lines("grid", grid, look.grid, 1),
        _lines("borders", lines, look.line, 1.5),
        _texts("names", names, look.text, 14, "middle"),
        _texts("degrees", marks, look.text, 10, "start"),
    ]


def around(lon: float, lat: float) -> tuple[float, float, float, float]:
    """West, south, east and north (degrees) of what is drawn around a place."""
    return lon - NEAR_LON, lat - NEAR_LAT, lon + NEAR_LON, lat + NEAR_LAT


@lru_cache(maxsize=4)
def around_here(box: Box) -> tuple[list[Line], list[Line], list[tuple[str, float, float]]]:
    """Land, the lines of coasts and borders, and the names with their places, in a box."""
    countries, states = (topology.read(*file) for file in FILES)
    land = _cut(countries.areas, box)
    in_states = _cut(states.areas, box)
    lines = [part for each in (countries, states) for line in each.lines for part in topology.within(line, box)]
    named = in_states or land
    return [ring for _, ring in land], lines, [(name, *_middle(ring)) for name, ring in _largest(named).items()]


def _cut(areas: Iterable[Area], box: Box) -> list[tuple[str, Line]]:
    parts = ((area.name, topology.cut(ring, box)) for area in areas for ring in area.rings)
    return [(name, ring) for name, ring in parts if ring]


def _largest(parts: Iterable[tuple[str, Line]]) -> dict[str, Line]:
    """The largest ring of each name."""
    return dict(sorted(parts, key=lambda part: abs(_area(part[1]))))


def _area(ring: Line) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) / 2


def _middle(ring: Line) -> tuple[float, float]:
    lons, lats = zip(*ring, strict=True)
    return (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2


def graticule(view: pydeck.ViewState) -> tuple[list[Line], list[tuple[str, float, float]]]:
    """Grid lines over the view and its surroundings, and their degrees, written along the lines through the middle.

    Where texts are longer than the lines are apart, not every line has one.
    """
    degree_px = 512 * 2**view.zoom / 360
    width = VIEW_PX / degree_px
    step = next((size for size in STEPS if width / size >= LINES), STEPS[-1])
    places = max(0, -math.floor(math.log10(step)))
    lons, lats = (
        [round((round(middle / step) + number) * step, 6) for number in range(-12, 13)]
        for middle in (view.longitude, view.latitude)
    )
    lines = [[(lon, lats[0]), (lon, lats[-1])] for lon in lons] + [[(lons[0], lat), (lons[-1], lat)] for lat in lats]
    west, south = lons[11], lats[11]
    across = [(f"{abs(lon):.{places}f}° {'E' if lon >= 0 else 'W'}", lon, south) for lon in lons]
    longest = max(len(text) for text, *_ in across) * CHARACTER_PX
    every = math.ceil(longest / (step * degree_px))
    marks = [mark for number, mark in enumerate(across) if (number - 12) % every == 0 and mark[1] != west]
    marks += [(f"{abs(lat):.{places}f}° {'N' if lat >= 0 else 'S'}", west, lat) for lat in lats if lat != south]
    return lines, marks


def _polygons(name: str, rings: list[Any], color: Color) -> pydeck.Layer:
    data = [{"ring": ring} for ring in rings]
    return pydeck.Layer("PolygonLayer", data, id=name, get_polygon="ring", get_fill_color=color, stroked=False)


def _lines(name: str, lines: list[Line], color: Color, width: float) -> pydeck.Layer:
    data = [{"path": line} for line in lines]
    return pydeck.Layer(
        "PathLayer", data, id=name, get_path="path", get_color=color, get_width=width, width_units="'pixels'"
    )


def _texts(name: str, texts: list[tuple[str, float, float]], color: Color, size: int, anchor: str) -> pydeck.Layer:
    data = [{"text": text, "at": [lon, lat]} for text, lon, lat in texts]
    return pydeck.Layer(
        "TextLayer", data, id=name, get_position="at", get_text="text", get_size=size, get_color=color,
        get_text_anchor=f"'{anchor}'", get_alignment_baseline="'bottom'", character_set="'auto'",
    )  # fmt: skip
