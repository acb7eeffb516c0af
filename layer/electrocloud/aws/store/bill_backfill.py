"""Bills that were final before bills had numbers and dates: they are issued as if they had had them, and published."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.bill_outbox import issued_bill
from electrocloud.aws.store.dynamodb_items import Item, bill_of, key_of_bill, with_bill
from electrocloud.domain.billing.issuing import issue_late
from electrocloud.services.store import WITHDRAWN

if TYPE_CHECKING:
    from electrocloud.domain.billing.bill import Bill


class Backfilled(NamedTuple):
    """How many versions of bills got a number and dates, and how many more were put into the outbox again."""

    issued: int
    published_again: int


class BillBackfill:
    """On a boto3 DynamoDB client. Bills are due `payment_days` after they were issued."""

    def __init__(self, client: DynamoDBClient, bills_table: str, payment_days: int) -> None:
        self._client = client
        self._table = bills_table
        self._payment_days = payment_days

    def run(self, *, publish_again: bool) -> Backfilled:
        """Issue all final bills that have no issue date; with `publish_again` put the other ones into the outbox too.

        It is safe to run again, and while bills are being rated: a version that has changed meanwhile is left alone.
        """
        issued = again = 0
        for versions in self._bills():
            before: Bill | None = None
            for item in versions:
                key, bill = issued_bill(item)
                if bill.issued_on is None:
                    bill = issue_late(bill, payment_days=self._payment_days, replaced=before)
                    issued += self._put(item, with_bill(key, item, bill))
                elif publish_again:
                    again += self._put(item, with_bill(key, item, bill))
                before = bill
        return Backfilled(issued, again)

    def _bills(self) -> Iterator[list[Item]]:
        """The items of the final versions of each bill, in order of their versions."""
        for agreement_id in self._owners():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="meter_id = :owner",
                ExpressionAttributeValues={":owner": {"S": agreement_id}},
            )
            items = [item for page in pages for item in page["Items"] if "document" in item]
            ordered = sorted(items, key=_cycle_and_version)
            for _, own in groupby(ordered, key=lambda item: _cycle_and_version(item)[0]):
                yield [item for item in own if _was_issued(item)]

    def _owners(self) -> Iterator[str]:
        """The agreements, and meters without one, that have bills: a scan gives the items of each one after another."""
        last = ""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ProjectionExpression="meter_id")
        for owner in (item["meter_id"]["S"] for page in pages for item in page["Items"]):
            if owner != last:
                yield owner
            last = owner

    def _put(self, before: Item, after: Item) -> bool:
        """Store an item in place of the one that was read; whether it was still that one."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=after,
                ConditionExpression="#document = :before",
                ExpressionAttributeNames={"#document": "document"},
                ExpressionAttributeValues={":before": before["document"]},
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _cycle_and_version(item: Item) -> tuple[str, int]:
    return key_of_bill(item).cycle.partition("#")[0], bill_of(item).version


def _was_issued(item: Item) -> bool:
    """Whether a bill was owed: it is final, and not one that was withdrawn before it was."""
    bill = bill_of(item)
    withdrawn = item.get("fingerprint", {}).get("S") == WITHDRAWN
    return bill.status == "final" and (bill.version > 1 or not withdrawn)
