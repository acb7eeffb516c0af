"""DynamoDB in memory: the calls that the pipeline makes, with DynamoDB's limits and errors; moto is far slower.

A test compares it with moto, call by call.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from electrocloud.aws.store.dynamodb_items import Item

KEYS_A_READ = 100
ACTIONS_A_TRANSACTION = 100
WRITES_A_BATCH = 25
ITEM_BYTES = 400 << 10
TRANSACTION_BYTES = 4 << 20
PAGE = 10  # items; DynamoDB's page is 1 MB, but a small one makes the callers turn pages
EVENTUAL = "an eventually consistent read may not see what was just written"

_BETWEEN = re.compile(r"(\w+) = (:\w+) AND (#?\w+) BETWEEN (:\w+) AND (:\w+)")

Key = tuple[str, ...]


def error(code: str, operation: str, message: str = "", **more: Any) -> ClientError:
    """The error that boto3 raises for an error of the service."""
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, operation)


def cancelled(codes: list[str]) -> ClientError:
    """A canceled transaction, with the reason of each action (`None` for those without a conflict)."""
    reasons = [{"Code": code} for code in codes]
    text = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
    return error("TransactionCanceledException", "TransactWriteItems", text, CancellationReasons=reasons)


class MemoryDynamo:
    """`keys` names the key attributes of each table; `items` are the tables' contents by key."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys
        self.items: dict[str, dict[Key, Item]] = {table: {} for table in keys}

    def put_item(self, TableName: str, Item: Item) -> dict[str, Any]:  # noqa: N803
        self.items[TableName][self._key(TableName, Item)] = dict(Item)
        return {}

    def batch_write_item(self, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        requests = [(table, request) for table, part in RequestItems.items() for request in part]
        keys = [
            (table, self._key(table, one["PutRequest"]["Item"] if "PutRequest" in one else one["DeleteRequest"]["Key"]))
            for table, one in requests
        ]
        if not requests or len(requests) > WRITES_A_BATCH or len({*keys}) < len(keys):
            raise error("ValidationException", "BatchWriteItem", f"{len(requests)} requests of {len({*keys})} keys")
        for (table, request), (_, key) in zip(requests, keys, strict=True):
            if "PutRequest" in request:
                self.items[table][key] = dict(request["PutRequest"]["Item"])
            else:
                self.items[table].pop(key, None)
        return {"UnprocessedItems": {}}

    def update_item(
        self,
        TableName: str,  # noqa: N803
        Key: Item,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ExpressionAttributeValues: Mapping[str, Any] = {},  # noqa: N803
        ConditionExpression: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """Of the expressions, those of the registry's state."""
        key, values = self._key(TableName, Key), ExpressionAttributeValues
        there = self.items[TableName].get(key)
        if not _condition_holds(ConditionExpression, there, values):
            raise error("ConditionalCheckFailedException", "UpdateItem", "The conditional request failed")
        item = {**Key, **(there or {})}
        verb, _, rest = UpdateExpression.partition(" ")
        for part in rest.split(", "):
            if verb == "REMOVE":
                item.pop(part, None)
            elif verb == "SET":
                name, value = part.split(" = ")
                item[name] = values[value]
            else:
                assert verb == "ADD", f"not implemented: {UpdateExpression}"
                name, value = part.split(" ")
                item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(values[value]["N"]))}
        self.items[TableName][key] = item
        return {}

    def scan(
        self,
        TableName: str,  # noqa: N803
        ConsistentRead: bool,  # noqa: N803
        ExclusiveStartKey: Item | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert ConsistentRead, EVENTUAL
        after = self._key(TableName, ExclusiveStartKey) if ExclusiveStartKey else ()
        return self._page(TableName, sorted(key for key in self.items[TableName] if key > after))

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        assert ConsistentRead, EVENTUAL
        found = self.items[TableName].get(self._key(TableName, Key))
        return {"Item": dict(found)} if found else {}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        assert all(part["ConsistentRead"] for part in RequestItems.values()), EVENTUAL
        keys = [(table, self._key(table, key)) for table, part in RequestItems.items() for key in part["Keys"]]
        if not keys or len(keys) > KEYS_A_READ or len({*keys}) < len(keys):
            raise error("ValidationException", "BatchGetItem", f"{len(keys)} keys, {len({*keys})} of them different")
        answer: dict[str, list[Item]] = {table: [] for table in RequestItems}
        for table, key in keys:
            if key in self.items[table]:
                answer[table].append(dict(self.items[table][key]))
        return {"Responses": answer, "UnprocessedKeys": {}}

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        actions = [one for action in TransactItems for one in action.values()]
        puts = [(one, self._key(one["TableName"], one.get("Item") or one["Key"])) for one in actions]
        sizes = [_size(put.get("Item", {})) for put, _ in puts]
        different = {(put["TableName"], key) for put, key in puts}
        if (
            not puts
            or len(puts) > ACTIONS_A_TRANSACTION
            or len(different) < len(puts)
            or sum(sizes) > TRANSACTION_BYTES
        ):
            raise error(
                "ValidationException",
                "TransactWriteItems",
                f"{len(puts)} actions on {len(different)} items, {sizes} bytes",
            )
        reasons = [
            "ValidationError" if size > ITEM_BYTES else "None" if self._holds(put, key) else "ConditionalCheckFailed"
            for (put, key), size in zip(puts, sizes, strict=True)
        ]
        if {*reasons} != {"None"}:
            raise cancelled(reasons)
        for put, key in puts:
            if "Item" in put:
                self.items[put["TableName"]][key] = dict(put["Item"])
        return {}

    def query(
        self,
        TableName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803
        ExpressionAttributeNames: Mapping[str, str] = {},  # noqa: N803
        ExclusiveStartKey: Item | None = None,  # noqa: N803
        ConsistentRead: bool = False,  # noqa: N803
        ProjectionExpression: str = "",  # noqa: N803 - whole items are a superset
    ) -> dict[str, Any]:
        assert ConsistentRead, EVENTUAL
        after = self._key(TableName, ExclusiveStartKey) if ExclusiveStartKey else ()
        if KeyConditionExpression == "meter_id = :agreement":
            partition = ExpressionAttributeValues[":agreement"]["S"]
            rows = sorted(key for key in self.items[TableName] if key[0] == partition and key > after)
            return self._page(TableName, rows)
        found = _BETWEEN.fullmatch(KeyConditionExpression)
        assert found, f"this DynamoDB does not know {KeyConditionExpression}"
        _, partition, _, low, high = (ExpressionAttributeValues.get(name, {}).get("S", "") for name in found.groups())
        rows = sorted(
            key for key in self.items[TableName] if key[0] == partition and low <= key[1] <= high and key > after
        )
        return self._page(TableName, rows)

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def _page(self, table: str, rows: list[Key]) -> dict[str, Any]:
        answer: dict[str, Any] = {"Items": [dict(self.items[table][key]) for key in rows[:PAGE]]}
        if len(rows) > PAGE:
            names = self._keys[table]
            answer["LastEvaluatedKey"] = {name: {"S": part} for name, part in zip(names, rows[PAGE - 1], strict=True)}
        return answer

    def _key(self, table: str, item: Item) -> Key:
        return tuple(item[name]["S"] for name in self._keys[table])

    def _holds(self, put: dict[str, Any], key: Key) -> bool:
        there = self.items[put["TableName"]].get(key)
        match put.get("ConditionExpression"):
            case None:
                return True
            case "attribute_not_exists(meter_id)":
                return there is None
            case "#mark = :mark":
                name = put["ExpressionAttributeNames"]["#mark"]
                return there is not None and there.get(name) == put["ExpressionAttributeValues"][":mark"]
            case other:
                raise AssertionError(f"this DynamoDB does not know {other}")


class Pages:
    """The paginator of `query` or `scan`: each page is a call of its own, on the client that it was made with."""

    def __init__(self, client: Any, operation: str = "query") -> None:
        self._call = getattr(client, operation)

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._call(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _condition_holds(expression: str, there: Item | None, values: Mapping[str, Any]) -> bool:
    match expression:
        case "":
            return True
        case "attribute_exists(service_point_id)":
            return there is not None
        case "lock_owner = :owner":
            return there is not None and there.get("lock_owner") == values[":owner"]
        case "attribute_not_exists(lock_owner) OR lock_until < :now":
            free = there is None or "lock_owner" not in there
            return free or int(there["lock_until"]["N"]) < int(values[":now"]["N"])
        case other:
            raise AssertionError(f"this DynamoDB does not know {other}")


def _size(item: Any) -> int:
    """About what DynamoDB counts: the names and the values."""
    match item:
        case bytes() | str():
            return len(item)
        case dict():
            return sum(len(name) + _size(value) for name, value in item.items())
        case list():
            return sum(map(_size, item))
    raise AssertionError(f"{type(item)} is no attribute value")
