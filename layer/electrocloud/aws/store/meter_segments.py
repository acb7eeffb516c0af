"""The registered meters in segments of the registry's table, with their tariffs and stored days."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.tariff_lookup import Registry
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff

METERS_AT_ONCE = 250


class MeterSegments:
    """Reads a part of the fleet at a time, on a boto3 DynamoDB client."""

    def __init__(self, client: Any, meters_table: str, windows_table: str, registry: Registry) -> None:
        self._client = client
        self._meters = meters_table
        self._windows = windows_table
        self._registry = registry

    def segments(self, meters: int) -> int:
        """How many segments have about so many meters each. DynamoDB counts a table's items every six hours."""
        count = self._client.describe_table(TableName=self._meters)["Table"]["ItemCount"]
        return max(1, -(-int(count) // meters))

    def read(self, segment: int, segments: int, after: str | None) -> Iterator[list[str]]:
        """The ids of a segment's meters, METERS_AT_ONCE at a time, in the table's order from after a meter on."""
        request: dict[str, Any] = {"ExclusiveStartKey": {"meter_id": {"S": after}}} if after else {}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._meters,
            ProjectionExpression="meter_id",
            Segment=segment,
            TotalSegments=segments,
            PaginationConfig={"PageSize": METERS_AT_ONCE},
            **request,
        )
        for page in pages:
            if page["Items"]:
                yield [item["meter_id"]["S"] for item in page["Items"]]

    def tariffs_of(self, meter_ids: Collection[str]) -> Mapping[str, Tariff]:
        """The tariffs of those meters that have one that can be rated."""
        return self._registry.tariffs_of(meter_ids)

    def days(self, meter_id: str, first: date, last: date) -> Iterator[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._windows,
            ProjectionExpression="#day, readings",
            **items.days_between(meter_id, first, last),
        )
        for item in (item for page in pages for item in page["Items"]):
            yield MeterDay.unpack(date.fromisoformat(item["day"]["S"]), item["readings"]["B"])
