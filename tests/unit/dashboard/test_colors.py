"""The colors of charts and maps: their contrast with the page, and whether color-blind people can tell them apart."""

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from dashboard import charts

CONFIG = Path(charts.__file__).parent / ".streamlit" / "config.toml"
BACKGROUNDS = {"light": "#FFFFFF", "dark": "#1A1917"}  # Streamlit's
NON_TEXT = 3.0  # WCAG 2.1, 1.4.11
COLORS = {name: getattr(charts, name) for name in ("BLUE", "ORANGE", "GREEN", "GRAY", "MAGENTA")}
# How people see linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
TOLD_APART = 10.0  # CIE76; 2.3 is just noticeable


def linear(color: str) -> np.ndarray:
    parts = np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(color) @ XYZ[1]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    scaled = XYZ @ np.clip(rgb, 0, 1) / WHITE
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", BACKGROUNDS)
@pytest.mark.parametrize("name", COLORS)
def test_lines_and_points_stand_out_from_the_page(name: str, theme: str) -> None:
    assert contrast(COLORS[name], BACKGROUNDS[theme]) >= NON_TEXT


@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_the_first_four_series_of_a_chart_stand_out_from_the_page(theme: str) -> None:
    colors = tomllib.loads(CONFIG.read_text())["theme"][theme]["chartCategoricalColors"]
    assert min(contrast(color, BACKGROUNDS[theme]) for color in colors[:4]) >= NON_TEXT


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("shown", [("BLUE", "ORANGE", "GREEN", "GRAY"), ("BLUE", "ORANGE", "MAGENTA", "GRAY")])
def test_the_colors_of_a_chart_or_a_map_are_told_apart_by_anybody(shown: tuple[str, ...], sight: str) -> None:
    seen = {name: lab(SIGHT[sight] @ linear(COLORS[name])) for name in shown}
    near = {
        pair for pair in itertools.combinations(seen, 2) if np.linalg.norm(seen[pair[0]] - seen[pair[1]]) < TOLD_APART
    }
    assert near == set()
