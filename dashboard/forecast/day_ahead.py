"""A forecast in numbers and tables: its values, the errors of past forecasts, and the models that were compared."""

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
        "Forecast peak": (units.scaled(peak["value"], "W"), between(peak["low"], peak["high"]), "Mean of the hour."),
        "Peak time": (at.rpartition(" ")[2], at.rpartition(" ")[0], f"Start of the peak hour, {zone}."),
        "Forecast energy": (
            units.scaled(coming["value"].sum(), "Wh"),
            f"in {units.count(len(coming), 'hour')}",
            "Energy of the remaining forecast hours.",
        ),
        "Backtest error (WAPE)": (
            percent_of(tested.wape) if tested else "–",
            f"over {units.count(tested.origins, 'day')}" if tested else "too few days",
            "Sum of absolute errors divided by the sum of the load, for past days forecast the same way.",
        ),
        "Coverage": (percent_of(made.coverage), "target 80%", "Share of backtest hours within the 80% interval."),
    }  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        for label, (value, below, note) in shown.items():
            st.metric(label, value, below, delta_color="off", delta_arrow="off", help=note, border=True)


def between(low: float, high: float) -> str:
    """`1.20 kW to 3.40 kW`."""
    return f"{units.scaled(low, 'W')} to {units.scaled(high, 'W')}"


def percent_of(share: float | None) -> str:
    """`12.3%`, or a dash if there is no value."""
    return "–" if share is None else f"{share:.1%}"


def verdict(made: list[Forecast], load: outlook.Load) -> str:
    """A sentence on how far the forecasts were off, of the hours that have passed."""
    errors, hours = outlook.with_actuals(outlook.hours_of(made), load)
    if not hours or errors.wape is None or errors.coverage is None:
        return "There are no actuals for these hours yet."
    return (
        f"Over {units.count(hours, 'hour')} with actuals, the error (WAPE) is {errors.wape:.1%} and the coverage "
        f"{errors.coverage:.0%} (target 80%)."
    )


def past(made: list[Forecast], load: outlook.Load, zone: str) -> pd.DataFrame:
    """One row per forecast: its energy, how many of its hours have actuals, and its error over those hours."""
    rows = []
    for forecast in made:
        hours = outlook.hours_of([forecast])
        errors, judged = outlook.with_actuals(hours, load)
        rows.append(
            {
                "From": units.moment(hours["start"].iloc[0], zone),
                "Forecast": units.scaled(hours["value"].sum(), "Wh"),
                "Actuals": f"{judged} of {len(hours)} h",
                "Error (WAPE)": percent_of(errors.wape),
                "Coverage": percent_of(errors.coverage),
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
                "WAPE": percent_of(score.wape),
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
