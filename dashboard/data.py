"""What several pages read: the fleet, its power and network, and the tariffs."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import streamlit as st

from analytics import questions
from analytics.network_loading import Loading
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.deployment import ask, reader
from dashboard.fleet import Fleet, OlderDays, fleet_of
from dashboard.live.curve import FleetPower, end_of_step
from dashboard.network.read_network import read_network
from dashboard.stale_while_revalidate import StaleWhileRevalidate
from electrocloud.aws.stack import find_stack
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.tariffs.tariff import Tariff

QUERIES = Path(__file__).parent / "queries"
SAMPLE = 24  # meters whose newest day tells which day is the fleet's latest
METERS_PER_SECOND = 200  # upper limit on how fast the fleet is reread
MOST_OLDER_DAYS = 200  # queries for the newest days of meters that have none of yesterday, each time


def _read_fleet() -> Fleet | None:
    ids = [one.meter_id for one in _registry()]
    newest = reader().newest_days(ids[:: len(ids) // SAMPLE + 1])
    today = max((day.day for day in newest.values()), default=datetime.now(UTC).date())
    days = reader().day_of_each(ids, today)
    days |= reader().day_of_each([meter_id for meter_id in ids if meter_id not in days], today - timedelta(days=1))
    missing = [meter_id for meter_id in ids if meter_id not in days]
    older = _older_days().of(missing)
    days |= {meter_id: day for meter_id, day in older.items() if day}
    return fleet_of(_registry(), days, {*missing} - older.keys())


@cache
def _older_days() -> OlderDays:
    return OlderDays(reader().newest_days, MOST_OLDER_DAYS)


def warm_up() -> None:
    """Read the fleet before the first user asks for it."""
    _fleet()


def warm_up_charts() -> None:
    """Read what the first charts show, which takes longer."""
    _fleet_power()
    _network()


def pace_s(seconds: float) -> float:
    """The refresh interval (s) of data about the whole fleet: `seconds`, or longer for a large fleet."""
    return max(seconds, len(_registry()) / METERS_PER_SECOND)


_registry: StaleWhileRevalidate[list[RegisteredMeter]] = StaleWhileRevalidate(
    lambda: reader().meters(), lambda: 300, good_s=3_600
)
_fleet: StaleWhileRevalidate[Fleet | None] = StaleWhileRevalidate(_read_fleet, lambda: pace_s(2), good_s=600)


def _read_network() -> tuple[list[Loading], float]:
    return read_network(find_stack(), reader(), _registry(), _fleet())


_network: StaleWhileRevalidate[tuple[list[Loading], float]] = StaleWhileRevalidate(
    _read_network, lambda: pace_s(30), good_s=600
)


@needs(Data.NETWORK)
def network() -> tuple[list[Loading], float]:
    """Feeders and transformers with their loads, and the end of the newest reading (s since 1970 UTC)."""
    return _network()


@needs(Data.FLEET)
def registry() -> list[RegisteredMeter]:
    """The registered meters."""
    return _registry()


@needs(Data.FLEET)
def zone() -> str:
    """The utility's time zone: the most common one among the meters, and UTC where there are none."""
    counts = Counter(one.timezone for one in registry())
    return counts.most_common(1)[0][0] if counts else "UTC"


@needs(Data.FLEET)
def fleet() -> Fleet | None:
    """The latest state of the fleet; None if there is no reading yet."""
    return _fleet()


def _read_fleet_power() -> FleetPower:
    fleet = _fleet()
    until = end_of_step(fleet.now if fleet else time.time())
    question = questions.read(QUERIES / "fleet_power.sql")
    return FleetPower(until, ask(question.render({"until": until.isoformat()})).rows)


_fleet_power: StaleWhileRevalidate[FleetPower] = StaleWhileRevalidate(
    _read_fleet_power, lambda: pace_s(15 if find_stack().local else 60), good_s=600
)


@needs(Data.FLEET)
def fleet_power() -> FleetPower:
    """The fleet's energy over the last day, and the same a week before."""
    return _fleet_power()


@needs(Data.FLEET)
@st.cache_resource(ttl=60, max_entries=500, show_spinner=False)
def meter(meter_id: str) -> RegisteredMeter | None:
    """A meter by its full ID, without reading the whole registry."""
    return reader().meter(meter_id)


@needs(Data.FLEET)
@st.cache_resource(ttl=300, show_spinner=False)
def tariffs() -> dict[str, Tariff]:
    """The tariffs by their id."""
    return reader().tariffs()


@needs(Data.FLEET)
def currency_of(tariff_id: str) -> str:
    """The currency of a tariff; USD, that of tariffs that name none, where the registry no longer has it."""
    tariff = tariffs().get(tariff_id)
    return tariff.currency if tariff else "USD"
