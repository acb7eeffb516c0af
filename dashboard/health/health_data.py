"""How the pipeline does: what the Health and Live pages read of it."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import streamlit as st

from analytics.pipeline_health import Health, HealthReader
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.deployment import reader
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Series


@needs(Data.PIPELINE)
@st.cache_resource(ttl=2, show_spinner=False)
def pipeline() -> dict[str, Series]:
    """Metrics of the metering function over the last hour, one point per minute."""
    now = datetime.now(UTC)
    wanted = {"ReadingsStored": "Sum", "UploadAge": "p95", "UploadsRejected": "Sum"}
    return reader().metrics(wanted, now - timedelta(hours=1), now, 60)


@needs(Data.PIPELINE)
@st.cache_resource(ttl=10, show_spinner=False)
def health() -> Health:
    """The counts, stages, alarms and last runs of the pipeline."""
    return _health_reader().read()


@cache
def _health_reader() -> HealthReader:
    return HealthReader(find_stack())


@needs(Data.PIPELINE)
@st.cache_resource(ttl=30, max_entries=2, show_spinner=False)
def quarantined(day: date) -> dict[str, int]:
    """The number of uploads rejected on a UTC day, by reason."""
    return reader().quarantined(day)
