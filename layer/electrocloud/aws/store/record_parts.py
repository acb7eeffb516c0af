"""Ratings and weather stations in DynamoDB: the records of a kind in a few items beside the service points.

The registry's lock makes writers take turns: an item is read, changed and written.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.aws.store.registry_state import STATE_PREFIX
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.registry.records import Equipment, Record, WeatherStation

Item = dict[str, Any]
R = TypeVar("R", bound=Record)


class Parts(NamedTuple, Generic[R]):
    """How the records of a kind are spread over so many items: by what `owner` says of a record."""

    kind: str
    items: int
    owner: Callable[[R], str]
    decoder: msgspec.json.Decoder[list[R]]

    def records_in(self, items: Iterable[Item]) -> dict[str, R]:
        """The records by their key in those of these items of the service points' table that hold some."""
        own = (item for item in items if item["service_point_id"]["S"].startswith(f"{STATE_PREFIX}{self.kind}/"))
        return {one.key: one for item in own for one in self.decoder.decode(item["document"]["S"])}

    def part_of(self, record: R) -> int:
        """The number of the item that a record is in."""
        return zlib.crc32(self.owner(record).encode()) % self.items

    def key(self, part: int) -> str:
        """An item's key in the service points' table."""
        return f"{STATE_PREFIX}{self.kind}/{part}"


# An item of 400 KB holds some 3,000 ratings or stations.
EQUIPMENT = Parts("equipment", 64, lambda one: one.equipment_id, msgspec.json.Decoder(list[Equipment]))
STATIONS = Parts("stations", 4, lambda one: one.station_id, msgspec.json.Decoder(list[WeatherStation]))


class RecordParts(Generic[R]):
    """The records of a kind, on a boto3 DynamoDB client; `table` is that of the service points."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Pause, parts: Parts[R]) -> None:
        self._client = client
        self._table = table
        self._pause = pause
        self._parts = parts

    def load(self) -> dict[str, R]:
        """All records by their key."""
        return self._read(range(self._parts.items))

    def put(self, changed: Iterable[R]) -> int:
        """Store records in place of those of the same keys; how many there were."""
        new = {one.key: one for one in changed}
        numbers = {self._parts.part_of(one) for one in new.values()}
        items: dict[int, dict[str, R]] = {part: {} for part in numbers}
        for key, one in {**self._read(numbers), **new}.items():
            items[self._parts.part_of(one)][key] = one
        requests = ({"PutRequest": {"Item": self._item(*each)}} for each in items.items())
        batch_write(self._client, self._table, requests)
        return len(new)

    def _read(self, numbers: Iterable[int]) -> dict[str, R]:
        keys = [(self._table, {"service_point_id": {"S": self._parts.key(part)}}) for part in numbers]
        return self._parts.records_in(item for _, item in batch_get(self._client, keys, self._pause))

    def _item(self, part: int, records: dict[str, R]) -> Item:
        document = msgspec.json.encode([records[key] for key in sorted(records)]).decode()
        return {"service_point_id": {"S": self._parts.key(part)}, "document": {"S": document}}
