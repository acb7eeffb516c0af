"""The form that starts a tariff study."""

from datetime import date

import streamlit as st

from dashboard import data
from dashboard.studies import study_data
from electrocloud.domain.errors import UsageError
from electrocloud.domain.studies.price_change import COMPONENTS, NAMES, Component, parse_change
from electrocloud.domain.studies.study import StudyRequest
from presentation import units

ALL = "All"
OWN = ""  # each customer's own tariff
A_YEAR = 12


def draw(today: date) -> str | None:
    """Draw the form; the ID of the study that it has started."""
    tariffs, meters = data.tariffs(), data.registry()
    if not tariffs or not meters:
        st.info("No customers are registered. Apply a registry, or start a fleet with `electrocloud up`.")
        return None
    months = units.months_until(today)[1:]
    with st.form("study"):
        left, right = st.columns(2)
        tariff_id = left.selectbox(
            "Compare with",
            [*sorted(tariffs), OWN],
            format_func=lambda one: f"{tariffs[one].name} ({one})" if one else "Each customer's present tariff",
            key="tariff",
        )
        changes = right.text_input(
            "Price changes",
            placeholder="none",
            help="Separated by commas: energy=+5%, energy[1]=+0.02 (period 1, $), demand=-10%, fixed=14.50.",
            key="changes",
        )
        who, where, first, last = st.columns(4)
        customer_class = who.selectbox("Class", [ALL, *sorted({one.customer for one in meters})], key="class")
        feeder = where.selectbox("Feeder", [ALL, *sorted({one.feeder for one in meters})], key="feeder")
        first_month = first.selectbox(
            "First month", months, min(A_YEAR, len(months)) - 1, format_func=units.month, key="first"
        )
        last_month = last.selectbox("Last month", months, format_func=units.month, key="last")
        keep: Component = st.selectbox(
            "Keep revenue by",
            COMPONENTS,
            format_func=lambda one: NAMES[one],
            key="keep",
            help="Which prices are scaled.",
        )
        if not st.form_submit_button("Run study", type="primary", icon=":material/play_arrow:"):
            return None
    try:
        return study_data.start(
            StudyRequest(
                first_month=first_month,
                last_month=last_month,
                customer_class="" if customer_class == ALL else customer_class,
                feeder="" if feeder == ALL else feeder,
                tariff_id=tariff_id,
                changes=tuple(parse_change(part) for part in changes.split(",") if part.strip()),
                keep=keep,
            )
        )
    except UsageError as fault:
        st.warning(str(fault), icon=":material/error:")
        return None
