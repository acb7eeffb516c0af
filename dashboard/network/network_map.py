"""The map of the network: each feeder or transformer with its name and the share of its rating that it carries.

Labels say what colors say.
"""

from collections.abc import Sequence

import pydeck

from analytics.network_loading import NEAR, Loading
from dashboard import charts
from dashboard.basemap import layers
from dashboard.live import fleet_map
from dashboard.network.network_text import percent
from presentation import units

HEIGHT = 420
_LOW, _NEAR, _OVER, _UNKNOWN = map(fleet_map.rgb, (charts.BLUE, charts.ORANGE, charts.MAGENTA, charts.GRAY))


def deck(shown: Sequence[Loading], look: fleet_map.Palette) -> pydeck.Deck:
    """A labeled point for each; the color is of the highest share."""
    data = [
        {
            "at": [one.longitude, one.latitude],
            "color": _color(one.highest_share),
            "label": f"{one.name} {percent(one.highest_share)}",
            "name": units.in_html(one.name),
            "text": f"{one.kind}, highest load {percent(one.highest_share)} of its rating",
        }
        for one in shown
    ]
    points = pydeck.Layer(
        "ScatterplotLayer", data, id="equipment", get_position="at", get_fill_color="color",
        get_radius=12, radius_min_pixels=6, radius_max_pixels=16, pickable=True, auto_highlight=True,
    )  # fmt: skip
    labels = pydeck.Layer(
        "TextLayer", data, id="labels", get_position="at", get_text="label", get_size=12, get_color=look.text,
        get_pixel_offset=[0, -24],
    )  # fmt: skip
    return layers.deck(
        [points, labels],
        fleet_map.view([one.latitude for one in shown], [one.longitude for one in shown]),
        look.below,
        tooltip={"html": "<b>{name}</b><br>{text}", "style": {"fontSize": "0.85rem"}},
    )


def _color(share: float | None) -> list[int]:
    if share is None:
        return _UNKNOWN
    return _OVER if share > 1 else _NEAR if share > NEAR else _LOW
