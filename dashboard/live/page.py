"""The grid operator's page: the fleet now, its last 24 hours, its map, and the silent meters."""

import math
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import charts, data, layout
from dashboard.fleet import Fleet, feeders_of, silent_for
from dashboard.health import health_data
from dashboard.live import fleet_map
from dashboard.live.curve import BEFORE, DAY_S, EXPORT, NOW, last_day, power_by_step
from dashboard.show_errors import show_errors
from electrocloud.domain.meter import SILENCE_MARGIN_S
from presentation import units

MARGIN = SILENCE_MARGIN_S // 3600  # h
EVERY_FEEDER = "Whole fleet"
HEIGHT = 440
NOTHING_YET = "No readings yet. Start a fleet with `electrocloud up`, or send an upload to the ingestion API."


@st.fragment(run_every=3)
def headline() -> None:
    """Draw when the newest reading was, and the fleet in numbers."""
    with show_errors(), layout.loading("headline"):
        fleet = data.fleet()
        if fleet is None:
            st.info(NOTHING_YET, icon=":material/hourglass_empty:")
            return
        now, zone = units.moment(fleet.now, fleet.zone), units.zone_name(fleet.now, fleet.zone)
        meters = units.count(len(fleet.meters), "meter")
        feeders = units.count(fleet.meters["feeder"].nunique(), "feeder")
        st.caption(f"Latest reading: **{now}**, {zone} · {meters} on {feeders}")
        figures(fleet)


def figures(fleet: Fleet) -> None:
    """Draw the fleet's power, its silent meters, and how the pipeline does."""
    pipeline = health_data.pipeline()
    stored, age, rejected = (pipeline[name].values for name in ("ReadingsStored", "UploadAge", "UploadsRejected"))
    total = len(fleet.meters)
    # The last minute is incomplete, so the rate is that of the minute before it.
    rate = stored[-2] / 60 if len(stored) > 1 else 0.0
    with layout.metrics("fleet"):
        for label, value, note in (
            ("Fleet power", units.scaled(fleet.power_w, "W"),
             "Delivered: sum of the latest readings of the reporting meters."),
            ("Reporting", f"{fleet.reporting:,} of {total:,}",
             f"Meters that uploaded within their expected time and {MARGIN} hours. The others are below."),
            ("Readings", f"{rate:,.1f} /s" if rate < 100 else f"{rate:,.0f} /s", "Stored in the last full minute."),
            ("Lag", units.duration(age[-1]) if age else "–",
             "Time from an upload's arrival to its window and bill, 95th percentile."),
            ("Rejected uploads", f"{sum(rejected):,.0f}", "Uploads in the last hour that broke the contract."),
        ):  # fmt: skip
            st.metric(label, value, help=note, border=True)
    if sum(rejected):
        reasons = health_data.quarantined(datetime.now(UTC).date())
        listed = ", ".join(f"{units.in_markdown(reason)} {number:,}" for reason, number in sorted(reasons.items()))
        st.caption(f"Rejected today: {listed or 'none'}.")
        if st.button("View rejected uploads", icon=":material/report:", key="view_rejected"):
            st.switch_page("exceptions/page.py")


@st.fragment(run_every=10, parallel=True)
def curve() -> None:
    """Draw the fleet's last day beside the same day a week before."""
    with show_errors(first=False), layout.loading("curve"):
        fleet = data.fleet()
        if fleet is None:
            return
        until, rows = data.fleet_power()
        frame = last_day(power_by_step(rows), until.timestamp())
        st.markdown(f"**Fleet power**, 15-minute steps. {verdict(frame)}")
        if frame.empty:
            st.info("No Parquet for the last 24 hours has been delivered yet. The chart appears with the next file.")
            return
        name, size = units.prefix(frame["power_w"].abs().max())
        frame = frame.assign(
            ms=frame["start"] * 1000,
            power=frame["power_w"] / size,
            when=[units.moment(start, fleet.zone) for start in frame["start"]],
            shown=[units.scaled(power, "W") for power in frame["power_w"].abs()],
        )
        spec = curve_spec(until.timestamp(), fleet.zone, f"{name}W", exports=EXPORT in set(frame["day"])) | {
            "data": charts.values(frame[["ms", "power", "day", "when", "shown"]])
        }
        # Streamlit draws a chart without its data first, unless they are those of a layer.
        st.vega_lite_chart(charts.layered(spec), key="curve", height=HEIGHT)


def verdict(frame: pd.DataFrame) -> str:
    """The last complete step compared with the same step a week before."""
    now, before = (frame[frame["day"] == day].set_index("start")["power_w"] for day in (NOW, BEFORE))
    if now.empty or now.index[-1] not in before.index:
        return "There are no readings from a week before."
    return f"Now {units.change(now.iloc[-1], before[now.index[-1]])} a week before."


