"""A forecast in numbers and tables: what it expects, how far such forecasts were off, and which models were tried."""

import pandas as pd
import streamlit as st

from dashboard.forecast import outlook
from electrocloud.domain.forecast import Forecast
from presentation import units


def figures(made: Forecast, coming: pd.DataFrame, zone: str) -> None:
    """Draw what a forecast expects, and how far its model was off in the backtest."""
    peak = coming.loc[coming["value"].idxmax()]
    tested = next((score for score in made.candidates if score.model == made.model), None)
    at = units.moment(peak["start"], zone)
    shown = {
        "Peak ahead": (units.scaled(peak["value"], "W"), between(peak["low"], peak["high"]), "Mean of the hour."),
        "It comes": (at.rpartition(" ")[2], at.rpartition(" ")[0], f"The hour from then on, {zone}."),
        "Energy ahead": (
            units.scaled(coming["value"].sum(), "Wh"),
            f"in {units.count(len(coming), 'hour')}",
            "Of the hours that are still to come.",
        ),
        "Off in the back-test": (
            percent_of(tested.wape) if tested else "–",
            f"of the load, from {units.count(tested.origins, 'day')}" if tested else "too few days",
            "The sum of the errors over the sum of the load (WAPE), forecasting days of the past.",
        ),
        "Within the band": (percent_of(made.coverage), "80 % aimed at", "Hours of the back-test within the interval."),
    }  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        for label, (value, below, note) in shown.items():
            st.metric(label, value, below, delta_color="off", delta_arrow="off", help=note, border=True)


def between(low: float, high: float) -> str:
    """`1.20 kW to 3.40 kW`."""
    return f"{units.scaled(low, 'W')} to {units.scaled(high, 'W')}"


def percent_of(share: float | None) -> str:
    """`12.3%`, or a dash where there is none."""
    return "–" if share is None else f"{share * 100:.1f} %"


def verdict(made: list[Forecast], load: outlook.Load) -> str:
    """A sentence on how far the forecasts were off, of the hours that have passed."""
    errors, hours = outlook.with_actuals(outlook.hours_of(made), load)
    if not hours or errors.wape is None or errors.coverage is None:
        return "None of their hours has come yet."
    return (
        f"Of {units.count(hours, 'hour')} that have come, {errors.coverage:.0%} lay in the band (80 % should), and "
        f"the forecasts were off by {errors.wape * 100:.1f} % of the load."
    )


def past(made: list[Forecast], load: outlook.Load, zone: str) -> pd.DataFrame:
    """A row a forecast: what it was for, and how far off it was or, while its hours come, is."""
    rows = []
    for forecast in made:
        hours = outlook.hours_of([forecast])
        errors, came = outlook.with_actuals(hours, load)
        rows.append(
            {
                "From": units.moment(hours["start"].iloc[0], zone),
                "Expected": units.scaled(hours["value"].sum(), "Wh"),
                "Has come": f"{came} of {len(hours)} h",
                "Off by": percent_of(errors.wape),
                "In the band": percent_of(errors.coverage),
                "Model": forecast.model,
            }
        )
    return pd.DataFrame(rows)


def models(made: Forecast) -> None:
    """Draw the models that were tried, the best first."""
    if made.note:
        st.caption(units.in_markdown(f"{made.note[0].upper()}{made.note[1:]}."))
    st.dataframe(
        pd.DataFrame(
            {
                "Model": score.model,
                "Off by": percent_of(score.wape),
                "MASE": None if score.mase is None else round(score.mase, 2),
                "Days": score.origins,
            }
            for score in made.candidates
        ),
        hide_index=True,
        column_config={
            "Off by": st.column_config.TextColumn(help="Sum of the errors over the sum of the load (WAPE)."),
            "MASE": st.column_config.NumberColumn(help="Against repeating the week before: below 1 is better."),
            "Days": st.column_config.NumberColumn(help="Days of the past that it was tried on."),
        },
    )
