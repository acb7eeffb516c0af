"""Everything the pages read, how long it is cached, and the message shown when it cannot be read."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st
from botocore.exceptions import BotoCoreError, ClientError

from analytics import questions
from analytics.ask import ask as ask_athena
from analytics.network_loading import Loading
from analytics.pipeline_health import Health, HealthReader
from analytics.rejected_uploads import Rejected, rejected_uploads
from dashboard.access import subjects
from dashboard.access.access_log import FOLDER
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import NotLoggedInError, acting_for, may, visitor
from dashboard.fleet import Fleet, OlderDays, fleet_of
from dashboard.live.curve import FleetPower, end_of_step
from dashboard.network.read_network import read_network
from dashboard.stale_while_revalidate import StaleWhileRevalidate
from electrocloud.aws import athena
from electrocloud.aws.backoff import pause
from electrocloud.aws.ingest.redrive import redrive_quarantine
from electrocloud.aws.ingest.stream import put
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.reader import BillRow, Reader, Series
from electrocloud.aws.store.registry import RegistryStore, RegistryTables, ServiceHistory
from electrocloud.aws.store.search_index import SearchEntry, SearchIndex
from electrocloud.aws.store.store import open_store
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import ElectroCloudError, SettingsError
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff
from presentation.green_button import green_button
from presentation.meter_usage import THIRTEEN_MONTHS, usage_of

QUERIES = Path(__file__).parent / "queries"
SAMPLE = 24  # meters whose newest day tells which day is the fleet's latest
PAINT_S = 0.5
MOST_REJECTED = 1_000  # rejected uploads of one list
MOST_FOUND = 200  # service points of one search
METERS_PER_SECOND = 200  # upper limit on how fast the fleet is reread
MOST_OLDER_DAYS = 200  # queries for the newest days of meters that have none of yesterday, each time


@contextmanager
def show_errors(*, first: bool = True, again: bool = False) -> Iterator[None]:
    """Draw the body; if its data cannot be read, show what is wrong and what to do instead.

    Parts of a page that are not the `first` do not repeat the first one's message. With `again`, the page reruns until
    there is data; fragments with `run_every` need not set it.
    """
    try:
        yield
    except SettingsError as fault:
        _show_once(st.info, f"There is nothing to show yet: {fault}.", ":material/power_settings_new:", first)
    except (BotoCoreError, ClientError, athena.QueryError) as fault:
        reason = str(fault).splitlines()[0][:300]
        _show_once(
            st.warning,
            "The data cannot be reached. The page will retry; if this persists, run `electrocloud status`."
            f"\n\n{reason}",
            ":material/cloud_off:",
            first,
        )
    except NotLoggedInError:
        st.rerun(scope="app")  # the app asks for the login
    except ElectroCloudError as fault:
        _show_once(st.warning, str(fault), ":material/error:", first)
    else:
        if first and not again:  # a block around other parts exits before some of them are drawn
            st.session_state.pop("shown_error", None)
        return
    if again:
        _try_again(time.monotonic())


def _show_once(show: Callable[..., object], message: str, icon: str, first: bool) -> None:
    if first or st.session_state.get("shown_error") != message:
        show(message, icon=icon)
    if first:
        st.session_state["shown_error"] = message


@st.fragment(run_every=5)
def _try_again(since: float) -> None:
    if time.monotonic() - since > 4:
        st.rerun()


def paint_first() -> None:
    """Once per session, give the browser time to paint the numbers it has received.

    When it receives the first chart or table it loads megabytes of code for it, and paints nothing meanwhile.
    """
    if "painted" not in st.session_state:
        st.session_state["painted"] = True
        time.sleep(PAINT_S)


@cache
def _reader() -> Reader:
    """The reader of the deployment at hand."""
    return Reader(find_stack())


def _read_fleet() -> Fleet | None:
    ids = [one.meter_id for one in _registry()]
    newest = _reader().newest_days(ids[:: len(ids) // SAMPLE + 1])
    today = max((day.day for day in newest.values()), default=datetime.now(UTC).date())
    days = _reader().day_of_each(ids, today)
    days |= _reader().day_of_each([meter_id for meter_id in ids if meter_id not in days], today - timedelta(days=1))
    missing = [meter_id for meter_id in ids if meter_id not in days]
    older = _older_days().of(missing)
    days |= {meter_id: day for meter_id, day in older.items() if day}
    return fleet_of(_registry(), days, {*missing} - older.keys())


@cache
def _older_days() -> OlderDays:
    return OlderDays(_reader().newest_days, MOST_OLDER_DAYS)


def warm_up(month: str) -> None:
    """Read the fleet and a month's bills before the first user asks for them."""
    _fleet()
    _bills(month)()