def curve_spec(until: float, zone: str, unit: str, *, exports: bool) -> charts.Spec:
    """The chart of the last day up to `until` (s since 1970 UTC), with power in `unit`, and export below 0 if any."""
    shown = [NOW, BEFORE, EXPORT] if exports else [NOW, BEFORE]
    days = {"domain": shown, "range": [charts.BLUE, charts.GRAY, charts.GREEN][: len(shown)]}
    dashes = {"domain": shown, "range": [[1, 0], [5, 3], [1, 0]][: len(shown)]}
    legend = {"orient": "top", "title": None, "symbolType": "stroke", "symbolStrokeWidth": 2}
    hover = {"name": "hover", "select": {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}}
    return {
        "encoding": {
            "x": charts.time_axis(until - DAY_S, until, zone),
            "y": charts.y_axis("power", "Power", unit),
            "color": {"field": "day", "type": "nominal", "scale": days, "legend": legend},
        },
        "layer": [
            {
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                "encoding": {"strokeDash": {"field": "day", "type": "nominal", "scale": dashes, "legend": legend}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70},
                "params": [hover],
                "encoding": {
                    "opacity": {"condition": {"param": "hover", "empty": False, "value": 1}, "value": 0},
                    "tooltip": [
                        {"field": "shown", "title": "Power"},
                        {"field": "when", "title": "From"},
                        {"field": "day", "title": "Day"},
                    ],
                },
            },
        ],
    }


@st.fragment(run_every=5)
def where() -> None:
    """Draw the map of feeders, or of one feeder's meters."""
    with show_errors(first=False), layout.loading("where"):
        fleet = data.fleet()
        if fleet is None:
            return
        options = [EVERY_FEEDER, *sorted(fleet.meters["feeder"].unique())]
        feeder = st.selectbox("Feeder", options, key="feeder", label_visibility="collapsed", bind="query-params")
        look = fleet_map.DARK if st.context.theme.type == "dark" else fleet_map.LIGHT
        chosen = None if feeder == EVERY_FEEDER else feeder
        drawn = fleet_map.deck(fleet, chosen, look)
        st.pydeck_chart(drawn, height=fleet_map.HEIGHT, on_select=select_feeder, key="map")
        if picked := picked_on_map("meters"):
            st.switch_page("meter/page.py", query_params={"meter": picked["meter_id"]})
        st.html(legend(fleet, chosen, look))


def picked_on_map(layer: str) -> dict[str, str] | None:
    """What was clicked on a layer of the map, if anything was."""
    objects = st.session_state["map"].selection["objects"].get(layer)
    return objects[0] if objects else None


def select_feeder() -> None:
    """Select the feeder clicked on the map."""
    picked = picked_on_map("feeders") or picked_on_map("areas")
    if picked:
        st.session_state["feeder"] = picked["feeder"]


def legend(fleet: Fleet, feeder: str | None, look: fleet_map.Palette) -> str:
    """The map's legend as HTML."""
    near = fleet_map.is_near(fleet_map.shown_of(fleet, feeder))
    top = fleet_map.top_power(fleet.meters if near else feeders_of(fleet))
    shares = (0.0, 0.1, 0.3, 0.6, 1.0)
    ramp = ", ".join(f"rgb{tuple(fleet_map.shade(share if near else share**2, look))} {share:.0%}" for share in shares)
    dot = "width:.8em;height:.8em;border-radius:50%"
    return (
        '<div style="display:flex;gap:.5em;align-items:center;flex-wrap:wrap;font-size:.85rem">'
        f'{"Meter" if near else "Feeder"}: 0 <span style="width:6em;height:.7em;border-radius:.35em;'
        f'background:linear-gradient(90deg,{ramp})"></span> {units.scaled(top, "W")}'
        f'<span style="{dot};margin-left:.8em;background:rgb{tuple(look.silent)}"></span>'
        f'{"silent" if near else "half silent"}<span style="opacity:.7;margin-left:auto">'
        f"Click a {'meter to open it' if near else 'feeder to zoom in'}</span></div>"
    )


@st.fragment(run_every=5)
def silent() -> None:
    """Draw the meters that are silent, the longest first."""
    with show_errors(first=False):
        fleet = data.fleet()
        if fleet is None:
            return
        found = fleet.meters[fleet.meters["silent"]].sort_values("silent_s", ascending=False, na_position="first")
        st.header("Silent meters")
        if found.empty:
            st.caption(f"No meters are silent: all {len(fleet.meters):,} have uploaded in time.")
            return
        st.caption(
            f"{len(found):,} of {len(fleet.meters):,} meters are more than {MARGIN} hours late with their next upload. "
            "Select one to open it."
        )
        table = pd.DataFrame(
            {
                "Meter": found["meter_id"],
                "Feeder": found["feeder"],
                "Uploads every": [units.duration(s) for s in found["upload_every_s"]],
                "Silent for": [
                    silent_for(seconds, asked=asked)
                    for seconds, asked in zip(found["silent_s"], found["asked"], strict=True)
                ],
                "Last reading": [
                    "–" if math.isnan(end) else units.moment(end, fleet.zone) for end in found["read_until"]
                ],
                "Last power": ["–" if math.isnan(power) else units.scaled(power, "W") for power in found["power_w"]],
            }
        )
        chosen = st.dataframe(table, hide_index=True, on_select="rerun", selection_mode="single-row", key="silent")
        if rows := chosen.selection["rows"]:
            st.switch_page("meter/page.py", query_params={"meter": table["Meter"].iloc[rows[0]]})


st.title("Live")
headline()
layout.paint_first()
left, right = st.columns([3, 2], gap="medium")
with left:
    curve()
with right:
    where()
silent()
