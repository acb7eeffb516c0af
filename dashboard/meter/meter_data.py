"""What pages read of one meter: its days, where it was installed, and its Green Button file."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import for_this_user
from dashboard.deployment import reader, registry_store
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.aws.store.store import open_store
from electrocloud.domain.readings.meter_day import MeterDay
from presentation.green_button import green_button
from presentation.meter_usage import THIRTEEN_MONTHS, usage_of


@needs(Data.CUSTOMERS, of=subjects.of_meter)
@st.cache_resource(ttl=60, max_entries=200, show_spinner=False)
def service_histories(meter_id: str) -> list[ServiceHistory]:
    """All that is dated at the service points that a meter has been at."""
    store = registry_store()
    return [*store.histories(store.points_of_meters([meter_id]).get(meter_id, ())).values()]


@needs(Data.USAGE, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=50, show_spinner=False)
def days(meter_id: str, first: date, last: date) -> list[MeterDay]:
    """A meter's UTC days from `first` to `last` that have readings."""
    return reader().days(meter_id, first, last)


@needs(Data.USAGE, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def newest_day(meter_id: str) -> MeterDay | None:
    """A meter's newest day, if it has one."""
    return reader().newest_days([meter_id]).get(meter_id)


def green_button_file(meter_id: str) -> Callable[[], bytes]:
    """What makes a meter's Green Button file of the last 13 months, of its latest customer, for the user of now."""
    return for_this_user(lambda: _green_button(meter_id))


@needs(Data.BILLS, "export", of=subjects.of_meter)
def _green_button(meter_id: str) -> bytes:
    now = datetime.now(UTC)
    end = now.date() + timedelta(days=1)
    stack = find_stack()
    store = open_store(stack.client("dynamodb", connect_timeout=2, read_timeout=10), stack)
    services = store.registry.services_of([meter_id]).get(meter_id, ())
    return green_button(usage_of(reader(), meter_id, end - THIRTEEN_MONTHS, end, services), now)