def warm_up_charts() -> None:
    """Read what the first charts show, which takes longer."""
    _fleet_power()
    _network()


def warm_up_search(text: str) -> None:
    """Connect to what a search and a customer's page read."""
    _search_index().search(text)
    _registry_store()


def pace_s(seconds: float) -> float:
    """The refresh interval (s) of data about the whole fleet: `seconds`, or longer for a large fleet."""
    return max(seconds, len(_registry()) / METERS_PER_SECOND)


_registry: StaleWhileRevalidate[list[RegisteredMeter]] = StaleWhileRevalidate(
    lambda: _reader().meters(), lambda: 300, good_s=3_600
)
_fleet: StaleWhileRevalidate[Fleet | None] = StaleWhileRevalidate(_read_fleet, lambda: pace_s(2), good_s=600)


def _read_network() -> tuple[list[Loading], float]:
    return read_network(find_stack(), _reader(), _registry(), _fleet())


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
    return FleetPower(until, _ask(question.render({"until": until.isoformat()})).rows)


_fleet_power: StaleWhileRevalidate[FleetPower] = StaleWhileRevalidate(
    _read_fleet_power, lambda: pace_s(15 if find_stack().local else 60), good_s=600
)


@needs(Data.FLEET)
def fleet_power() -> FleetPower:
    """The fleet's energy over the last day, and the same a week before."""
    return _fleet_power()


@needs(Data.PIPELINE)
@st.cache_resource(ttl=2, show_spinner=False)
def pipeline() -> dict[str, Series]:
    """Metrics of the metering function over the last hour, one point per minute."""
    now = datetime.now(UTC)
    wanted = {"ReadingsStored": "Sum", "UploadAge": "p95", "UploadsRejected": "Sum"}
    return _reader().metrics(wanted, now - timedelta(hours=1), now, 60)


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
    return _reader().quarantined(day)


@needs(Data.REJECTED, of=subjects.of_all)
def rejected(since: datetime) -> list[Rejected]:
    """The uploads that were rejected since an instant, newest first."""
    return _rejected(since)


@st.cache_resource(ttl=10, max_entries=8, show_spinner=False)
def _rejected(since: datetime) -> list[Rejected]:
    stack = find_stack()
    return rejected_uploads(stack.client("s3", connect_timeout=2), stack.bucket, since, MOST_REJECTED)


def forget_rejected() -> None:
    """Read the rejected uploads again when they are asked for next."""
    _rejected.clear()


@needs(Data.PUT_BACK, "change", of=subjects.of_all)
def put_back(reason: str) -> dict[str, int]:
    """Put the uploads that were rejected for a reason back into the stream; how many uploads had which outcome."""
    stack = find_stack()
    into_stream = partial(put, stack.client("kinesis"), stack.stream, pause=pause)
    outcome: Counter[str] = Counter()
    for case in redrive_quarantine(stack.client("s3"), stack.bucket, into_stream, [reason]):
        outcome[case.fate] += case.items
    forget_rejected()
    return outcome


def _ask(sql: str) -> athena.Answer:
    """Run one SELECT in Athena's dialect."""
    return ask_athena(find_stack(), _athena(), sql, limit_s=60)


@cache
def _athena() -> Any:
    return find_stack().client("athena", connect_timeout=2)


@needs(Data.FLEET)
@st.cache_resource(ttl=60, max_entries=500, show_spinner=False)
def meter(meter_id: str) -> RegisteredMeter | None:
    """A meter by its full ID, without reading the whole registry."""
    return _reader().meter(meter_id)


@needs(Data.CUSTOMERS, of=subjects.of_meter)
@st.cache_resource(ttl=60, max_entries=200, show_spinner=False)
def service_histories(meter_id: str) -> list[ServiceHistory]:
    """All that is dated at the service points that a meter has been at."""
    store = _registry_store()
    return [*store.histories(store.points_of_meters([meter_id]).get(meter_id, ())).values()]


