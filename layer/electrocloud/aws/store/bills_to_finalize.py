"""The bills that lack readings, from the bills' index by month."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from electrocloud.aws.backoff import pause
from electrocloud.aws.store.dynamodb_items import MONTH_PARTS, month_key, month_part
from electrocloud.aws.store.tables import batch_get
from electrocloud.services.closing import FindBills

WAITING = "waiting for estimate"  # the status of such a bill's item; the bill itself is provisional


class WaitingBill(NamedTuple):
    """A bill that cannot be closed: how many of its intervals are missing, and why they cannot be estimated."""

    meter_id: str
    month: str
    missing: int
    reason: str


class DynamoOpenBills:
    """The open bills of a deployment, on a boto3 DynamoDB client."""

    def __init__(self, client: Any, bills_table: str) -> None:
        self._client = client
        self._table = bills_table

    def pages(self, item: FindBills) -> Iterator[Sequence[str]]:
        """See `OpenBills`. A page is of up to 1 MB of the index, some 5,000 bills of whatever status."""
        key = month_part(item.month, item.part)
        start = {"month_part": {"S": key}, **month_key(item.after, item.month)} if item.after else None
        statuses = "" if item.waiting else " AND #status <> :waiting"
        for page in self._query(key, f"#missing > :none{statuses}", not item.waiting, start):
            yield [found["meter_id"]["S"] for found in page["Items"]]

    def wait_for_estimate(self, meter_id: str, month: str, missing: int | None, reason: str) -> None:
        """See `OpenBills`. The item's mark stays, since its content does; whoever rates the bill replaces the item."""
        values = {":waiting": {"S": WAITING}, ":reason": {"S": reason}, ":missing": {"N": str(missing or 0)}}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=month_key(meter_id, month),
                UpdateExpression="SET #status = :waiting, waiting_reason = :reason",
                ConditionExpression="#missing > :missing" if missing is None else "#missing = :missing",
                ExpressionAttributeNames={"#status": "status", "#missing": "missing"},
                ExpressionAttributeValues=values,
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def waiting(self, month: str) -> list[WaitingBill]:
        """The bills of a month such as `2026-10` that wait for an estimate, by meter."""
        keys = []
        for part in range(MONTH_PARTS):
            for page in self._query(month_part(month, part), "#missing > :none AND #status = :waiting", True, None):
                keys += [(self._table, month_key(found["meter_id"]["S"], month)) for found in page["Items"]]
        return sorted(
            WaitingBill(
                item["meter_id"]["S"], month, int(item["missing"]["N"]), item.get("waiting_reason", {}).get("S", "")
            )
            for _, item in batch_get(self._client, keys, pause)
        )

    def _query(
        self, key: str, condition: str, by_status: bool, start: dict[str, Any] | None
    ) -> Iterator[dict[str, Any]]:
        values = {":part": {"S": key}, ":none": {"N": "0"}} | ({":waiting": {"S": WAITING}} if by_status else {})
        pages: Iterator[dict[str, Any]] = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by-month",
            KeyConditionExpression="month_part = :part",
            FilterExpression=condition,
            ProjectionExpression="meter_id",
            ExpressionAttributeNames={"#missing": "missing"} | ({"#status": "status"} if by_status else {}),
            ExpressionAttributeValues=values,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        return pages
