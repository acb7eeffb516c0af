"""The registry in DynamoDB: an item per account, service point (with its installations and agreements), meter, tariff.

A service point's item is the source; a meter's item lists the service points it has been at, so that a reading finds
its agreements in two lookups. `RegistryState` keeps items of its own among the service points.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import WRITE_AT_ONCE, batch_write
from electrocloud.aws.store.record_parts import EQUIPMENT, STATIONS, RecordParts
from electrocloud.aws.store.registry_state import STATE_PREFIX, RegistryState
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.registry.changes import RecordChange, own_service_points
from electrocloud.domain.registry.records import (
    Account,
    Agreement,
    Equipment,
    Installation,
    Registry,
    ServicePoint,
    TariffDocument,
    WeatherStation,
)

WRITERS = 4
POINTS_AT_ONCE = 250

Item = dict[str, Any]


class ServiceHistory(msgspec.Struct, frozen=True):
    """All that is dated at a service point, in order of time."""

    point: ServicePoint
    installations: tuple[Installation, ...] = ()
    agreements: tuple[Agreement, ...] = ()


class TariffHistory(msgspec.Struct, frozen=True):
    """A tariff's versions in order of time."""

    tariff_id: str
    versions: tuple[TariffDocument, ...]


_account_decoder = msgspec.json.Decoder(Account)
_history_decoder = msgspec.json.Decoder(ServiceHistory)
_versions_decoder = msgspec.json.Decoder(tuple[TariffDocument, ...])


class RegistryTables(NamedTuple):
    """The names of the registry's tables. Who reads no tariffs or no customers does without their tables."""

    service_points: str
    meters: str
    tariffs: str = ""
    accounts: str = ""


