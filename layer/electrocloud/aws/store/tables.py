"""Windows and bills in DynamoDB: a meter-day an item, a bill an item.

A write holds only if the item's mark is still the one that was read. Reads are strongly consistent.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.domain.billing.estimation import ClassProfile
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import StoreBusyError
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.services.store import Change, DayKey, IssueTerms, StoredBill, StoredDay

READ_AT_ONCE = 100  # DynamoDB's limit for BatchGetItem
WRITE_AT_ONCE = 100  # and for TransactWriteItems
READ_ATTEMPTS = 10
SCAN_FOR_METERS = 1_000
SCAN_PAGES = 100  # of 1 MB

Action = dict[str, Any]

DEFAULT_TERMS = IssueTerms()

# Why a transaction did not go through where trying again can help.
_PASSING = frozenset(
    {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


class DynamoTables:
    """The store that the use cases ask for, on a boto3 DynamoDB client; `pause(n)` waits before try n + 1."""

    def __init__(
        self,
        client: DynamoDBClient,
        windows_table: str,
        bills_table: str,
        pause: Pause,
        issue_terms: IssueTerms = DEFAULT_TERMS,
    ) -> None:
        self._client = client
        self._windows = windows_table
        self._bills = bills_table
        self._pause = pause
        self._profiles: dict[tuple[str, str], ClassProfile] = {}
        self.issue_terms = issue_terms

    def read(
        self, days: Collection[DayKey], bills: Collection[BillKey]
    ) -> tuple[dict[DayKey, StoredDay], dict[BillKey, StoredBill]]:
        """Read days and bills with consistent reads; see `Tables`."""
        keys = [(self._windows, items.day_key(*key)) for key in days]
        keys += [(self._bills, items.bill_key(key)) for key in bills]
        found_days: dict[DayKey, StoredDay] = {}
        found_bills: dict[BillKey, StoredBill] = {}
        for table, item in batch_get(self._client, keys, self._pause):
            if table == self._windows:
                stored = items.stored_day(item)
                found_days[item["meter_id"]["S"], stored.day.day] = stored
            else:
                found_bills[items.key_of_bill(item)] = items.stored_bill(item)
        return found_days, found_bills

    def days_between(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        """A meter's UTC days from `first` to `last`, by consistent reads."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._windows, ConsistentRead=True, **items.days_between(meter_id, first, last)
        )
        return [items.stored_day(item).day for page in pages for item in page["Items"]]

    def meters_with_days(self, meter_ids: Collection[str]) -> set[str]:
        """Those of these meters that have days. Where it is not worth finding out, all of them.

        The keys of all days are read if there are few of them, which is so when a utility is first registered.
        """
        if len(meter_ids) < SCAN_FOR_METERS:
            return {*meter_ids}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._windows, ConsistentRead=True, ProjectionExpression="meter_id"
        )
        found: set[str] = set()
        for number, page in enumerate(pages):
            if number == SCAN_PAGES:
                return {*meter_ids}
            found.update(item["meter_id"]["S"] for item in page["Items"])
        return found & {*meter_ids}

    def cycles_of(self, agreement_id: str) -> list[str]:
        """The cycles that an agreement has bills of, by consistent reads."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._bills,
            ConsistentRead=True,
            KeyConditionExpression="meter_id = :agreement",
            ExpressionAttributeValues={":agreement": {"S": agreement_id}},
            ProjectionExpression="meter_id, bill",
        )
        keys = (items.key_of_bill(item) for page in pages for item in page["Items"])
        return [key.cycle for key in keys if "#" not in key.cycle]

    def class_profile(self, customer_class: str, month: str) -> ClassProfile | None:
        """A class's mean profile; see `Tables`. It never changes once it is stored, so it is remembered."""
        key = customer_class, month
        if key not in self._profiles:
            wanted = [(self._bills, items.profile_key(*key))]
            for _, item in batch_get(self._client, wanted, self._pause):
                self._profiles[key] = items.profile_of(item)
        return self._profiles.get(key)

    def add_class_profile(self, customer_class: str, month: str, profile: ClassProfile) -> None:
        """Store a class's mean profile; see `Tables`."""
        try:
            self._client.put_item(
                TableName=self._bills,
                Item=items.profile_item(customer_class, month, profile),
                ConditionExpression="attribute_not_exists(meter_id)",
            )
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:
        """Write each change as a part of a transaction; see `Tables`.

        Of changes that have a bill in common, as those of two meters of one agreement, only the first can hold.
        """
        first, lost = _of_different_bills(changes)
        lost |= {change.owner for change in first if change.tail and self.commit([change.tail], alone=True)}
        whole = [change for change in first if change.owner not in lost]
        for group in _groups(whole, 1 if alone else WRITE_AT_ONCE, self._actions):
            try:
                together: list[Any] = [action for _, actions in group for action in actions]
                self._client.transact_write_items(TransactItems=together)
            except ClientError as fault:
                if not _may_pass(fault):
                    raise
                lost |= {meter for meter, _ in group}
        return lost

    def _actions(self, change: Change) -> list[Action]:
        days = [self._put(self._windows, items.day_item(change.owner, day), mark) for day, mark in change.days]
        bills = [self._put(self._bills, items.bill_item(one.key, one.billed), one.mark) for one in change.bills]
        replaced = [{"Put": {"TableName": self._bills, "Item": items.replaced_item(one)}} for one in change.replaced]
        unchanged = [self._check(key, mark) for key, mark in change.checks().items()]
        return days + bills + replaced + unchanged

    def _check(self, key: BillKey, mark: str | None) -> Action:
        return {"ConditionCheck": {"TableName": self._bills, "Key": items.bill_key(key), **_still(mark)}}

    @staticmethod
    def _put(table: str, item: items.Item, mark: str | None) -> Action:
        return {"Put": {"TableName": table, "Item": item, **_still(mark)}}


