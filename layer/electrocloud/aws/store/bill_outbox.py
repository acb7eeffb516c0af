"""The bills' outbox: issued bills that are not in the lake yet.

The item of an issued bill is written with the attribute `to_lake`, in the transaction that stores the bill, and loses
it once the bill has been published. A sparse index by that attribute lists what is left, so no crash between the two
can lose a bill; it may publish one twice.
"""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.dynamodb_items import OUTBOX_PARTS, Item, bill_key, bill_of, key_of_bill
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey

INDEX = "to-lake"
WRITERS = 8
BILLS_AT_ONCE = 1_000  # some 20 MB with their lines


class IssuedBill(NamedTuple):
    """A version of a bill, by its agreement and cycle."""

    key: BillKey
    bill: Bill


class WaitingBill(NamedTuple):
    """An issued bill in the outbox: the key of its item, and the item's version tag; "" for a replaced version."""

    item_key: BillKey
    mark: str
    issued: IssuedBill


class BillOutbox:
    """The outbox of a deployment's bills, on a boto3 DynamoDB client."""

    def __init__(self, client: DynamoDBClient, bills_table: str) -> None:
        self._client = client
        self._table = bills_table

    def pages(self) -> Iterator[list[WaitingBill]]:
        """The bills that wait, BILLS_AT_ONCE at a time: a page of the index has the keys of some 20,000."""
        for page in self._query(ProjectionExpression="meter_id, bill"):
            keys = [(self._table, bill_key(key_of_bill(item))) for item in page["Items"]]
            for first in range(0, len(keys), BILLS_AT_ONCE):
                found = batch_get(self._client, keys[first : first + BILLS_AT_ONCE], pause)
                if waiting := [_waiting_bill(item) for _, item in found if "to_lake" in item]:
                    yield waiting

    def count(self) -> int:
        """How many bills wait."""
        return sum(page["Count"] for page in self._query(Select="COUNT"))

    def _query(self, **asked: Any) -> Iterator[Any]:
        """The pages of the index, part by part."""
        for part in range(OUTBOX_PARTS):
            yield from self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="to_lake = :part",
                ExpressionAttributeValues={":part": {"S": str(part)}},
                **asked,
            )

    def remove(self, published: Collection[WaitingBill]) -> None:
        """Take bills out of the outbox, but for those that another version has replaced since they were read."""
        with ThreadPoolExecutor(WRITERS) as pool:
            for _ in pool.map(self._remove, published):
                pass

    def _remove(self, waiting: WaitingBill) -> None:
        unchanged: dict[str, Any] = {"ConditionExpression": "attribute_exists(meter_id)"}
        if waiting.mark:
            unchanged = {
                "ConditionExpression": "#mark = :mark",
                "ExpressionAttributeNames": {"#mark": "mark"},
                "ExpressionAttributeValues": {":mark": {"S": waiting.mark}},
            }
        try:
            self._client.update_item(
                TableName=self._table,
                Key=bill_key(waiting.item_key),
                UpdateExpression="REMOVE to_lake",
                **unchanged,
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def issued_bill(item: Item) -> IssuedBill:
    """The bill of an item, current or replaced."""
    key = key_of_bill(item)
    return IssuedBill(BillKey(key.agreement_id, key.cycle.partition("#")[0]), bill_of(item))


def _waiting_bill(item: Item) -> WaitingBill:
    return WaitingBill(key_of_bill(item), item.get("mark", {}).get("S", ""), issued_bill(item))
