"""The map of the fleet: feeders as columns, meters as points, by what they draw."""

import math

import pydeck

from dashboard import wording
from dashboard.fleet import Fleet, feeders_of

SILENT = [213, 94, 0, 230]
PALE, DEEP = (158, 202, 225), (8, 69, 148)


def shade(share: float) -> list[int]:
    """From pale to deep blue as `share` goes from 0 to 1."""
    return [round(pale + (deep - pale) * share) for pale, deep in zip(PALE, DEEP, strict=True)] + [220]


def deck(fleet: Fleet) -> pydeck.Deck:
    meters = fleet.meters
    top = meters["power_w"].max() or 1.0
    points = [
        {
            "meter_id": row.meter_id,
            "at": [row.lon, row.lat],
            "color": SILENT if row.silent else shade(math.sqrt(row.power_w / top)),
            "name": wording.in_html(row.meter_id),
            "load": "silent" if row.silent else wording.scaled(row.power_w, "W"),
        }
        for row in meters.itertuples()
    ]
    feeders = [
        {
            "feeder": row.feeder,
            "at": [row.lon, row.lat],
            "height": row.power_w,
            "name": wording.in_html(row.feeder),
            "load": wording.scaled(row.power_w, "W"),
        }
        for row in feeders_of(fleet).itertuples()
    ]
    highest = max(f["height"] for f in feeders) or 1
    span = max(meters["lat"].max() - meters["lat"].min(), (meters["lon"].max() - meters["lon"].min()) * 0.62) * 111320
    layers = [
        pydeck.Layer(
            "ScatterplotLayer",
            points,
            id="meters",
            get_position="at",
            get_fill_color="color",
            get_radius=8,
            radius_min_pixels=2,
            pickable=True,
            auto_highlight=True,
        ),
        pydeck.Layer(
            "ColumnLayer",
            feeders,
            id="feeders",
            get_position="at",
            get_elevation="height",
            elevation_scale=span / 4 / highest,
            radius=span / 80,
            get_fill_color=[86, 180, 233, 160],
            pickable=True,
            auto_highlight=True,
            disk_resolution=12,
        ),
    ]
    view = pydeck.ViewState(
        latitude=float(meters["lat"].mean()),
        longitude=float(meters["lon"].mean()),
        zoom=math.log2(360 * 420 / 512 / (span / 111320 * 1.6)),
        pitch=40,
    )
    return pydeck.Deck(layers, initial_view_state=view, map_provider=None, tooltip={"html": "<b>{name}</b><br>{load}"})
