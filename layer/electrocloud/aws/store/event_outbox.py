"""The outbox of the pipeline's events: an item each in the table of forecasts, until it has been published.

An event is written in the transaction that stores what it is about, and deleted after it has been sent. So a crash
between the two sends it once more, and none is lost.
"""

import zlib
from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.pipeline_events import PipelineEvent, meter_silent

PARTS = 4

Item = dict[str, Any]

_decoder = msgspec.json.Decoder(PipelineEvent)


class EventOutbox:
    """The outbox, on a boto3 DynamoDB client and the table of forecasts."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client: Any = client
        self._table = table

    def put_with(self, item: Item, event: PipelineEvent, **condition: Any) -> bool:
        """Write an item of the table together with its event; False where the condition of the item does not hold."""
        writes = [
            {"Put": {"TableName": self._table, "Item": item, **condition}},
            {"Put": {"TableName": self._table, "Item": _item(event)}},
        ]
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as fault:
            if not condition or fault.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            codes = {reason.get("Code", "None") for reason in fault.response.get("CancellationReasons", [])}
            if codes <= {"None", "ConditionalCheckFailed"}:
                return False
            raise
        return True

    def report_silence(self, meter: RegisteredMeter, read_until: int) -> bool:
        """Note that a meter has been silent since its last reading ended; False if that was noted before."""
        item = {"series": {"S": silence_series(meter.meter_id)}, "made": {"S": "last"}, "since": {"N": str(read_until)}}
        return self.put_with(
            item,
            meter_silent(meter, read_until),
            ConditionExpression="attribute_not_exists(series) OR since <> :since",
            ExpressionAttributeValues={":since": {"N": str(read_until)}},
        )

    def pages(self) -> Iterator[list[PipelineEvent]]:
        """The events that wait, a page of a query (at most 1 MB) at a time."""
        for part in range(PARTS):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="series = :part",
                ExpressionAttributeValues={":part": {"S": _series(part)}},
            )
            for page in pages:
                if page["Items"]:
                    yield [_decoder.decode(item["document"]["S"]) for item in page["Items"]]

    def remove(self, published: Collection[PipelineEvent]) -> None:
        """Delete events that have been published."""
        keys = [{name: _item(event)[name] for name in ("series", "made")} for event in published]
        batch_write(self._client, self._table, [{"DeleteRequest": {"Key": key}} for key in keys])


def silence_series(meter_id: str) -> str:
    """Where it is kept since when a meter is silent, as the `series` of its item."""
    return f"silence/{meter_id}"


def _item(event: PipelineEvent) -> Item:
    part = zlib.crc32(event.id.encode()) % PARTS
    return {
        "series": {"S": _series(part)},
        "made": {"S": event.id},
        "document": {"S": msgspec.json.encode(event).decode()},
    }


def _series(part: int) -> str:
    return f"events/{part}"
