"""Publishing issued bills: what waits in the outbox is written to the lake and sent as events, at least once."""

import io
import uuid
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from electrocloud.aws.clients import S3Client
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.store.bill_outbox import BillOutbox, IssuedBill, WaitingBill
from electrocloud.domain.billing.bill_events import bill_event
from lake.bill_tables import bill_tables, issue_day

BILLS_A_FILE = 5_000


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
        name = f"{now:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}.parquet"
        for table in ("bill_lines", "bills"):
            _put(lake, f"{table}/dt={day}/{name}", tables[table])


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


def _put(lake: Lake, key: str, table: pa.Table) -> None:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    lake.s3.put_object(Bucket=lake.bucket, Key=key, Body=body.getvalue())