class RegistryStore:
    """Reads and writes the registry on a boto3 DynamoDB client; `pause(n)` waits before attempt n + 1."""

    def __init__(self, client: DynamoDBClient, tables: RegistryTables, pause: Pause) -> None:
        self._client = client
        self._tables = tables
        self._pause = pause
        self.state = RegistryState(client, tables.service_points, pause)
        self.equipment = RecordParts(client, tables.service_points, pause, EQUIPMENT)
        self.stations = RecordParts(client, tables.service_points, pause, STATIONS)

    def load(self) -> Registry:
        """All of it."""
        found_accounts = self._scan(self._tables.accounts)
        accounts = [_account(item) for item in found_accounts if _is_account(item)]
        histories, state = [], []
        for item in self._scan(self._tables.service_points):
            if _is_state(item):
                state.append(item)
            else:
                histories.append(_history(item))
        tariffs = [tariff_history(item) for item in self._scan(self._tables.tariffs)]
        found = _registry(accounts, histories, tariffs)
        found.equipment.update(EQUIPMENT.records_in(state))
        found.stations.update(STATIONS.records_in(state))
        return found

    def load_points(self, service_points: Collection[str], accounts: Collection[str] = ()) -> Registry:
        """Some service points with all that refers to them, the accounts named, and all tariffs."""
        histories = self.histories(service_points).values()
        wanted = {*accounts} | {agreement.account_id for one in histories for agreement in one.agreements}
        found = self._get(self._tables.accounts, "account_id", sorted(wanted))
        tariffs = [tariff_history(item) for item in self._scan(self._tables.tariffs)]
        return _registry([_account(item) for item in found], histories, tariffs)

    def histories(self, service_points: Collection[str]) -> dict[str, ServiceHistory]:
        """The histories of those service points that exist."""
        found = self._get(self._tables.service_points, "service_point_id", sorted(service_points))
        return {item["service_point_id"]["S"]: _history(item) for item in found}

    def accounts(self, account_ids: Collection[str]) -> dict[str, Account]:
        """Those of these accounts that exist."""
        found = self._get(self._tables.accounts, "account_id", sorted(account_ids))
        return {item["account_id"]["S"]: _account(item) for item in found}

    def histories_in(self, part: int, parts: int, after: str | None) -> Iterator[list[ServiceHistory]]:
        """The histories of one part of the service points, POINTS_AT_ONCE at a time, from after a point on."""
        start: dict[str, Any] = {"ExclusiveStartKey": {"service_point_id": {"S": after}}} if after else {}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._tables.service_points,
            Segment=part,
            TotalSegments=parts,
            PaginationConfig={"PageSize": POINTS_AT_ONCE},
            **start,
        )
        for page in pages:
            if found := [_history(item) for item in page["Items"] if not _is_state(item)]:
                yield found

    def points_of_meters(self, meters: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The service points that each of these meters has been at; meters that are not installed are left out."""
        found = self._get(self._tables.meters, "meter_id", sorted(meters))
        return {
            item["meter_id"]["S"]: tuple(point["S"] for point in item["service_points"]["L"])
            for item in found
            if "service_points" in item
        }

    def tariffs(self, tariff_ids: Collection[str]) -> list[TariffHistory]:
        """Those of these tariffs that exist."""
        return [tariff_history(item) for item in self._get(self._tables.tariffs, "tariff_id", sorted(tariff_ids))]

    def write(self, registry: Registry, changes: Collection[RecordChange], progress: Callable[[int], None]) -> None:
        """Store the changed records of a registry that holds everything at their service points.

        What is referred to comes before what refers to it. A meter's item before its service points': if the writing
        ends between the two, it names a service point that does not have the meter yet, which says nothing.
        """
        points = own_service_points(changes)
        after = [change.after for change in changes]
        meters = {one.meter_id for one in registry.installations.values() if one.service_point_id in points}
        known = self.points_of_meters(meters)
        histories = _histories(registry, points)
        tariff_ids = {record.tariff_id for record in after if isinstance(record, TariffDocument)}
        accounts = (_account_item(one) for one in after if isinstance(one, Account))
        self._write(self._tables.accounts, accounts, progress)
        self._write(self._tables.tariffs, (_tariff_item(registry, one) for one in sorted(tariff_ids)), progress)
        if ratings := [one for one in after if isinstance(one, Equipment)]:
            progress(self.equipment.put(ratings))
        if stations := [one for one in after if isinstance(one, WeatherStation)]:
            progress(self.stations.put(stations))
        self._write(self._tables.meters, _meter_items(histories, known), progress)
        self._write(self._tables.service_points, map(_history_item, histories), progress)

    def remove_meter(self, meter_id: str) -> dict[str, ServiceHistory]:
        """Take a meter out of the service points that it has been at; returns these, as they are then.

        Its own item, which names them, stays: what depends on them may have to be done again.
        """
        points = self.points_of_meters([meter_id]).get(meter_id, ())
        found = {}
        for key, history in self.histories(points).items():
            others = tuple(one for one in history.installations if one.meter_id != meter_id)
            found[key] = msgspec.structs.replace(history, installations=others)
        self._write(self._tables.service_points, map(_history_item, found.values()), lambda _: None)
        return found

    def _scan(self, table: str) -> Iterator[Item]:
        for page in self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            yield from page["Items"]

    def _get(self, table: str, name: str, values: Collection[str]) -> list[Item]:
        keys = [(table, {name: {"S": value}}) for value in values]
        return [item for _, item in batch_get(self._client, keys, self._pause)]

    def _write(self, table: str, items: Iterable[Item], progress: Callable[[int], None]) -> None:
        rows = iter(items)
        groups = iter(lambda: list(islice(rows, WRITE_AT_ONCE)), [])
        with ThreadPoolExecutor(WRITERS) as pool:
            for count in pool.map(lambda group: self._write_group(table, group), groups):
                progress(count)

    def _write_group(self, table: str, items: list[Item]) -> int:
        batch_write(self._client, table, ({"PutRequest": {"Item": item}} for item in items))
        return len(items)


def _registry(
    accounts: Iterable[Account], histories: Iterable[ServiceHistory], tariffs: Iterable[TariffHistory]
) -> Registry:
    found = Registry({}, {}, {}, {}, {}, {}, {})
    found.accounts.update((one.key, one) for one in accounts)
    for history in histories:
        found.service_points[history.point.key] = history.point
        found.installations.update((one.key, one) for one in history.installations)
        found.agreements.update((one.key, one) for one in history.agreements)
    found.tariffs.update((version.key, version) for one in tariffs for version in one.versions)
    return found


def _is_account(item: Item) -> bool:
    """Whether an item of the table of accounts is one, and not its payments or a bill's mailings."""
    return "#" not in item["account_id"]["S"]


def _is_state(item: Item) -> bool:
    return bool(item["service_point_id"]["S"].startswith(STATE_PREFIX))


def _histories(registry: Registry, points: Collection[str]) -> list[ServiceHistory]:
    installations: dict[str, list[Installation]] = {point: [] for point in points}
    agreements: dict[str, list[Agreement]] = {point: [] for point in points}
    for installation in registry.installations.values():
        if installation.service_point_id in installations:
            installations[installation.service_point_id].append(installation)
    for agreement in registry.agreements.values():
        if agreement.service_point_id in agreements:
            agreements[agreement.service_point_id].append(agreement)
    return [
        ServiceHistory(
            registry.service_points[point],
            tuple(sorted(installations[point], key=lambda one: one.start)),
            tuple(sorted(agreements[point], key=lambda one: one.first)),
        )
        for point in sorted(points)
    ]


def _account_item(account: Account) -> Item:
    return {"account_id": {"S": account.account_id}, "document": {"S": _text(account)}}


def _account(item: Item) -> Account:
    return _account_decoder.decode(item["document"]["S"])


def _history_item(history: ServiceHistory) -> Item:
    return {"service_point_id": {"S": history.point.key}, "document": {"S": _text(history)}}


def _history(item: Item) -> ServiceHistory:
    return _history_decoder.decode(item["document"]["S"])


def _tariff_item(registry: Registry, tariff_id: str) -> Item:
    """`document` is the URDB document of the version without an end, or else of the last one."""
    versions = sorted(
        (one for one in registry.tariffs.values() if one.tariff_id == tariff_id), key=lambda one: one.first or date.min
    )
    return {
        "tariff_id": {"S": tariff_id},
        "document": {"S": _text(versions[-1].document)},
        "versions": {"S": _text(versions)},
    }


def tariff_history(item: Item) -> TariffHistory:
    """The versions of a tariff's item; one that was stored before tariffs had dates has always been in force."""
    tariff_id = item["tariff_id"]["S"]
    if "versions" in item:
        versions = _versions_decoder.decode(item["versions"]["S"])
        return TariffHistory(tariff_id, versions)
    try:
        document = msgspec.json.decode(item["document"]["S"], type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        document = {}  # no tariff; rating names what it lacks
    return TariffHistory(tariff_id, (TariffDocument(tariff_id=tariff_id, document=document),))


def _meter_items(histories: Iterable[ServiceHistory], known: Mapping[str, tuple[str, ...]]) -> Iterator[Item]:
    """An item per meter of these service points; `known` are the service points that meters have been at so far.

    Beside these it carries what it is looked up for most: where the meter is now, its class and tariff.
    """
    points = {meter: list(own) for meter, own in known.items()}
    latest: dict[str, tuple[Installation, ServiceHistory]] = {}
    for history in histories:
        for installation in history.installations:
            own = points.setdefault(installation.meter_id, [])
            if history.point.key not in own:
                own.append(history.point.key)
            before = latest.get(installation.meter_id)
            if before is None or before[0].start <= installation.start:
                latest[installation.meter_id] = installation, history
    for meter, (installation, history) in latest.items():
        removed = {} if installation.end is None else {"removed": {"N": str(installation.end)}}
        yield _meter_item(meter, points[meter], history) | removed


def _meter_item(meter: str, points: Iterable[str], history: ServiceHistory) -> Item:
    """The item of a meter that is, or was last, at the service point of `history`."""
    point = history.point
    agreements = dict.fromkeys(one.agreement_id for one in history.agreements)
    item: Item = {
        "meter_id": {"S": meter},
        "service_points": {"L": [{"S": one} for one in points]},
        "agreements": {"L": [{"S": one} for one in agreements]},
        "lat": {"N": str(point.latitude)},
        "lon": {"N": str(point.longitude)},
        "feeder": {"S": point.feeder},
        "class": {"S": point.customer_class},
        "timezone": {"S": point.time_zone},
        "upload_every_s": {"N": str(point.upload_every_s)},
    }
    if point.transformer:
        item["transformer"] = {"S": point.transformer}
    if point.head_end:
        item["head_end"] = {"S": point.head_end}
    if billed := [one for one in history.agreements if not one.is_void]:
        item["tariff_id"] = {"S": billed[-1].tariff_id}
    return item


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
