"""The metering function on real tables, compared with a textbook consumer that makes one UpdateItem per reading.

Ours keeps every reading and rates the month's bill of every meter; the textbook adds each reading to its hour.
"""

import time
from datetime import datetime, timedelta
from itertools import count
from statistics import median
from typing import Any, NamedTuple

from benchmarks import textbook
from benchmarks.workload import DAY, Workload, workload
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.store import open_store
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.store import Tables

METERS = 100
TEXTBOOK_METERS = 4  # it is so slow that a part of the readings must do
HOURS_TABLE = "textbook-hours"


class Compared(NamedTuple):
    """Readings a second of both, and how many times as fast ours is: the median of the rounds' own ratios."""

    ours_a_second: float
    textbook_a_second: float
    times: float


def measure(stack: Stack, rounds: int) -> Compared:
    """In each round, both process another day of the fleet, one after the other."""
    dynamodb = stack.client("dynamodb")
    _make_hours_table(dynamodb)
    tables = open_store(dynamodb, stack).tables
    ours, theirs = [], []
    for number in range(rounds):
        day = DAY + timedelta(days=number)
        ours.append(_rate(workload(METERS, 96, aggregated=True, day=day), lambda work: _take_in(work, tables)))
        few = workload(TEXTBOOK_METERS, 96, aggregated=True, day=day)
        theirs.append(_rate(few, lambda work: _consume(work, dynamodb)))
    return Compared(median(ours), median(theirs), median(a / b for a, b in zip(ours, theirs, strict=True)))


def _rate(work: Workload, consume: Any) -> float:
    began = time.perf_counter()
    consume(work)
    return work.readings / (time.perf_counter() - began)


def _take_in(work: Workload, tables: Tables) -> None:
    accepted, _ = read_event(work.records)
    outcome = ingest_uploads(
        (got.upload for got in accepted), tables, FixedServices(lambda _: work.tariff_of), time.sleep
    )
    if outcome.changed != work.readings:
        raise RuntimeError(f"{outcome.changed} of {work.readings} readings were stored")


def _consume(work: Workload, dynamodb: DynamoDBClient) -> None:
    updates = count()

    def update(meter_id: str, hour: datetime, wh: int) -> None:
        next(updates)
        dynamodb.update_item(
            TableName=HOURS_TABLE,
            Key={"meter_id": {"S": meter_id}, "hour": {"S": hour.isoformat()}},
            UpdateExpression="ADD wh :wh",
            ExpressionAttributeValues={":wh": {"N": str(wh)}},
        )

    textbook.consume(work.records, update, aggregated=True)
    if (done := next(updates)) != work.readings:
        raise RuntimeError(f"{done} of {work.readings} readings were stored")


def _make_hours_table(dynamodb: DynamoDBClient) -> None:
    dynamodb.create_table(
        TableName=HOURS_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("meter_id", "hour")],
        KeySchema=[{"AttributeName": "meter_id", "KeyType": "HASH"}, {"AttributeName": "hour", "KeyType": "RANGE"}],
    )
