"""The registered meters in segments of the registry's table, with their services and stored days."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.meter_reader import registered_meter, unpacked_day
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.billing.service import Service
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import DIRECTIONS
from electrocloud.services.store import ServiceRegistry

METERS_AT_ONCE = 250


class MeterSegments:
    """Reads a part of the fleet at a time, on a boto3 DynamoDB client."""

    def __init__(
        self, client: DynamoDBClient, meters_table: str, windows_table: str, registry: ServiceRegistry
    ) -> None:
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

    def installed(self, meter_ids: Collection[str], now: int) -> Iterator[RegisteredMeter]:
        """Those of these meters that are installed at an instant (s since 1970 UTC)."""
        keys = [(self._meters, {"meter_id": {"S": meter_id}}) for meter_id in meter_ids]
        for _, item in batch_get(self._client, keys, pause):
            if "lat" in item and now < int(item.get("removed", {"N": str(now + 1)})["N"]):
                yield registered_meter(item)

    def read_until(self, meter_id: str) -> int | None:
        """When a meter's last reading of either direction ended (s since 1970 UTC); None if it never reported."""
        answer = self._client.query(
            TableName=self._windows,
            ProjectionExpression="#day, readings",
            Limit=1,
            ScanIndexForward=False,
            **items.days_between(meter_id, date.min, date.max),
        )
        ends = (
            one.start + one.seconds
            for item in answer["Items"]
            for direction in DIRECTIONS
            for one in unpacked_day(item).intervals(direction)
        )
        return max(ends, default=None)

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        """The services that each of these meters has a part in; meters that have none are left out."""
        self._registry.refresh()
        return self._registry.services_of(meter_ids)

    def days(self, meter_id: str, first: date, last: date) -> Iterator[MeterDay]:
        """A meter's UTC days from `first` to `last` that have readings, in order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._windows,
            ProjectionExpression="#day, readings",
            **items.days_between(meter_id, first, last),
        )
        for item in (item for page in pages for item in page["Items"]):
            yield unpacked_day(item)
