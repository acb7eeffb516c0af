"""Reads single meters for people and other systems: the meter, its days, and its bills. Reads only."""

import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.bill_outbox import IssuedBill, issued_bill
from electrocloud.aws.store.table_names import MeterTables
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay


class MeterReader:
    """Reads on a boto3 DynamoDB client. Errors are botocore's own; reads may be a second behind the writes.

    Of a bill, what is not due yet by the `clock` (s since 1970 UTC) is not missing.
    """

    def __init__(self, dynamodb: DynamoDBClient, tables: MeterTables, clock: Callable[[], float] = time.time) -> None:
        self._dynamodb: Any = dynamodb
        self._tables = tables
        self._clock = clock

    def meter(self, meter_id: str) -> RegisteredMeter | None:
        """A meter, if it is registered."""
        item = self._meter_item(meter_id)
        return registered_meter(item) if item else None

    def days(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""
        return self._days(meter_id, first, last)

    def bill(self, meter_or_agreement: str, month: str) -> Bill | None:
        """The current bill of the cycle that begins in a month such as `2026-11`; the latest agreement's of a meter."""
        for agreement_id in self._agreements_of(meter_or_agreement):
            found = self._items_of(agreement_id, month)
            current = [item for item in found if "#" not in item["bill"]["S"]]
            if current:
                return self._bill(current[-1]).bill
        return None

    def history(self, meter_or_agreement: str) -> list[Bill]:
        """All versions of the bills of an agreement or, of a meter, of all its agreements, by period and version."""
        return [one.bill for one in self.keyed_history(meter_or_agreement)]

    def versions(self, meter_or_agreement: str, month: str) -> list[IssuedBill]:
        """As `keyed_history`, of the cycles that begin in a month such as `2026-07`."""
        agreements = self._agreements_of(meter_or_agreement)
        found = [self._bill(item) for agreement_id in agreements for item in self._items_of(agreement_id, month)]
        return sorted(found, key=lambda one: (str(one.bill.period_start), one.bill.version))

    def keyed_history(self, meter_or_agreement: str) -> list[IssuedBill]:
        """What `history` has, each version with its bill's key."""
        agreements = self._agreements_of(meter_or_agreement)
        return in_order(self._bill(item) for agreement_id in agreements for item in self._items_of(agreement_id))

    def versions_of_agreement(self, agreement_id: str, cycle: str = "") -> list[IssuedBill]:
        """All versions of an agreement's bills, of the cycles that begin with `cycle`, by period and version."""
        return in_order(map(self._bill, self._items_of(agreement_id, cycle)))

    def current_bills(self, agreement_id: str) -> list[IssuedBill]:
        """An agreement's bills in the versions that count now, by period."""
        return in_order(self._bill(item) for item in self._items_of(agreement_id) if "#" not in item["bill"]["S"])

    def _bill(self, item: items.Item) -> IssuedBill:
        return issued_bill(item)._replace(bill=items.bill_as_of(item, int(self._clock())))

    def _agreements_of(self, meter_or_agreement: str) -> list[str]:
        """The agreements that a meter has a part in, the latest first; the id itself where it is an agreement's."""
        item = self._meter_item(meter_or_agreement) or {}
        own = [one["S"] for one in item.get("agreements", {"L": []})["L"]]
        return [*reversed(own), meter_or_agreement]

    def _meter_item(self, meter_id: str) -> items.Item | None:
        key = {"meter_id": {"S": meter_id}}
        found: items.Item | None = self._dynamodb.get_item(TableName=self._tables.meters_table, Key=key).get("Item")
        return found

    def _items_of(self, agreement_id: str, cycle: str = "") -> list[items.Item]:
        """The bills of an agreement, replaced versions too, of the cycles that begin with `cycle`."""
        prefix = {":cycle": {"S": cycle}} if cycle else {}
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._tables.bills_table,
            KeyConditionExpression="meter_id = :agreement" + (" AND begins_with(bill, :cycle)" if cycle else ""),
            ExpressionAttributeValues={":agreement": {"S": agreement_id}, **prefix},
            ExpressionAttributeNames={"#missing": "missing"},
            ProjectionExpression="meter_id, bill, document, #missing",
        )
        return [item for page in pages for item in page["Items"]]

    def _days(
        self, meter_id: str, first: date = date.min, last: date = date.max, limit: int | None = None
    ) -> list[MeterDay]:
        """In order of time; with `limit` the newest that many, newest first."""
        request: dict[str, Any] = {
            "TableName": self._tables.windows_table,
            "ProjectionExpression": "#day, readings",
            **items.days_between(meter_id, first, last),
        }
        if limit:
            answer = self._dynamodb.query(**request, Limit=limit, ScanIndexForward=False)
            return [unpacked_day(item) for item in answer["Items"]]
        pages = self._dynamodb.get_paginator("query").paginate(**request)
        return [unpacked_day(item) for page in pages for item in page["Items"]]


def in_order(bills: Iterable[IssuedBill]) -> list[IssuedBill]:
    """Bills by period and version."""
    return sorted(bills, key=lambda one: (one.bill.month or str(one.bill.period_start), one.bill.version))


def registered_meter(item: items.Item) -> RegisteredMeter:
    """The meter of an item of the table of meters."""
    return RegisteredMeter(
        meter_id=item["meter_id"]["S"],
        lat=float(item["lat"]["N"]),
        lon=float(item["lon"]["N"]),
        feeder=item["feeder"]["S"],
        customer=item["class"]["S"],
        tariff_id=item.get("tariff_id", {}).get("S", ""),
        timezone=item["timezone"]["S"],
        upload_every_s=int(item.get("upload_every_s", {}).get("N", 86_400)),  # an earlier version stored none
        transformer=item.get("transformer", {}).get("S", ""),
    )


def unpacked_day(item: items.Item) -> MeterDay:
    """The day of an item of the table of windows that was asked for its `day` and `readings`."""
    return MeterDay.unpack(date.fromisoformat(item["day"]["S"]), item["readings"]["B"])
