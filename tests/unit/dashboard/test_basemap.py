"""The basemap: land, coasts and borders of this package, its grid, and the tiles of a map service."""

import json
from urllib.parse import unquote

import pydeck
import pytest

from dashboard.basemap import layers, topology
from dashboard.basemap.topology import Box

SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
SACRAMENTO = pydeck.ViewState(latitude=38.58, longitude=-121.49, zoom=14)


def inside(point: tuple[float, float], ring: list[tuple[float, float]]) -> bool:
    """Whether a point is in a ring, by the number of its edges to the east."""
    x, y = point
    crossed = 0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        crossed += (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
    return crossed % 2 == 1


@pytest.mark.parametrize(
    ("place", "country"),
    [((-121.49, 38.58), "United States of America"), ((13.4, 52.5), "Germany"), ((-30.0, 40.0), None)],
)
def test_a_place_lies_in_its_country_and_in_no_other(place: tuple[float, float], country: str | None) -> None:
    areas = topology.read("countries-50m", "countries").areas
    assert [area.name for area in areas if any(inside(place, ring) for ring in area.rings)] == [country] * bool(country)


def test_a_ring_is_cut_at_the_edges_of_a_box() -> None:
    assert sorted(topology.cut(SQUARE, Box(2, 1, 9, 3))) == [(2.0, 1.0), (2.0, 3.0), (4.0, 1.0), (4.0, 3.0)]
    assert topology.cut(SQUARE, Box(5, 5, 6, 6)) == []
    assert sorted(topology.cut(SQUARE, Box(-1, -1, 9, 9))) == sorted(SQUARE)


def test_a_line_is_parted_where_it_leaves_a_box() -> None:
    line = [(0.0, 0.0), (1.0, 0.0), (5.0, 0.0), (9.0, 0.0), (1.0, 1.0)]
    assert [*topology.within(line, Box(0, 0, 2, 2))] == [line[:3], line[3:]]


def test_a_map_of_sacramento_has_land_water_the_states_around_it_and_their_names() -> None:
    land, lines, names = layers.around_here(Box(*layers.around(-121, 39)))
    assert inside((-121.49, 38.58), land[0])
    assert not any(inside((-125.0, 38.0), ring) for ring in land)  # the Pacific
    assert len(lines) > 2
    assert {name for name, *_ in names} == {"California", "Idaho", "Nevada", "Oregon"}


@pytest.mark.parametrize("zoom", [3, 8, 14, 17])
def test_the_view_has_four_to_ten_grid_lines_at_any_zoom(zoom: int) -> None:
    view = pydeck.ViewState(latitude=38.58, longitude=-121.49, zoom=zoom)
    lines, marks = layers.graticule(view)
    half = layers.VIEW_PX * 360 / 512 / 2**zoom / 2
    across = {line[0][0] for line in lines if line[0][0] == line[1][0] and abs(line[0][0] + 121.49) <= half}
    assert 3 <= len(across) <= 10
    assert {text[-3:] for text, *_ in marks} <= {"° N", "° W", "° E", "° S"}


@pytest.mark.parametrize("zoom", [3, 8.3, 12, 14.7, 17])
def test_no_two_degrees_of_the_grid_overlap(zoom: float) -> None:
    _, marks = layers.graticule(pydeck.ViewState(latitude=38.58, longitude=-121.49, zoom=zoom))
    degree_px = 512 * 2**zoom / 360
    boxes = [(lon * degree_px, lat * degree_px, len(text) * 6) for text, lon, lat in marks]
    for number, (x, y, width) in enumerate(boxes):
        for other_x, other_y, other_width in boxes[number + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x or abs(y - other_y) >= 12
            assert apart, (zoom, marks[number])


def test_a_map_is_small_enough_to_be_sent_every_few_seconds() -> None:
    for longitude in (-121.49, 7.0, 10.0):
        view = pydeck.ViewState(latitude=52.5, longitude=longitude, zoom=14)
        assert len(layers.deck([], view, layers.LIGHT).to_json()) < 150_000


def test_the_basemap_is_under_a_megabyte() -> None:
    assert sum(file.stat().st_size for file in topology.FOLDER.glob("*.gz")) < 1_000_000


def test_a_map_service_s_tiles_take_the_place_of_the_basemap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(layers.TILES, "https://tiles.example.com/{z}/{x}/{y}.png")
    monkeypatch.setenv(layers.CREDIT, "© Example")
    shown = layers.deck([], SACRAMENTO, layers.DARK)
    assert shown.layers == []
    tiles = json.loads(unquote(shown.map_style).partition(",")[2])["sources"]["tiles"]
    assert (tiles["tiles"], tiles["attribution"]) == (["https://tiles.example.com/{z}/{x}/{y}.png"], "© Example")
