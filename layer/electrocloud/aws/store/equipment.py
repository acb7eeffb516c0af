"""The ratings of feeders and transformers in DynamoDB, PARTS items beside the service points.

The registry's lock makes writers take turns: an item is read, changed and written.
"""

import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.aws.store.registry_state import STATE_PREFIX
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.registry.records import Equipment

PARTS = 64  # an item holds some 3,000 ratings
_PREFIX = f"{STATE_PREFIX}equipment/"

Item = dict[str, Any]

_decoder = msgspec.json.Decoder(list[Equipment])


class EquipmentStore:
    """On a boto3 DynamoDB client; `table` is that of the service points."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Pause) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def load(self) -> dict[str, Equipment]:
        """All ratings by their key."""
        return self._read(range(PARTS))

    def put(self, changed: Iterable[Equipment]) -> int:
        """Store ratings in place of those of the same keys; how many there were."""
        new = {one.key: one for one in changed}
        parts = {_part(one) for one in new.values()}
        items: dict[int, dict[str, Equipment]] = {part: {} for part in parts}
        for key, one in {**self._read(parts), **new}.items():
            items[_part(one)][key] = one
        batch_write(self._client, self._table, ({"PutRequest": {"Item": _item(*each)}} for each in items.items()))
        return len(new)

    def _read(self, parts: Iterable[int]) -> dict[str, Equipment]:
        keys = [(self._table, {"service_point_id": {"S": _key(part)}}) for part in parts]
        return ratings_in(item for _, item in batch_get(self._client, keys, self._pause))


def ratings_in(items: Iterable[Item]) -> dict[str, Equipment]:
    """The ratings by their key in those of these items of the service points' table that hold some."""
    own = (item for item in items if item["service_point_id"]["S"].startswith(_PREFIX))
    records = (_decoder.decode(item["document"]["S"]) for item in own)
    return {one.key: one for part in records for one in part}


def _part(one: Equipment) -> int:
    return zlib.crc32(one.equipment_id.encode()) % PARTS


def _key(part: int) -> str:
    return f"{_PREFIX}{part}"


def _item(part: int, records: dict[str, Equipment]) -> Item:
    document = msgspec.json.encode([records[key] for key in sorted(records)]).decode()
    return {"service_point_id": {"S": _key(part)}, "document": {"S": document}}
