"""A forecast in numbers: what it expects, its errors, and the models that were compared."""

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from dashboard import layout
from dashboard.forecast.day_table import between, percent
from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, LeadErrors
from presentation import units


def figures(name: str, made: Forecast, coming: pd.DataFrame, zone: str) -> None:
    """Draw what a forecast expects, and how far its model was off in the backtest."""
    peak = coming.loc[coming["value"].idxmax()]
    tested = next((score for score in made.candidates if score.model == made.model), None)
    at = units.moment(peak["start"], zone)
    shown = {
        "Forecast peak": (
            units.scaled(peak["value"], "W"),
            between(Bounds(peak["low"], peak["high"]), "W"),
            "Mean of the hour.",
        ),
        "Peak time": (at.rpartition(" ")[2], at.rpartition(" ")[0], f"Start of the peak hour, {zone}."),
        "Forecast energy": (
            units.scaled(coming["value"].sum(), "Wh"),
            f"in {units.count(len(coming), 'hour')}",
            "Energy of the remaining forecast hours.",
        ),
        "Backtest error (WAPE)": (
            percent(tested.wape) if tested else "–",
            f"over {units.count(tested.origins, 'day')}" if tested else "too few days",
            "Sum of absolute errors divided by the sum of the load, for past days forecast the same way.",
        ),
        "Coverage": (percent(made.coverage), "target 80%", "Share of backtest hours within the 80% interval."),
    }  # fmt: skip
    with layout.metrics(name):
        for label, (value, below, note) in shown.items():
            layout.metric(label, value, below, note)


def of_day(day: ForecastDay, made: Forecast, errors: Mapping[int, LeadErrors], today: date) -> None:
    """Draw a day's peak, the hour of it, and its energy, and how far off forecasts of such days were so far."""
    known = errors.get(day.lead) if day.lead is not None else None
    name = "tomorrow" if day.day == today + timedelta(days=1) else f"{day.day:%a} {day.day.day} {day.day:%b}"
    shown = {
        f"Peak {name}": (
            units.scaled(day.peak.value, "W"),
            between(day.peak_interval, "W"),
            "Mean power of the highest hour, and the 80% interval of the day's highest hour.",
        ),
        f"Peak hour {name}": (
            f"{day.peak.timestamp:%H:%M}",
            f"{day.day:%a} {day.day.day} {day.day:%b}",
            f"Start of the hour, UTC{day.peak.timestamp:%z}.",
        ),
        f"Energy {name}": (
            units.scaled(day.energy, "Wh"),
            between(day.energy_interval, "Wh"),
            "Energy of the day's hours, and its 80% interval.",
        ),
        "Error so far (WAPE)": (
            percent(known.wape if known else None),
            f"of {units.count(known.days, 'day')}" if known else "no day has all actuals yet",
            "Sum of the hours' absolute errors divided by the sum of the load, for past days as far ahead.",
        ),
        "Backtest error (WAPE)": (
            percent(day.wape),
            "days as far ahead",
            "The same, when the model forecast past days from the data known before them.",
        ),
        "Coverage": (percent(made.coverage), "target 80%", "Share of backtest hours within the 80% interval."),
    }  # fmt: skip
    with layout.metrics("day"):
        for label, (value, below, note) in shown.items():
            layout.metric(label, value, below, note)


def models(made: Forecast) -> None:
    """Draw the models that were tried, the best first."""
    if made.note:
        st.caption(units.in_markdown(f"{made.note[0].upper()}{made.note[1:]}."))
    st.dataframe(
        pd.DataFrame(
            {
                "Model": score.model,
                "WAPE": percent(score.wape),
                "MASE": None if score.mase is None else round(score.mase, 2),
                "Days": score.origins,
            }
            for score in made.candidates
        ),
        hide_index=True,
        column_config={
            "WAPE": st.column_config.TextColumn(help="Sum of absolute errors divided by the sum of the load."),
            "MASE": st.column_config.NumberColumn(help="Error relative to repeating the week before; lower is better."),
            "Days": st.column_config.NumberColumn(help="Past days the model was tested on."),
        },
    )
