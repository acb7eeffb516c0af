"""Areas and their borders of a TopoJSON file, cut to a box of longitudes and latitudes (degrees).

countries-50m.json.gz is Natural Earth's 1:50m, and states-10m.json.gz the U.S. Census Bureau's, both in the public
domain, as packaged by world-atlas 2.0.2 and us-atlas 3.0.1 (ISC license, Michael Bostock).
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
PLACES = 2  # of degrees, about 1 km: as exact as the maps are
Point = tuple[float, float]
Line = list[Point]


class Box(NamedTuple):
    """A box of longitudes and latitudes (degrees)."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, point: Point) -> bool:
        """Whether a point is in the box."""
        return self.west <= point[0] <= self.east and self.south <= point[1] <= self.north


class Area(NamedTuple):
    """A country or state: its name and its outer rings."""

    name: str
    rings: tuple[Line, ...]


class Map(NamedTuple):
    """The areas of a file, and the lines around them: each once, coasts as well as borders."""

    areas: tuple[Area, ...]
    lines: tuple[Line, ...]


@cache
def read(name: str, kind: str) -> Map:
    """The geometries of a kind in the file of this name."""
    topology = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    arcs = [_decoded(arc, topology["transform"]) for arc in topology["arcs"]]
    areas, used = [], Counter[int]()
    for one in topology["objects"][kind]["geometries"]:
        polygons = one.get("arcs", ()) if one["type"] == "MultiPolygon" else (one.get("arcs", ()),)
        rings = [polygon[0] for polygon in polygons if polygon]
        areas.append(Area(one["properties"]["name"], tuple(_joined(ring, arcs) for ring in rings)))
        used.update(arc if arc >= 0 else ~arc for ring in rings for arc in ring)
    return Map(tuple(areas), tuple(arcs[number] for number in used))


def _decoded(arc: Iterable[Sequence[int]], transform: dict[str, Any]) -> Line:
    """An arc, whose points are stored as steps from the one before."""
    (kx, ky), (x0, y0) = transform["scale"], transform["translate"]
    x = y = 0
    line = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        line.append((round(x * kx + x0, PLACES), round(y * ky + y0, PLACES)))
    return [*dict.fromkeys(line[:-1]), line[-1]]


def _joined(ring: Iterable[int], arcs: Sequence[Line]) -> Line:
    """The ring of these arcs; ~n is arc n backward."""
    return [point for arc in ring for point in (arcs[arc] if arc >= 0 else arcs[~arc][::-1])[:-1]]


def within(line: Line, box: Box) -> Iterator[Line]:
    """The parts of a line whose segments have an end in the box."""
    part: Line = []
    for start, end in pairwise(line):
        if box.holds(start) or box.holds(end):
            part = part or [start]
            part.append(end)
        elif part:
            yield part
            part = []
    if part:
        yield part


def cut(ring: Line, box: Box) -> Line:
    """The part of a ring in the box (Sutherland and Hodgman); empty if there is none."""
    edges: tuple[tuple[int, float, Callable[[float, float], bool]], ...] = (
        (0, box.west, float.__ge__),
        (0, box.east, float.__le__),
        (1, box.south, float.__ge__),
        (1, box.north, float.__le__),
    )
    for axis, limit, is_inside in edges:
        kept: Line = []
        for before, point in zip(ring[-1:] + ring[:-1], ring, strict=True):
            if is_inside(before[axis], limit) != is_inside(point[axis], limit):
                kept.append(_crossing(before, point, axis, limit))
            if is_inside(point[axis], limit):
                kept.append(point)
        ring = kept
    return ring


def _crossing(one: Point, other: Point, axis: int, limit: float) -> Point:
    share = (limit - one[axis]) / (other[axis] - one[axis])
    x, y = (round(a + (b - a) * share, PLACES) for a, b in zip(one, other, strict=True))
    return x, y
