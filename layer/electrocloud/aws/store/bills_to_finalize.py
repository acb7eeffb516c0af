"""The provisional bills, from the bills' index by month."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.dynamodb_items import MONTH_PARTS, bill_key, key_of_bill, month_part
from electrocloud.aws.store.missing_intervals import missing_in
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.billing.service import BillKey
from electrocloud.services.closing import FindBills

PROVISIONAL = "provisional"
WAITING = "waiting for estimate"  # the status of such a bill's item; the bill itself is provisional


class WaitingBill(NamedTuple):
    """A bill that cannot be closed: its meter, how many of its intervals are missing, and why it cannot."""

    key: BillKey
    meter_id: str
    missing: int
    reason: str


class DynamoOpenBills:
    """The open bills of a deployment, on a boto3 DynamoDB client."""

    def __init__(self, client: DynamoDBClient, bills_table: str) -> None:
        self._client = client
        self._table = bills_table

    def pages(self, item: FindBills) -> Iterator[Sequence[BillKey]]:
        """See `OpenBills`. A page is 1 MB of the index: some 5,000 bills, of whatever status."""
        statuses = (PROVISIONAL, WAITING) if item.waiting else (PROVISIONAL,)
        return self._pages(month_part(item.month, item.part), statuses, item.after)

    def meters_of(self, bills: Collection[BillKey]) -> Mapping[BillKey, str]:
        """See `OpenBills`. The index has no meters, so the bills themselves are read."""
        keys = [(self._table, bill_key(key)) for key in bills]
        found = (item for _, item in batch_get(self._client, keys, pause, "meter_id, bill, meter"))
        return {key_of_bill(item): item.get("meter", {}).get("S", "") for item in found}

    def any_of_month(self, month: str) -> bool:
        """See `OpenBills`."""
        return any(
            self._client.query(
                TableName=self._table,
                IndexName="by-month",
                KeyConditionExpression="month_part = :part",
                ExpressionAttributeValues={":part": {"S": month_part(month, part)}},
                Limit=1,
            )["Items"]
            for part in range(MONTH_PARTS)
        )

    def wait_for_estimate(self, key: BillKey, missing: int | None, reason: str) -> None:
        """See `OpenBills`. The version tag stays, since the bill does; the next rating replaces the item."""
        texts = {":waiting": WAITING, ":provisional": PROVISIONAL, ":reason": reason}
        values = {name: {"S": text} for name, text in texts.items()}
        names, condition = {"#status": "status"}, "#status IN (:provisional, :waiting)"
        if missing is not None:
            names, values = names | {"#missing": "missing"}, values | {":missing": {"N": str(missing)}}
            condition += " AND (#missing = :missing OR #missing[0] = :missing)"
        try:
            self._client.update_item(
                TableName=self._table,
                Key=bill_key(key),
                UpdateExpression="SET #status = :waiting, waiting_reason = :reason",
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def waiting(self, month: str) -> list[WaitingBill]:
        """The bills of a month such as `2026-10` that wait for an estimate, by agreement."""
        parts = (month_part(month, part) for part in range(MONTH_PARTS))
        keys = [key for part in parts for page in self._pages(part, (WAITING,), None) for key in page]
        found = batch_get(self._client, [(self._table, bill_key(key)) for key in keys], pause)
        return sorted(_waiting_bill(item) for _, item in found)

    def _pages(self, part: str, statuses: Sequence[str], after: BillKey | None) -> Iterator[Sequence[BillKey]]:
        names = {f":status{number}": {"S": status} for number, status in enumerate(statuses)}
        start: dict[str, Any] = {"ExclusiveStartKey": {"month_part": {"S": part}, **bill_key(after)}} if after else {}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by-month",
            KeyConditionExpression="month_part = :part",
            FilterExpression=f"#status IN ({', '.join(names)})",
            ProjectionExpression="meter_id, bill",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":part": {"S": part}, **names},
            **start,
        )
        return ([key_of_bill(item) for item in page["Items"]] for page in pages)


def _waiting_bill(item: dict[str, Any]) -> WaitingBill:
    key = key_of_bill(item)
    meter = item.get("meter", item["meter_id"])["S"]
    return WaitingBill(key, meter, missing_in(item), item.get("waiting_reason", {}).get("S", ""))
