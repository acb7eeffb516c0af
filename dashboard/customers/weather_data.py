"""How warm the days were where a customer is served."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec
import streamlit as st

from analytics import questions
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.deployment import ask
from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.record_parts import STATIONS, RecordParts
from electrocloud.domain.registry.records import ServicePoint, WeatherStation
from electrocloud.domain.weather import nearest_station

QUERY = Path(__file__).parent.parent / "queries" / "daily_temperatures.sql"
LEAST_HOURS = 20  # of a day whose mean counts


@needs(Data.FLEET)
def temperatures(point: ServicePoint) -> Mapping[date, float]:
    """The mean temperature (°C) of each local day at the station nearest to a service point, for two years.

    Empty where no station is near, or nothing was imported.
    """
    station = nearest_station(_stations(), point.latitude, point.longitude)
    return _daily(station.station_id, point.time_zone) if station else {}


@st.cache_resource(ttl=300, show_spinner=False)
def _stations() -> list[WeatherStation]:
    stack = find_stack()
    dynamodb = stack.client("dynamodb", connect_timeout=2, read_timeout=10)
    return [*RecordParts(dynamodb, stack.service_points_table, pause, STATIONS).load().values()]


@st.cache_resource(ttl=3_600, max_entries=50, show_spinner=False)
def _daily(station_id: str, zone: str) -> dict[date, float]:
    sql = questions.read(QUERY).render({"station": station_id, "zone": zone})
    rows = msgspec.convert(ask(sql).rows, list[tuple[date, float, int]])
    return {day: celsius for day, celsius, hours in rows if hours >= LEAST_HOURS}
