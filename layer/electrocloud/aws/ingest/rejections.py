"""Events of rejected uploads, from the objects of the quarantine: each object is an event.

The objects themselves are the outbox. For each day that can still get one, it is remembered which have been published.
A record is in the quarantine within 12 hours of its arrival, or it is a dead letter, so a day gets none after the next.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from electrocloud.aws.clients import DynamoDBClient, S3Client
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.quarantine_keys import counts_in, objects_in_quarantine
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.domain.pipeline_events import uploads_rejected

OPEN_DAYS = 2  # before today
REMEMBERED = timedelta(days=60)
EVENTS_AT_ONCE = 100
_CURSOR = {"series": {"S": "rejected-uploads"}, "made": {"S": "next"}}


class Rejections(NamedTuple):
    """The quarantine of a bucket, and the table of forecasts, which remembers what has been published."""

    s3: S3Client
    bucket: str
    dynamodb: DynamoDBClient
    table: str

    def publish(self, bus: EventBus, now: datetime) -> int:
        """Send the events of objects that are new, at least once; returns how many.

        A day that was not looked at in time, since nothing was published for days, is looked at first.
        """
        today = now.date()
        oldest = today - timedelta(days=OPEN_DAYS)
        day, count = min(self._cursor() or oldest, oldest), 0
        while day <= today:
            count += self._publish_day(day, bus)
            day += timedelta(days=1)
        self.dynamodb.put_item(TableName=self.table, Item={**_CURSOR, "day": {"S": str(oldest)}})
        return count

    def _publish_day(self, day: date, bus: EventBus) -> int:
        known = self._published(day)
        keys = [one["Key"] for one in objects_in_quarantine(self.s3, self.bucket, day)]
        new = [key for key in keys if key not in known]
        for first in range(0, len(new), EVENTS_AT_ONCE):
            keys = new[first : first + EVENTS_AT_ONCE]
            bus.put([uploads_rejected(day, key, counts_in(key)) for key in keys])
            expires = int((datetime.combine(day, time(), UTC) + REMEMBERED).timestamp())
            marks = [
                {"series": {"S": _series(day)}, "made": {"S": key}, "expires": {"N": str(expires)}} for key in keys
            ]
            batch_write(self.dynamodb, self.table, [{"PutRequest": {"Item": mark}} for mark in marks])
        return len(new)

    def _published(self, day: date) -> set[str]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="series = :series",
            ExpressionAttributeValues={":series": {"S": _series(day)}},
            ProjectionExpression="made",
            ConsistentRead=True,
        )
        return {item["made"]["S"] for page in pages for item in page["Items"]}

    def _cursor(self) -> date | None:
        item: dict[str, Any] = self.dynamodb.get_item(TableName=self.table, Key=_CURSOR).get("Item", {})
        return date.fromisoformat(item["day"]["S"]) if item else None


def _series(day: date) -> str:
    return f"rejected-uploads/{day}"
