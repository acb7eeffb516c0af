"""Publishing: what waits in an outbox is written to the lake and sent as events, at least once."""

import io
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from electrocloud.aws.clients import S3Client
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.store.bill_outbox import BillOutbox, IssuedBill, WaitingBill
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.billing.bill_events import bill_event
from electrocloud.domain.forecast import Forecast
from electrocloud.domain.pipeline_events import PipelineEvent, forecast_made_of
from lake.bill_tables import bill_tables, issue_day
from lake.forecast_tables import forecast_day, forecast_tables

BILLS_A_FILE = 5_000
FORECASTS_A_FILE = 200  # some 39,000 hours


class Lake(NamedTuple):
    """Where the Parquet goes: a bucket, on a boto3 S3 client."""

    s3: S3Client
    bucket: str


def publish_bills(
    outbox: BillOutbox, lake: Lake, now: datetime, out_of_time: Callable[[], bool], bus: EventBus | None = None
) -> int:
    """Write the bills of the outbox to the lake, send their events, and take them out of it; returns how many.

    A file is complete and its events were taken before its bills leave the outbox, so whatever interrupts this, they
    are published once more and none is lost. Without a bus there are no events. What is left when the time is over
    waits for the next call.
    """
    count = 0
    for group in _groups(outbox.pages()):
        issued = [waiting.issued for waiting in group]
        write_bills(issued, lake, now)
        if bus:
            bus.put([bill_event(key, bill) for key, bill in issued])
        outbox.remove(group)
        count += len(group)
        if out_of_time():
            break
    return count


def write_bills(issued: Collection[IssuedBill], lake: Lake, now: datetime) -> None:
    """Write bills and lines as a file each per issue date, the lines first: a bill in the lake has its lines there."""
    for day, own in groupby(sorted(issued, key=lambda one: issue_day(one.bill)), key=lambda one: issue_day(one.bill)):
        tables = bill_tables(own, now)
        _put_all(lake, {table: tables[table] for table in ("bill_lines", "bills")}, day, now)


def write_forecasts_made(store: Forecasts, lake: Lake, events: Sequence[PipelineEvent], now: datetime) -> None:
    """Write the forecasts that these events are about, FORECASTS_A_FILE at a time, before they leave the outbox.

    So none is lost, and one that is published again has its rows twice, which the views allow for.
    """
    made = [forecast_made_of(event) for event in events if event.type == "ForecastMade"]
    for first in range(0, len(made), FORECASTS_A_FILE):
        part = made[first : first + FORECASTS_A_FILE]
        write_forecasts(store.made((one.series, one.start) for one in part), lake, now)


def write_forecasts(forecasts: Collection[Forecast], lake: Lake, now: datetime) -> None:
    """Write the hours and days of forecasts as a file each per day on which they begin, the hours first.

    Forecasts that earlier versions stored, without days, are left out.
    """
    ordered = sorted((one for one in forecasts if one.days), key=forecast_day)
    for day, own in groupby(ordered, key=forecast_day):
        _put_all(lake, forecast_tables(own, now), day, now)


def _groups(pages: Iterator[list[WaitingBill]]) -> Iterator[list[WaitingBill]]:
    """The pages joined to groups for a file."""
    group: list[WaitingBill] = []
    for page in pages:
        group += page
        if len(group) >= BILLS_A_FILE:
            yield group
            group = []
    if group:
        yield group


def _put_all(lake: Lake, tables: dict[str, pa.Table], day: date, now: datetime) -> None:
    """Write a file of each table to its partition of the day, in their order, all with the same name."""
    name = f"{now:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}.parquet"
    for table, rows in tables.items():
        body = io.BytesIO()
        pq.write_table(rows, body, compression="zstd")
        lake.s3.put_object(Bucket=lake.bucket, Key=f"{table}/dt={day}/{name}", Body=body.getvalue())
