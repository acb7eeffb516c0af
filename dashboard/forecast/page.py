"""The planner's page: day-ahead forecasts of the fleet and its feeders, their errors, and month-end bill forecasts."""

import streamlit as st

from dashboard import data
from dashboard.forecast import day_ahead, forecast_data, month_ends, outlook, outlook_chart
from electrocloud.aws.store.hourly_loads import FLEET
from electrocloud.domain.local_time import DAY_S, HOUR_S
from presentation import units

WHOLE_FLEET = "Whole fleet"
NOT_YET = (
    "There is no forecast for this load yet. Forecasts are made each night and need two days of Parquet; "
    "on a laptop, `python -m laptop.forecasting_loop` makes them now."
)


def series_chosen() -> str:
    """Draw the choice of a load; its series."""
    feeders = sorted({meter.feeder for meter in data.registry()})
    chosen = st.selectbox("Forecast for", [WHOLE_FLEET, *feeders], key="load", bind="query-params")
    return FLEET if chosen == WHOLE_FLEET else f"feeder/{chosen}"


@st.fragment(run_every=30)
def headline(series: str) -> None:
    """Draw the newest forecast of a series in numbers."""
    with data.show_errors(), data.loading("day_ahead", 130):
        made, fleet = forecast_data.newest(series), data.fleet()
        if not made or not fleet:
            st.info(NOT_YET, icon=":material/hourglass_empty:")
            return
        newest = made[0]
        hours = outlook.hours_of([newest])
        start = float(hours["start"].iloc[0])
        until = newest.readings_until
        known = f" · readings until {units.moment(until.timestamp(), fleet.zone)}" if until else ""
        made_at = units.moment(newest.made_at.timestamp(), fleet.zone)
        st.caption(
            f"Forecast for {units.count(len(hours), 'hour')} from **{units.moment(start, fleet.zone)}**, "
            f"{units.zone_name(start, fleet.zone)} · model {units.in_markdown(newest.model)} · made {made_at}{known}"
        )
        coming = hours[hours["start"] + HOUR_S > fleet.now]
        if coming.empty:
            st.info("All hours of the latest forecast have passed. The next one is made tonight.")
        else:
            day_ahead.figures(newest, coming, fleet.zone)


@st.fragment(run_every=30, parallel=True)
def course(series: str) -> None:
    """Draw the last days' forecasts beside the load."""
    with data.show_errors(first=False), data.loading("course", 430):
        made, fleet = forecast_data.newest(series), data.fleet()
        if not made or not fleet:
            return
        load = forecast_data.series_load(series)
        st.markdown(f"**Recent forecasts and actuals.** {day_ahead.verdict(made, load)}")
        since = fleet.now - forecast_data.DAYS * DAY_S
        hours = outlook.hours_of(made)
        st.vega_lite_chart(outlook_chart.outlook(hours, load, fleet.now, since, fleet.zone), key="course", height=380)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.dataframe(day_ahead.past(made, load, fleet.zone), hide_index=True)
        with right, st.expander("Models compared"):
            day_ahead.models(made[0])


st.title("Forecast")
with data.show_errors(again=True):
    series = series_chosen()
    headline(series)
    data.paint_first()
    course(series)
    st.subheader("Month-end bill forecast")
    month_ends.draw()
