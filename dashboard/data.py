"""Everything that the pages read, with how long each answer holds, and what a person is told when there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from dashboard.fleet import Fleet, fleet_of
from electrocloud.aws import athena
from electrocloud.aws.reader import Reader, Registered, Series
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import ElectroCloudError, SettingsError
from local.dialect import to_duckdb

ROOT = Path(__file__).parent.parent
SAMPLE = 24  # meters that are asked for their newest day, to learn which day it is
METERS_A_SECOND = 200  # how much of the fleet is read again in a second, at most


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """Draw what is inside; where its data cannot be had, say so instead, and what to do."""
    try:
        yield
    except SettingsError as fault:
        st.info(f"There is nothing to show yet: {fault}.", icon=":material/power_settings_new:")
    except (BotoCoreError, ClientError) as fault:
        st.warning(
            f"The data cannot be reached just now; this page tries again by itself. ({_short(fault)})",
            icon=":material/cloud_off:",
        )
    except ElectroCloudError as fault:
        st.warning(str(fault), icon=":material/error:")


def _short(fault: Exception) -> str:
    return str(fault).splitlines()[0][:200]


@st.cache_resource
def reader() -> Reader:
    return Reader(find_stack())


@st.cache_resource(ttl=300, show_spinner=False)
def registry() -> list[Registered]:
    return reader().meters()


def fleet() -> Fleet | None:
    """The fleet now; read again every few seconds, and less often the larger it is."""
    return _fleet(int(time.time() / max(2.0, len(registry()) / METERS_A_SECOND)))


@st.cache_resource(max_entries=2, show_spinner=False)
def _fleet(tick: int) -> Fleet | None:  # noqa: ARG001  the cache's key
    ids = [meter.meter_id for meter in registry()]
    newest = reader().newest_days(ids[:: len(ids) // SAMPLE + 1])
    today = max((day.day for day in newest.values()), default=datetime.now(UTC).date())
    days = reader().day_of_each(ids, today)
    days |= reader().day_of_each([meter_id for meter_id in ids if meter_id not in days], today - timedelta(days=1))
    return fleet_of(registry(), days)


@st.cache_data(ttl=2, show_spinner=False)
def pipeline() -> dict[str, Series]:
    """The last hour of the pipeline, a point a minute."""
    now = datetime.now(UTC)
    wanted = {"ReadingsStored": "Sum", "UploadAge": "p95", "UploadsQuarantined": "Sum"}
    return reader().metrics(wanted, now - timedelta(hours=1), now, 60)


def ask(sql: str) -> athena.Answer:
    """The rows of one SELECT."""
    stack = find_stack()
    if stack.local:
        views = {path.stem: path.read_text() for path in (ROOT / "sql" / "views").glob("*.sql")}
        sql = to_duckdb(sql, views)
    return athena.run(athena_client(), sql, work_group=stack.work_group, database=stack.database, limit_s=60)


@st.cache_resource
def athena_client() -> Any:
    return find_stack().client("athena")


@st.cache_data(ttl=10, show_spinner=False)
def fleet_power(days: tuple[date, ...]) -> list[tuple[Any, ...]]:
    template = (ROOT / "dashboard" / "queries" / "fleet_power.sql").read_text()
    return ask(template.format(days=", ".join(f"'{day}'" for day in days))).rows
