"""The planner's page: forecasts of the fleet and its feeders by the day, their errors, and month-end bill forecasts."""

from datetime import date, datetime

import streamlit as st

from dashboard import data, layout
from dashboard.fleet import Fleet
from dashboard.forecast import day_ahead, day_table, forecast_data, month_ends, outlook, outlook_chart
from dashboard.show_errors import show_errors
from electrocloud.aws.store.hourly_loads import FLEET
from electrocloud.domain.forecast import Forecast, ForecastWeather, errors_by_lead
from electrocloud.domain.local_time import DAY_S, HOUR_S
from presentation import units

WHOLE_FLEET = "Whole fleet"
NOT_YET = (
    "There is no forecast for this load yet. Forecasts are made every six hours, on a laptop every two minutes, once "
    "there are two days of readings in the lake."
)
LEADS = {
    "Days ahead": "Days after that of the last reading; 0 is the rest of that day.",
    "Error (WAPE)": "Sum of the hours' absolute errors divided by the sum of the load.",
    "Backtest error": "The same, when the chosen model forecast past days from the data known before them.",
    "Peak hour off": "By how many hours the time of the peak was off, on average.",
    "Coverage": "Share of hours within the 80% interval.",
}


def series_chosen() -> str:
    """Draw the choice of a load; its series."""
    feeders = sorted({meter.feeder for meter in data.registry()})
    chosen = st.selectbox("Forecast for", [WHOLE_FLEET, *feeders], key="load", bind="query-params")
    return FLEET if chosen == WHOLE_FLEET else f"feeder/{chosen}"


@st.fragment(run_every=30)
def headline(series: str) -> None:
    """Draw the newest forecast of a series: tomorrow's peak in numbers, and the days to come."""
    with show_errors(), layout.loading("by_day"):
        made, fleet = forecast_data.newest(series), data.fleet()
        if not made or not fleet:
            st.info(NOT_YET, icon=":material/hourglass_empty:")
            return
        newest = made[0]
        st.caption(provenance(newest, fleet))
        hours = outlook.hours_of([newest])
        remaining = hours[hours["start"] + HOUR_S > fleet.now]
        today = today_of(newest, fleet)
        coming = [day for day in newest.days if day.day >= today]
        errors = {one.lead: one for one in errors_by_lead(made)}
        if remaining.empty:
            st.info("All hours of the latest forecast have passed, so readings stopped. See the Health page.")
        elif not coming:  # a forecast that an earlier version stored
            day_ahead.figures("day_ahead", newest, remaining, fleet.zone)
        else:
            day_ahead.of_day(next((day for day in coming if day.day > today), coming[-1]), newest, errors, today)
            layout.paint_first()
            st.dataframe(day_table.coming(coming, errors, today), hide_index=True, key="days")


def provenance(made: Forecast, fleet: Fleet) -> str:
    """When a forecast was made, from which readings, by which model, and what a reader should know of it."""
    until = made.readings_until
    known = f" from readings until {units.moment(until.timestamp(), fleet.zone)}" if until else ""
    at = made.made_at.timestamp()
    weather = f" Weather: {weather_text(made.weather, fleet.zone)}." if made.weather else ""
    note = f" Note: {units.in_markdown(made.note)}." if made.note else ""
    return (
        f"Made {units.moment(at, fleet.zone)}{known}, {units.zone_name(at, fleet.zone)}, "
        f"by {units.in_markdown(made.model)}.{weather}{note}"
    )


def weather_text(weather: ForecastWeather, zone: str) -> str:
    """Of which stations the weather is, and when it was forecast, as Markdown."""
    named = ", ".join(map(units.in_markdown, weather.stations))
    return f"{named}, forecast issued {units.moment(weather.issued.timestamp(), zone)}" if weather.issued else named


def today_of(made: Forecast, fleet: Fleet) -> date:
    """The day of the fleet's newest reading, on the forecast's clock."""
    return datetime.fromtimestamp(fleet.now, made.rows[0].timestamp.tzinfo).date()


@st.fragment(run_every=30, parallel=True)
def course(series: str) -> None:
    """Draw the last days' forecasts beside the load, the days ahead, and the errors."""
    with show_errors(first=False), layout.loading("course"):
        made, fleet = forecast_data.newest(series), data.fleet()
        if not made or not fleet:
            return
        load = forecast_data.series_load(series)
        st.markdown("**The days ahead, and recent forecasts beside actuals**")
        since = fleet.now - forecast_data.DAYS * DAY_S
        hours = outlook.hours_of(made)
        st.vega_lite_chart(outlook_chart.outlook(hours, load, fleet.now, since, fleet.zone), key="course", height=380)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.markdown("**Error by days ahead**")
            errors = errors_by_lead(made)
            if errors:
                helps = {name: st.column_config.TextColumn(help=text) for name, text in LEADS.items()}
                st.dataframe(day_table.by_lead(made[0].days, errors), hide_index=True, key="leads", column_config=helps)
            else:
                st.caption("No day of these forecasts has all of its actuals yet.")
        with right, st.expander("Models compared"):
            day_ahead.models(made[0])
        past = day_table.recent(made, today_of(made[0], fleet))
        if not past.empty:
            st.markdown("**Recent days, as forecast the day before**")
            st.dataframe(past, hide_index=True, key="recent")


st.title("Forecast")
with show_errors(again=True):
    series = series_chosen()
    headline(series)
    course(series)
    st.header("Month-end bill forecast")
    month_ends.draw()