def _still(mark: str | None) -> Action:
    """The condition that an item is still as it was read: with that mark, or not there."""
    if mark is None:
        return {"ConditionExpression": "attribute_not_exists(meter_id)"}
    return {
        "ConditionExpression": "#mark = :mark",
        "ExpressionAttributeNames": {"#mark": "mark"},
        "ExpressionAttributeValues": {":mark": {"S": mark}},
    }


def batch_get(
    client: DynamoDBClient, keys: list[tuple[str, items.Item]], pause: Pause, attributes: str = ""
) -> Iterator[tuple[str, items.Item]]:
    """The items of (table, key) that exist, with their table, strongly consistent; only these attributes, if named.

    Keys that DynamoDB leaves unprocessed are asked for again, READ_ATTEMPTS times without progress; then its own error.
    """
    projection: dict[str, Any] = {}
    if attributes:  # some of their names are words of DynamoDB's own
        names = {f"#{name}": name for name in attributes.split(", ")}
        projection = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    attempt = 0
    while keys:
        now, keys = keys[:READ_AT_ONCE], keys[READ_AT_ONCE:]
        request: dict[str, Any] = {}
        for table, key in now:
            request.setdefault(table, {"ConsistentRead": True, "Keys": [], **projection})["Keys"].append(key)
        answer = client.batch_get_item(RequestItems=request)
        for table, found in answer["Responses"].items():
            for item in found:
                yield table, item
        left = [(table, key) for table, rest in answer.get("UnprocessedKeys", {}).items() for key in rest["Keys"]]
        keys += left
        attempt = attempt + 1 if len(left) == len(now) else 0
        if attempt >= READ_ATTEMPTS:
            raise StoreBusyError(f"DynamoDB left {len(left)} keys unread {attempt} times; raise the tables' capacity")
        if left:
            pause(attempt)


def _of_different_bills(changes: Iterable[Change]) -> tuple[list[Change], set[str]]:
    """Those changes that have no bill in common with one before them, and the owners of the others."""
    known: set[BillKey] = set()
    first, others = [], set()
    for change in changes:
        keys = change.bill_keys
        if known & keys:
            others.add(change.owner)
        else:
            first.append(change)
            known |= keys
    return first, others


def _groups(
    changes: Collection[Change], most: int, actions_of: Callable[[Change], list[Action]]
) -> Iterator[list[tuple[str, list[Action]]]]:
    """Changes packed into transactions of up to `most` actions; one that has more of its own goes alone.

    A transaction writes an item once. Of two meters that share a bill, as after an exchange, the second one's change
    goes into a later transaction, where its version tag of the bill no longer holds, and is made again.
    """
    group: list[tuple[str, list[Action]]] = []
    size = 0
    bills: set[BillKey] = set()
    for change in changes:
        actions = actions_of(change)
        own = change.bill_keys
        if group and (size + len(actions) > most or own & bills):
            yield group
            group, size, bills = [], 0, set()
        group.append((change.owner, actions))
        size += len(actions)
        bills |= own
    if group:
        yield group


def _may_pass(fault: ClientError) -> bool:
    code = fault.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons = fault.response.get("CancellationReasons", [])
        codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
        return bool(codes) and codes <= _PASSING
    return code in {"TransactionConflictException", "ThrottlingException", "ProvisionedThroughputExceededException",
                    "TransactionInProgressException", "InternalServerError"}  # fmt: skip
