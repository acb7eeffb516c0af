"""Reads what a study is made of: the registry's service points and tariffs, and the lake's readings."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from analytics.ask import ask
from analytics.lake_readings import DAYS_AT_ONCE, read_lake
from analytics.studies.rating import BEFORE
from analytics.studies.run import Inputs, Progress
from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.registry import RegistryStore, RegistryTables, ServiceHistory
from electrocloud.aws.store.service_lookup import dated_prices
from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.registry.records import ServicePoint
from electrocloud.domain.studies.study import StudyRequest
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, always

QUERIES_AT_ONCE = 4
FEW_METERS = 8  # are asked for one by one; of more, the lake is read for all
FROM_FILE = "tariff-file"


def read_inputs(stack: Stack, request: StudyRequest, progress: Progress) -> Inputs:
    """The customers that a request names, their tariffs, and their meters' readings.

    `UsageError` where nobody is of the class and feeder, or the other tariff is not registered.
    """
    registry = RegistryStore(
        stack.client("dynamodb"),
        RegistryTables(stack.service_points_table, stack.meters_table, stack.tariffs_table),
        pause,
    )
    pages = registry.histories_in(0, 1, None)
    histories = [one for page in pages for one in page if _is_wanted(one.point, request)]
    if not histories:
        raise UsageError(f"the registry has no service point of {request.customers}")
    tariffs = _tariffs(registry, histories, request)
    meters = {one.meter_id for history in histories for one in history.installations}
    first, last = _utc_days(request)
    asked = sorted(meters) if len(meters) <= FEW_METERS else ["all"]
    athena = stack.client("athena", max_pool_connections=QUERIES_AT_ONCE)
    queries, answered = len(asked) * -(-((last - first).days + 1) // DAYS_AT_ONCE), 0

    def rows(sql: str) -> Sequence[tuple[object, ...]]:
        nonlocal answered
        found = ask(stack, athena, sql).rows
        answered += 1
        progress("reading the lake", answered, queries)
        return found

    with ThreadPoolExecutor(QUERIES_AT_ONCE) as pool:
        lake = read_lake(rows, pool, first, last, asked)
    own = {meter: lake[meter] for meter in lake.keys() & meters}
    instead = request.tariff_id or (FROM_FILE if request.document else "")
    return Inputs(sorted(histories, key=lambda one: one.point.key), own, first, last, tariffs, instead)


def _is_wanted(point: ServicePoint, request: StudyRequest) -> bool:
    return request.customer_class in ("", point.customer_class) and request.feeder in ("", point.feeder)


def _tariffs(registry: RegistryStore, histories: list[ServiceHistory], request: StudyRequest) -> dict[str, DatedTariff]:
    """The tariffs of these customers and the other one, by id; those that cannot be rated are left out."""
    wanted = {record.tariff_id for one in histories for record in one.agreements} | {request.tariff_id} - {""}
    found = {}
    for history in registry.tariffs(wanted):
        try:
            found[history.tariff_id] = dated_prices(history)
        except TariffError as fault:
            if history.tariff_id == request.tariff_id:
                raise UsageError(f"tariff {history.tariff_id}: {fault}") from None
    if request.tariff_id and request.tariff_id not in found:
        raise UsageError(f"no tariff {request.tariff_id} is registered; `electrocloud registry apply` stores one")
    if request.document:
        found[FROM_FILE] = always(tariff_from_urdb(request.document))
    return found


def _utc_days(request: StudyRequest) -> tuple[date, date]:
    """The UTC days of all cycles that begin in the months, and of the weeks before that gaps are estimated from."""
    first, last = (date.fromisoformat(f"{month}-01") for month in (request.first_month, request.last_month))
    return first - BEFORE - timedelta(days=1), last + timedelta(days=31 + 28 + 1)
