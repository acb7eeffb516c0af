"""Forecasts by the day as tables: the days to come, what recent days came to, and the errors by days ahead."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pandas as pd

from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, LeadErrors
from presentation import units

RECENT = 7


def coming(days: Sequence[ForecastDay], errors: Mapping[int, LeadErrors], today: date) -> pd.DataFrame:
    """One row per day to come: energy and peak, each with its interval, the hour of the peak, and the errors so far.

    `errors` are those of past days by how many days ahead they were.
    """
    rows = []
    for day in days:
        known = errors.get(day.lead) if day.lead is not None else None
        rows.append(
            {
                "Day": day_name(day, today),
                "Energy": units.scaled(day.energy, "Wh"),
                "Energy, 80%": between(day.energy_interval, "Wh"),
                "Peak": units.scaled(day.peak.value, "W"),
                "Peak, 80%": between(day.peak_interval, "W"),
                "Peak hour": f"{day.peak.timestamp:%H:%M}",
                "Error so far": f"{percent(known.wape)} of {units.count(known.days, 'day')}" if known else "–",
                "Backtest error": percent(day.wape),
            }
        )
    return pd.DataFrame(rows)


def recent(made: Sequence[Forecast], today: date) -> pd.DataFrame:
    """One row per recent day that has actuals, the newest first: its forecast of the day before, and what came."""
    found: dict[date, tuple[Forecast, ForecastDay]] = {}
    for forecast in made:  # newest first: the first forecast of a whole day is the one of the day before
        for day in forecast.days:
            if day.actual and day.lead:
                found.setdefault(day.day, (forecast, day))
    rows = []
    for forecast, day in [found[one] for one in sorted(found, reverse=True)][:RECENT]:
        if not (actual := day.actual):
            continue
        rows.append(
            {
                "Day": day_name(day, today),
                "Peak forecast": _peak(day.peak.value, day.peak.timestamp),
                "Peak": _peak(actual.peak, actual.peak_at),
                "Peak error": change(day.peak.value, actual.peak),
                "Energy forecast": units.scaled(day.energy, "Wh"),
                "Energy": units.scaled(actual.energy, "Wh"),
                "Energy error": change(day.energy, actual.energy),
                "Error (WAPE)": percent(actual.wape),
                "Coverage": percent(actual.coverage),
                "Days ahead": day.lead,
                "Model": forecast.model,
            }
        )
    return pd.DataFrame(rows)


def by_lead(days: Sequence[ForecastDay], errors: Sequence[LeadErrors]) -> pd.DataFrame:
    """One row per number of days ahead: the errors of past days, and the backtest's in the newest forecast."""
    backtest = {day.lead: day.wape for day in days}
    return pd.DataFrame(
        {
            "Days ahead": one.lead,
            "Days": one.days,
            "Error (WAPE)": percent(one.wape),
            "Backtest error": percent(backtest.get(one.lead)),
            "Energy error": percent(one.energy),
            "Peak error": percent(one.peak),
            "Peak hour off": f"{one.peak_hours:.1f} h",
            "Coverage": percent(one.coverage),
        }
        for one in errors
    )


def day_name(day: ForecastDay, today: date) -> str:
    """`Fri 27 Nov, tomorrow`; with how many hours are forecast where that is not the whole day."""
    name = f"{day.day:%a} {day.day.day} {day.day:%b}"
    near = {0: ", today", 1: ", tomorrow"}.get((day.day - today).days, "")
    return f"{name}{near}" + (f" ({day.hours} h left)" if day.lead == 0 else "")


def between(bounds: Bounds | None, unit: str) -> str:
    """`1.20 kW to 3.40 kW`, or a dash if there is no interval."""
    return f"{units.scaled(bounds.low, unit)} to {units.scaled(bounds.high, unit)}" if bounds else "–"


def percent(share: float | None) -> str:
    """`12.3%`, or a dash if there is no value."""
    return "–" if share is None else f"{share:.1%}"


def change(forecast: float, actual: float) -> str:
    """By how much a forecast was too high or too low: `+3.1%`."""
    return f"{(forecast - actual) / abs(actual):+.1%}" if actual else "–"


def _peak(watts: float, at: datetime) -> str:
    return f"{units.scaled(watts, 'W')} at {at:%H:%M}"
