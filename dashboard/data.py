"""Everything that the pages read: how long each answer holds, and what a person is told when there is none."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from analytics import questions
from analytics.ask import ask as ask_athena
from dashboard.fleet import Fleet, fleet_of
from dashboard.stale_while_revalidate import StaleWhileRevalidate
from electrocloud.aws import athena
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import BillRow, Reader, Series
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.errors import ElectroCloudError, SettingsError
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff

QUERIES = Path(__file__).parent / "queries"
SAMPLE = 24  # meters that are asked for their newest day, to learn which day it is
PAINT_S = 0.5
METERS_A_SECOND = 200  # how much of the fleet is read again in a second, at most


@contextmanager
def show_errors(*, first: bool = True, again: bool = False) -> Iterator[None]:
    """Draw what is inside; where its data cannot be had, say so instead, and what to do.

    A part of a page that is not the `first` says nothing that the first one has said. `again` draws the page anew until
    there is something; a fragment that runs every so often does that by itself.
    """
    try:
        yield
    except SettingsError as fault:
        _tell(st.info, f"There is nothing to show yet: {fault}.", ":material/power_settings_new:", first)
    except (BotoCoreError, ClientError, athena.QueryError) as fault:
        reason = str(fault).splitlines()[0][:300]
        _tell(
            st.warning,
            "The data cannot be reached just now. The page tries again; if it stays so, look at `electrocloud status`."
            f"\n\n{reason}",
            ":material/cloud_off:",
            first,
        )
    except ElectroCloudError as fault:
        _tell(st.warning, str(fault), ":material/error:", first)
    else:
        if first and not again:  # what goes round other parts is drawn before some of them
            st.session_state.pop("told", None)
        return
    if again:
        _try_again(time.monotonic())


def _tell(how: Callable[..., object], sentence: str, icon: str, first: bool) -> None:
    if first or st.session_state.get("told") != sentence:
        how(sentence, icon=icon)
    if first:
        st.session_state["told"] = sentence


@st.fragment(run_every=5)
def _try_again(since: float) -> None:
    if time.monotonic() - since > 4:
        st.rerun()


@contextmanager
def loading(name: str, height: int) -> Iterator[None]:
    """A placeholder of that height (px) until the first data is there; what comes later takes its place at once."""
    if name in st.session_state:
        st.empty()  # where the placeholder was, or what is drawn would be there twice until its old place is cleared
        yield
        return
    with st.skeleton(height):
        yield
    st.session_state[name] = True


def paint_first() -> None:
    """Once a session, leave the browser the time to paint the numbers that it has.

    It loads the code of charts and tables, megabytes of it, as soon as it is sent one, and paints nothing meanwhile.
    """
    if "painted" not in st.session_state:
        st.session_state["painted"] = True
        time.sleep(PAINT_S)


@cache
def reader() -> Reader:
    """The reader of the deployment at hand."""
    return Reader(find_stack())


def _read_fleet() -> Fleet | None:
    ids = [one.meter_id for one in registry()]
    newest = reader().newest_days(ids[:: len(ids) // SAMPLE + 1])
    today = max((day.day for day in newest.values()), default=datetime.now(UTC).date())
    days = reader().day_of_each(ids, today)
    days |= reader().day_of_each([meter_id for meter_id in ids if meter_id not in days], today - timedelta(days=1))
    return fleet_of(registry(), days)


def pace_s(seconds: float) -> float:
    """How often something of the whole fleet is read: every so many s, and less often the larger the fleet is."""
    return max(seconds, len(registry()) / METERS_A_SECOND)


registry: StaleWhileRevalidate[list[RegisteredMeter]] = StaleWhileRevalidate(
    lambda: reader().meters(), lambda: 300, good_s=3_600
)
fleet: StaleWhileRevalidate[Fleet | None] = StaleWhileRevalidate(_read_fleet, lambda: pace_s(2), good_s=600)


def fleet_power(until: datetime) -> list[tuple[Any, ...]]:
    """Rows of start (naive UTC), interval_s, Wh and readings of the day before a moment and of that a week before."""
    return _fleet_power(until, int(time.time() / pace_s(15 if find_stack().local else 60)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _fleet_power(until: datetime, turn: int) -> list[tuple[Any, ...]]:  # noqa: ARG001  a part of the cache's key
    question = questions.read(QUERIES / "fleet_power.sql")
    return ask(question.render({"until": until.isoformat()})).rows


@st.cache_resource(ttl=2, show_spinner=False)
def pipeline() -> dict[str, Series]:
    """The last hour of the metering function, a point a minute."""
    now = datetime.now(UTC)
    wanted = {"ReadingsStored": "Sum", "UploadAge": "p95", "UploadsQuarantined": "Sum"}
    return reader().metrics(wanted, now - timedelta(hours=1), now, 60)


@st.cache_resource(ttl=30, max_entries=2, show_spinner=False)
def quarantined(day: date) -> dict[str, int]:
    """How many uploads of a UTC day are in quarantine, by reason."""
    return reader().quarantined(day)


def ask(sql: str) -> athena.Answer:
    """The rows of one SELECT in Athena's dialect."""
    return ask_athena(find_stack(), _athena(), sql, limit_s=60)


@cache
def _athena() -> Any:
    return find_stack().client("athena", connect_timeout=2)


@st.cache_resource(ttl=60, max_entries=500, show_spinner=False)
def meter(meter_id: str) -> RegisteredMeter | None:
    """A meter by its whole id, without reading the whole registry."""
    return reader().meter(meter_id)


@st.cache_resource(ttl=300, show_spinner=False)
def tariffs() -> dict[str, Tariff]:
    """The tariffs by their id."""
    return reader().tariffs()


@cache
def _bills(month: str) -> StaleWhileRevalidate[list[BillRow]]:
    return StaleWhileRevalidate(lambda: reader().bills_of_month(month), lambda: pace_s(10), good_s=600)


def bills_of_month(month: str) -> list[BillRow]:
    """The current bills of a month such as `2026-11`, by meter."""
    return _bills(month)()


@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def history(meter_id: str) -> list[Bill]:
    """All versions of a meter's bills, by month and version."""
    return reader().history(meter_id)


@st.cache_resource(ttl=5, max_entries=50, show_spinner=False)
def days(meter_id: str, first: date, last: date) -> list[MeterDay]:
    """A meter's UTC days from `first` to `last` that have readings."""
    return reader().days(meter_id, first, last)


@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def newest_day(meter_id: str) -> MeterDay | None:
    """A meter's newest day, if it has one."""
    return reader().newest_days([meter_id]).get(meter_id)


@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def bill(meter_id: str, month: str) -> Bill | None:
    """A meter's current bill of a month."""
    return reader().bill(meter_id, month)


@st.cache_resource(ttl=60, max_entries=16, show_spinner=False)
def answer(sql: str) -> athena.Answer:
    """The answer to a SELECT in Athena's dialect; the same for a minute."""
    return ask(sql)
