"""The forecast data that pages read: stored forecasts, actual loads, and a meter's forecast made on demand."""

from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import cast

import streamlit as st

from analytics import questions
from dashboard import data
from dashboard.forecast import meter_forecast, outlook
from dashboard.stale_while_revalidate import StaleWhileRevalidate
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect
from electrocloud.domain.local_time import HOUR_S

DAYS = 3  # of past forecasts compared with actuals; the same days as in hourly_load.sql
LIMIT_S = 120

_one_at_a_time = Lock()  # a forecast uses a whole processor


@cache
def _store() -> Forecasts:
    stack = find_stack()
    return Forecasts(stack.client("dynamodb", connect_timeout=2, read_timeout=10), stack.forecasts_table)


@st.cache_resource(ttl=30, max_entries=500, show_spinner=False)
def newest(series: str) -> list[Forecast]:
    """The latest forecasts of a series, newest first."""
    return _store().newest(series, DAYS + 1)


@st.cache_resource(ttl=30, max_entries=500, show_spinner=False)
def month_end(meter_id: str, month: str) -> MonthEnd | None:
    """A meter's latest month-end forecast for a month."""
    return _store().month_end(meter_id, month)


@st.cache_resource(ttl=600, max_entries=2, show_spinner="Loading month-end forecasts …")
def month_ends(month: str) -> list[MonthEnd]:
    """The month-end forecasts of all registered meters that have one."""
    return _store().month_ends([meter.meter_id for meter in data.registry()], month)


@st.cache_resource(ttl=60, max_entries=1, show_spinner=False)
def suspects() -> list[Suspect]:
    """Suspect readings of the last week, of all meters."""
    return _store().suspects()


def _read_loads() -> dict[str, dict[int, float]]:
    fleet = data.fleet()
    until = datetime.fromtimestamp(fleet.now // HOUR_S * HOUR_S, UTC) if fleet else datetime.now(UTC)
    question = questions.read(data.QUERIES / "hourly_load.sql")
    rows = data.ask(question.render({"until": until.isoformat()})).rows
    return outlook.loads_of(cast("list[tuple[str, datetime, int, int]]", rows))


loads: StaleWhileRevalidate[dict[str, dict[int, float]]] = StaleWhileRevalidate(
    _read_loads, lambda: data.pace_s(60), good_s=3_600
)


@st.cache_resource(ttl=3_600, max_entries=100, show_spinner="Backtesting models for this meter, about 20 s …")
def of_meter(meter_id: str) -> Forecast:
    """Forecast a meter's next day now."""
    with _one_at_a_time:
        return meter_forecast.forecast(meter_id, LIMIT_S)