@cache
def _registry_store() -> RegistryStore:
    stack = find_stack()
    tables = RegistryTables(stack.service_points_table, stack.meters_table, stack.tariffs_table)
    return RegistryStore(stack.client("dynamodb", connect_timeout=2, read_timeout=10), tables, pause)


@needs(Data.FLEET)
@st.cache_resource(ttl=300, show_spinner=False)
def tariffs() -> dict[str, Tariff]:
    """The tariffs by their id."""
    return _reader().tariffs()


@cache
def _bills(month: str) -> StaleWhileRevalidate[list[BillRow]]:
    return StaleWhileRevalidate(lambda: _reader().bills_of_month(month), lambda: pace_s(10), good_s=600)


@needs(Data.ALL_BILLS, of=subjects.of_all)
def bills_of_month(month: str) -> list[BillRow]:
    """The current bills of a month such as `2026-11`, ordered by meter."""
    return _bills(month)()


@needs(Data.ALL_BILLS, "export", of=subjects.of_keys)
def bill_documents(keys: Sequence[BillKey]) -> Iterator[IssuedBill]:
    """The current bills of these keys with their lines, in order, read as they are asked for."""
    return _reader().bills(keys)


@needs(Data.BILLS, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def history(meter_id: str) -> list[IssuedBill]:
    """All versions of a meter's bills by their keys, ordered by period and version."""
    return _reader().keyed_history(meter_id)


@needs(Data.BILLS, found=subjects.of_issued)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def versions(owner: str, month: str) -> list[IssuedBill]:
    """All versions of the bills of an agreement, or of a meter, whose cycle begins in a month."""
    return _reader().versions(owner, month)


@needs(Data.CUSTOMERS, found=subjects.of_entries)
@st.cache_resource(ttl=10, max_entries=50, show_spinner=False)
def search(text: str) -> list[SearchEntry]:
    """The service points with this text in a name, address, account, meter or feeder."""
    return _search_index().search(text, MOST_FOUND)


@cache
def _search_index() -> SearchIndex:
    stack = find_stack()
    return SearchIndex(stack.client("s3", connect_timeout=2, read_timeout=10), stack.bucket)


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
    return green_button(usage_of(_reader(), meter_id, end - THIRTEEN_MONTHS, end, services), now)


def for_this_user(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """What makes a download for the user of now: Streamlit calls it later, outside the session."""
    who = visitor()

    def made() -> bytes:
        with acting_for(who):
            return make()

    return made


@needs(Data.USAGE, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=50, show_spinner=False)
def days(meter_id: str, first: date, last: date) -> list[MeterDay]:
    """A meter's UTC days from `first` to `last` that have readings."""
    return _reader().days(meter_id, first, last)


@needs(Data.USAGE, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def newest_day(meter_id: str) -> MeterDay | None:
    """A meter's newest day, if it has one."""
    return _reader().newest_days([meter_id]).get(meter_id)


@needs(Data.BILLS, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def bill(meter_id: str, month: str) -> Bill | None:
    """A meter's current bill for a month."""
    return _reader().bill(meter_id, month)


@needs(Data.QUESTIONS)
def questions_of_user() -> dict[str, questions.Question]:
    """The questions that the user may ask, by their names."""
    all_ = questions.questions()
    return all_ if may(Data.ACCESS_LOG) else {name: one for name, one in all_.items() if not _reads_access_log(one.sql)}


@needs(Data.QUESTIONS, of=subjects.of_sql)
def answer(sql: str) -> athena.Answer:
    """The result of a SELECT in Athena's dialect, cached for a minute."""
    return _answer_for_user(sql)


def answer_file(sql: str, make: Callable[[athena.Answer], bytes]) -> Callable[[], bytes]:
    """What makes a file of a SELECT's result, for the user of now."""
    return for_this_user(lambda: _answer_file(sql, make))


@needs(Data.QUESTIONS, "export", of=subjects.of_sql)
def _answer_file(sql: str, make: Callable[[athena.Answer], bytes]) -> bytes:
    return make(_answer_for_user(sql))


def _answer_for_user(sql: str) -> athena.Answer:
    if _reads_access_log(sql):
        visitor().check(Data.ACCESS_LOG)
    return _answer(sql)


@st.cache_resource(ttl=60, max_entries=16, show_spinner=False)
def _answer(sql: str) -> athena.Answer:
    return _ask(sql)


def _reads_access_log(sql: str) -> bool:
    return FOLDER in sql.lower()
