"""An in-memory DynamoDB with the calls that store, publish and re-rate bills, which counts the units that AWS bills.

Rules: a strongly consistent read costs one unit per started 4 KB of each item (or of a query's total), and one unit if
there is no item; one of an index costs half of that. A transactional write costs two units per started 1 KB of the
larger of the old and the new item, an update one. A new, changed or removed index entry costs one per started 1 KB.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from electrocloud.aws.store.dynamodb_items import Item

READ_BYTES = 4_096
WRITE_BYTES = 1_024
STORED_OVERHEAD = 100  # bytes added per stored item


class BilledDynamoDB:
    """The subset of a boto3 client's calls, on tables given by their sort keys; conditions always hold.

    `indexes` are by their key attribute: an item that has it is in the index, with these attributes. `counts` holds
    read_units and write_units, and the numbers of gets (keys), queries and writes (items). `seconds` is the time spent
    counting.
    """

    def __init__(self, sort_keys: dict[str, str], indexes: Mapping[str, Sequence[str]]) -> None:
        self._sort_keys = sort_keys
        self._indexes = indexes
        self._items: dict[tuple[str, str, str], Item] = {}
        self.counts: dict[str, float] = defaultdict(int)
        self.seconds = 0.0
        self._lock = threading.Lock()

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read as DynamoDB does, and count the read units."""
        found: dict[str, list[Item]] = {}
        with self._counting():
            for table, asked in request["RequestItems"].items():
                for key in asked["Keys"]:
                    item = self._items.get(self._key(table, key))
                    self.counts["gets"] += 1
                    self.counts["read_units"] += _units(size_of(item) if item else 0, READ_BYTES)
                    if item:
                        found.setdefault(table, []).append(item)
        return {"Responses": found, "UnprocessedKeys": {}}

    def get_paginator(self, name: str) -> "BilledDynamoDB":
        """This object, which pages a query itself."""
        if name != "query":
            raise NotImplementedError(name)
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        """Query the items of one meter between two sort keys, or those of the outbox."""
        values = {name.lstrip(":"): value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        with self._counting():
            if "part" in values:
                entries = [item for item in self._items.values() if item.get("to_lake") == {"S": values["part"]}]
                self.counts["read_units"] += (
                    _units(sum(size_of(_only(one, "to_lake")) for one in entries), READ_BYTES) / 2
                )
                return [{"Items": entries}]
            items = [
                item
                for (table, meter, sort), item in self._items.items()
                if table == request["TableName"]
                and meter == values["meter"]
                and values["first"] <= sort <= values["last"]
            ]
            self.counts["queries"] += 1
            self.counts["read_units"] += _units(sum(map(size_of, items)), READ_BYTES)
        return [{"Items": items}]

    def transact_write_items(self, **request: Any) -> None:
        """Write as DynamoDB does, and count the write units."""
        with self._counting():
            for action in request["TransactItems"]:
                item = action["Put"]["Item"]
                key = self._key(action["Put"]["TableName"], item)
                before = self._items.get(key, {})
                self.counts["writes"] += 1
                self.counts["write_units"] += 2 * _units(max(size_of(item), size_of(before)), WRITE_BYTES)
                self._count_entries(before, item)
                self._items[key] = item

    def update_item(self, **request: Any) -> None:
        """Take a bill out of the outbox, and count the write units."""
        with self._counting():
            key = self._key(request["TableName"], request["Key"])
            before = self._items[key]
            item = {name: value for name, value in before.items() if name != "to_lake"}
            self.counts["write_units"] += _units(size_of(before), WRITE_BYTES)
            self._count_entries(before, item)
            self._items[key] = item

    def stored_bytes(self) -> int:
        """The billed storage: all items and their index entries."""
        entries = [entry for item in self._items.values() for entry in self._entries(item).values()]
        return sum(size_of(item) + STORED_OVERHEAD for item in [*self._items.values(), *entries])

    def _count_entries(self, before: Item, item: Item) -> None:
        old, new = self._entries(before), self._entries(item)
        changed = [new.get(index) or old[index] for index in {*old, *new} if new.get(index) != old.get(index)]
        self.counts["write_units"] += sum(_units(size_of(entry), WRITE_BYTES) for entry in changed)

    def _entries(self, item: Item) -> dict[str, Item]:
        return {key: _only(item, key, *own) for key, own in self._indexes.items() if key in item}

    def _key(self, table: str, item: Item) -> tuple[str, str, str]:
        return table, item["meter_id"]["S"], item[self._sort_keys[table]]["S"]

    @contextmanager
    def _counting(self) -> Iterator[None]:
        began = time.process_time()
        with self._lock:
            yield
        self.seconds += time.process_time() - began


def _only(item: Item, *names: str) -> Item:
    return {name: item[name] for name in ("meter_id", "bill", *names) if name in item}


def size_of(item: Item) -> int:
    """An item's size (bytes) as DynamoDB counts it: names and values; a number takes half a byte per digit plus one."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return (len(content.strip("-").replace(".", "")) + 1) // 2 + 1
    return len(content.encode() if kind == "S" else content)


def _units(size: int, step: int) -> int:
    return max(1, -(-size // step))
