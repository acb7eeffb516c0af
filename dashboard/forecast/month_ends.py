"""Month-end bill forecasts: a list of all meters, and one meter with its next day."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import data, layout
from dashboard.bills import bill_data
from dashboard.fleet import Fleet
from dashboard.forecast import day_ahead, forecast_data, outlook, outlook_chart
from dashboard.meter import meter_data
from dashboard.show_errors import show_errors
from electrocloud.domain.forecast import MonthEnd
from electrocloud.domain.local_time import DAY_S, BillingMonth, day_of
from presentation import units
from presentation.export_text import forecast_notes
from presentation.money_text import money, rough

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

LISTED = 200
HIGHEST, ABOVE = "Highest bill", "Most above last month"

COLUMNS: "dict[str, ColumnConfig | str]" = {
    "meter_id": "Meter",
    "energy_kwh": st.column_config.NumberColumn("Energy, kWh", format="%,.0f"),
    "total": st.column_config.NumberColumn("Forecast bill", format="%,.2f"),
    "low": st.column_config.NumberColumn("Low", format="%,.2f", help="80% of bills end between Low and High."),
    "high": st.column_config.NumberColumn("High", format="%,.2f"),
    "above": st.column_config.NumberColumn(
        "Above last month", format="%+,.2f", help="Shown if last month's bill has all its readings."
    ),
}


@st.fragment(parallel=True)
def draw() -> None:
    """Draw the month-end forecasts of all meters, and of the one that is selected."""
    with show_errors(first=False):
        fleet = data.fleet()
        if not fleet:
            return
        month = BillingMonth.at(int(fleet.now) - 1, fleet.zone)
        named = units.month(str(month))
        ends = forecast_data.month_ends(str(month))
        if not ends:
            st.info(f"There are no month-end forecasts for {named} yet. A meter needs a week of readings.")
            return
        st.markdown(summary(ends, len(fleet.meters), named))
        table = outlook.month_end_table(ends, bill_data.bills_of_month(str(month.preceding)))
        if meter_id := list_of(table):
            of_one(next(end for end in ends if end.meter_id == meter_id), fleet)


def summary(ends: Sequence[MonthEnd], meters: int, month: str) -> str:
    """What all forecast meters use, and what they pay in each currency, as Markdown."""
    energy = outlook.together(end.energy_kwh for end in ends)
    paid = []
    for currency in sorted({end.currency for end in ends}):
        bills = outlook.together(end.total for end in ends if end.currency == currency)
        low, middle, high = (rough(amount, currency) for amount in (bills.low, bills.value, bills.high))
        paid.append(f"**{middle}** (worst case {low} or {high}, if every meter is off in the same direction)")
    return (
        f"Forecast for {units.count(len(ends), 'meter')} of {meters:,} in {month}: "
        f"**{units.scaled(float(energy.value) * 1000, 'Wh')}** and {' and '.join(paid)}."
    )


def list_of(table: pd.DataFrame) -> str | None:
    """Draw the filtered list of month-ends; returns the meter that is selected, or the only one listed."""
    find, order = st.columns([2, 3], vertical_alignment="bottom")
    text = find.text_input("Meter", placeholder="any part of the meter ID", key="meter", bind="query-params").strip()
    by = HIGHEST
    if table["above"].notna().any():
        by = order.segmented_control(
            "Sort by", [HIGHEST, ABOVE], default=HIGHEST, required=True, key="order", bind="query-params"
        )
    found = table[table["meter_id"].str.contains(text, case=False, regex=False)]
    if found.empty:
        st.info(f"No forecast meter ID contains “{units.in_markdown(text)}”. Enter a shorter part of the ID.")
        return None
    shown = found.sort_values("total" if by == HIGHEST else "above", ascending=False).head(LISTED)
    more = f" The first {LISTED} are listed." if len(found) > LISTED else ""
    if len(found) > 1:
        st.caption(f"{units.count(len(found), 'meter')}.{more} Select one to see its forecast.")
    answer = st.dataframe(
        shown.dropna(axis="columns", how="all"),
        hide_index=True,
        height=min(38 + 35 * len(shown), 320),
        column_config=layout.in_currency(COLUMNS, ["total", "low", "high", "above"], table["currency"]),
        on_select="rerun",
        selection_mode="single-row",
        key="month_ends_list",
    )
    rows = [row for row in answer.selection.rows if row < len(shown)] or ([0] if len(shown) == 1 else [])
    return str(shown.iloc[rows[0]]["meter_id"]) if rows else None


def of_one(end: MonthEnd, fleet: Fleet) -> None:
    """Draw one meter's month-end forecast."""
    with st.container(border=True):
        st.markdown(f"### {units.in_markdown(end.meter_id)}")
        energy, bill = end.energy_kwh, end.total
        when = f"Forecast made {units.moment(end.made_at, fleet.zone)}, {fleet.zone}"
        with layout.metrics("month_end"):
            for label, value, low, high in (
                ("Month-end energy", f"{energy.value:,.0f} kWh", f"{energy.low:,.0f}", f"{energy.high:,.0f} kWh"),
                ("Month-end bill", *(money(one, end.currency) for one in (bill.value, bill.low, bill.high))),
            ):
                layout.metric(label, value, f"{low} to {high}", when)
        st.caption(f"{when}. The ranges are 80% intervals.{forecast_notes(end)}")
        with st.container(horizontal=True):
            if st.button("Forecast next day", icon=":material/query_stats:"):
                st.session_state["next_day_of"] = end.meter_id
            if st.button("Open meter", icon=":material/electric_meter:"):
                st.switch_page("meter/page.py", query_params={"meter": end.meter_id})
        if st.session_state.get("next_day_of") == end.meter_id:
            next_day(end.meter_id, fleet)


def next_day(meter_id: str, fleet: Fleet) -> None:
    """Forecast one meter's next day, and draw it."""
    made = forecast_data.of_meter(meter_id)
    day = day_of(int(fleet.now))
    load = outlook.load_of(meter_data.days(meter_id, day - timedelta(days=forecast_data.DAYS), day + timedelta(days=1)))
    hours = outlook.hours_of([made])
    day_ahead.figures("next_day", made, hours, fleet.zone)
    since = fleet.now - forecast_data.DAYS * DAY_S
    st.vega_lite_chart(outlook_chart.outlook(hours, load, fleet.now, since, fleet.zone), key="next_day", height=320)
