"""The grid operator's page: the fleet now, its last day, where the load is, and who is silent."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import charts, data, fleet_map, wording
from dashboard.curve import DAY_S, WEEK_S, last_day, power_by_step
from dashboard.fleet import Fleet

SIZES = (("GW", 1e9), ("MW", 1e6), ("kW", 1e3), ("W", 1.0))


def page() -> None:
    st.title("Live")
    _headline()
    left, right = st.columns([3, 2])
    with left:
        _curve()
    with right:
        _map()
    _silent()


@st.fragment(run_every=3)
def _headline() -> None:
    with data.in_a_sentence():
        fleet = data.fleet()
        if fleet is None:
            st.info("No reading has come yet. Start a fleet with `electrocloud up`, or send an upload to the API.")
            return
        now, zone = wording.moment(fleet.now, fleet.zone), wording.zone_name(fleet.now, fleet.zone)
        meters = wording.count(len(fleet.meters), "meter")
        feeders = wording.count(fleet.meters["feeder"].nunique(), "feeder")
        st.caption(f"Newest reading until **{now}**, {zone} · {meters} on {feeders}")
        _figures(fleet)


def _figures(fleet: Fleet) -> None:
    pipeline = data.pipeline()
    stored, age, bad = (pipeline[name] for name in ("ReadingsStored", "UploadAge", "UploadsQuarantined"))
    silent = int(fleet.meters["silent"].sum())
    rates = [value / 60 for value in stored.values]
    columns = st.columns(5)
    columns[0].metric("Fleet power", wording.scaled(fleet.power_w, "W"), border=True)
    columns[1].metric("Readings stored", f"{rates[-1]:,.1f} /s" if rates else "0 /s", border=True, chart_data=rates)
    columns[2].metric("Lag (95 %)", wording.duration(age.values[-1]) if age.values else "–", border=True)
    columns[3].metric("Quarantined in the hour", f"{sum(bad.values):,.0f}", border=True)
    columns[4].metric("Silent meters", f"{silent:,}", border=True)


@st.fragment(run_every=10, parallel=True)
def _curve() -> None:
    with data.in_a_sentence():
        fleet = data.fleet()
        if fleet is None:
            return
        days = sorted(
            {datetime.fromtimestamp(fleet.now - back, UTC).date() for back in (1, DAY_S, WEEK_S + 1, WEEK_S + DAY_S)}
        )
        frame = last_day(power_by_step(data.fleet_power(tuple(days))), fleet.now)
        unit, size = next(step for step in SIZES if frame["power_w"].max() >= step[1] or step[0] == "W")
        frame = frame.assign(
            ms=frame["start"] * 1000,
            power=frame["power_w"] / size,
            when=[wording.moment(start, fleet.zone) for start in frame["start"]],
            shown=[wording.scaled(power, "W") for power in frame["power_w"]],
        )
        st.vega_lite_chart(frame, _curve_spec(fleet, unit), key="curve")


def _curve_spec(fleet: Fleet, unit: str) -> charts.Spec:
    hover = {"name": "hover", "select": {"type": "point", "on": "pointerover", "nearest": True, "encodings": ["x"]}}
    x = charts.time_axis(fleet.now - DAY_S, fleet.now, fleet.zone)
    tooltip = [
        {"field": "when", "title": "from"},
        {"field": "shown", "title": "power"},
        {"field": "week", "title": "day"},
    ]
    return {
        "height": 380,
        "encoding": {
            "x": x,
            "y": charts.y_axis("power", "Fleet power", unit),
            "color": {
                "field": "week",
                "type": "nominal",
                "title": None,
                "legend": {"orient": "top"},
                "scale": {"domain": ["now", "week before"], "range": [charts.BLUE, charts.GREY]},
            },
        },
        "layer": [
            {
                "mark": {"type": "line", "interpolate": "step-after"},
                "encoding": {
                    "strokeDash": {
                        "field": "week",
                        "type": "nominal",
                        "legend": None,
                        "scale": {"domain": ["now", "week before"], "range": [[1, 0], [5, 3]]},
                    },
                    "strokeWidth": {"value": 2},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60},
                "params": [hover],
                "encoding": {
                    "opacity": {"condition": {"param": "hover", "empty": False, "value": 1}, "value": 0},
                    "tooltip": tooltip,
                },
            },
        ],
    }


@st.fragment(run_every=5)
def _map() -> None:
    with data.in_a_sentence():
        fleet = data.fleet()
        if fleet is None:
            return
        st.pydeck_chart(fleet_map.deck(fleet), height=420, on_select="rerun", key="map")


@st.fragment(run_every=5)
def _silent() -> None:
    with data.in_a_sentence():
        fleet = data.fleet()
        if fleet is None:
            return
        silent = fleet.meters[fleet.meters["silent"]]
        if silent.empty:
            st.caption("No meter is silent for longer than its interval.")
            return
        st.subheader("Silent meters")
        st.dataframe(
            pd.DataFrame(
                {
                    "Meter": silent["meter_id"],
                    "Feeder": silent["feeder"],
                    "Silent for": ["always" if pd.isna(s) else wording.duration(s) for s in silent["silent_s"]],
                }
            ),
            hide_index=True,
        )
