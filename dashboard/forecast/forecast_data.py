"""The forecast data that pages read: stored forecasts, actual loads, and a meter's forecast made on demand."""

from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock

import streamlit as st

from dashboard import data
from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.forecast import meter_forecast, outlook
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import HourlyLoads
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect

DAYS = 3  # of past forecasts drawn beside actuals
FORECASTS = 16  # whose errors are shown: one a day, of up to eight days each
LOAD_DAYS = 11  # an hour is complete or not by the week before it
LIMIT_S = 120

_one_at_a_time = Lock()  # a forecast uses a whole processor


@cache
def _store() -> Forecasts:
    stack = find_stack()
    return Forecasts(stack.client("dynamodb", connect_timeout=2, read_timeout=10), stack.forecasts_table)


@cache
def _loads() -> HourlyLoads:
    stack = find_stack()
    return HourlyLoads(stack.client("dynamodb", connect_timeout=2, read_timeout=10), stack.forecasts_table)


@needs(Data.FORECASTS)
@st.cache_resource(ttl=30, max_entries=500, show_spinner=False)
def newest(series: str) -> list[Forecast]:
    """The latest forecasts of a series, newest first."""
    return _store().newest(series, FORECASTS)


@needs(Data.BILLS, of=subjects.of_meter)
@st.cache_resource(ttl=30, max_entries=500, show_spinner=False)
def month_end(meter_id: str, month: str) -> MonthEnd | None:
    """A meter's latest month-end forecast for a month."""
    return _store().month_end(meter_id, month)


@needs(Data.FORECASTS, of=subjects.of_all)
def month_ends(month: str) -> list[MonthEnd]:
    """The month-end forecasts of all registered meters that have one."""
    return _month_ends(month)


@st.cache_resource(ttl=600, max_entries=2, show_spinner="Loading month-end forecasts …")
def _month_ends(month: str) -> list[MonthEnd]:
    return _store().month_ends([meter.meter_id for meter in data.registry()], month)


def warm_up(month: str) -> None:
    """Read a month's forecasts before the first user asks for them."""
    _month_ends(month)


@needs(Data.USAGE, of=subjects.of_all)
@st.cache_resource(ttl=60, max_entries=1, show_spinner=False)
def suspects() -> list[Suspect]:
    """Suspect readings of the last week, of all meters."""
    return _store().suspects()


@needs(Data.FORECASTS)
@st.cache_resource(ttl=30, max_entries=500, show_spinner=False)
def series_load(series: str) -> outlook.Load:
    """The complete hours of a series that its last forecasts can be compared with, and those of the week before."""
    fleet = data.fleet()
    now = datetime.fromtimestamp(fleet.now, UTC) if fleet else datetime.now(UTC)
    return _loads().load(series, (now - timedelta(days=LOAD_DAYS)).date()).load.complete_wh


@needs(Data.USAGE, of=subjects.of_meter)
@st.cache_resource(ttl=3_600, max_entries=100, show_spinner="Backtesting models for this meter, about 20 s …")
def of_meter(meter_id: str) -> Forecast:
    """Forecast a meter's next day now."""
    with _one_at_a_time:
        return meter_forecast.forecast(meter_id, LIMIT_S)
