"""The planner's page: which feeder or transformer is near its rating, now, today or tomorrow."""

import pandas as pd
import streamlit as st

from analytics.network_loading import NEAR, POWER_FACTOR, Loading, zone_of
from dashboard import data, layout
from dashboard.live.fleet_map import DARK, LIGHT
from dashboard.network import network_map, network_text
from dashboard.show_errors import show_errors
from presentation import units

KINDS = {"Transformers": "transformer", "Feeders": "feeder"}
MOST_ROWS = 200  # of the table that a screen reader reads; more are in a grid
MOST_LABELS = 400  # on the map; the most loaded ones


def figures(found: list[Loading]) -> None:
    """Draw how many are near their rating, and how many have none."""
    with layout.metrics("network"):
        for label, shares in (
            (f"Over {NEAR:.0%} now", [one.now_share for one in found]),
            (f"Over {NEAR:.0%} today", [one.today_share for one in found]),
            (f"Over {NEAR:.0%} tomorrow", [one.tomorrow_share for one in found]),
        ):
            known = [share for share in shares if share is not None]
            st.metric(label, f"{sum(share > NEAR for share in known):,}" if known else "–", border=True)
        without = sum(one.rating_kva is None for one in found)
        st.metric("Without a rating", f"{without:,}", help="Add it in equipment.csv of the registry.", border=True)


def near_rating(found: list[Loading], zone: str) -> None:
    """Draw the list of those near their rating."""
    st.header(f"Over {NEAR:.0%} of the rating")
    if all(one.rating_kva is None for one in found):
        st.info("The registry has no ratings. Apply an equipment.csv with them (docs/registry.md).")
    elif all(one.highest_share is None for one in found):
        st.info("No meter reports, so the loads are not known. The Live page lists silent meters.")
    elif near := network_text.near(found):
        table(f"Over {NEAR:.0%} of the rating", near, zone)
    else:
        st.success(
            f"No feeder or transformer carries more than {NEAR:.0%} of its rating.", icon=":material/check_circle:"
        )


def table(name: str, found: list[Loading], zone: str) -> None:
    """Draw rows as a table that a screen reader can read; as a grid if there are too many."""
    rows = network_text.rows(found, zone)
    if len(rows) > MOST_ROWS:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    else:
        layout.table(name, rows)


@st.fragment(run_every=30)
def network() -> None:
    """Draw all of it."""
    with show_errors(), layout.loading("network"):
        found, now = data.network()
        meters = data.registry()
        if not meters:
            st.info("No meters are registered. Apply a registry, or start a fleet with `electrocloud up`.")
            return
        zone = zone_of(meters)
        st.caption(
            f"Latest reading: **{units.moment(now, zone)}**, {units.zone_name(now, zone)}. kVA at a power factor of "
            f"{POWER_FACTOR}; peaks are means of an hour. Feeders have forecasts, transformers have none."
        )
        figures(found)
        layout.paint_first()
        near_rating(found, zone)
        st.header("All")
        kind = st.selectbox("Show", [*KINDS], key="kind", bind="query-params")
        shown = [one for one in found if one.kind == KINDS[kind]]
        if not shown:
            st.info(f"The registry names no {kind.lower()} at its service points.")
            return
        look = DARK if st.context.theme.type == "dark" else LIGHT
        st.pydeck_chart(network_map.deck(shown[:MOST_LABELS], look), height=network_map.HEIGHT)
        st.caption(
            "Blue: up to 80% of the rating; orange: over 80%; magenta: over 100%; gray: unknown. Labels give the share."
        )
        table(kind, shown, zone)


st.title("Network")
network()
