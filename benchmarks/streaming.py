"""The same hourly sums in Bytewax: a dataflow that decodes, keys by meter and folds hourly tumbling windows.

It does less than the metering function: nothing is validated, repeated or corrected readings are not recognized, and no
set is kept, so a second delivery would count twice.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

from electrocloud.aws.ingest.kpl import user_records

BATCH = 1_000
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
Point = tuple[datetime, int]


def hourly(records: list[dict[str, Any]], found: list[Any]) -> None:
    """Sum the records of an event by meter and hour into `found`."""
    flow = Dataflow("hourly")
    stream = op.input("records", flow, TestingSource(records, batch_size=BATCH))
    points = op.flat_map("decode", stream, _points)
    clock = win.EventClock(_start, wait_for_system_duration=timedelta(hours=26))
    windower = win.TumblingWindower(align_to=EPOCH, length=timedelta(hours=1))
    hours = win.fold_window("hours", points, clock, windower, int, _add, int.__add__, ordered=False)
    op.output("out", hours.down, TestingSink(found))
    run_main(flow)


def _points(record: dict[str, Any]) -> list[tuple[str, Point]]:
    points = []
    for payload in user_records(base64.b64decode(record["kinesis"]["data"])):
        upload = orjson.loads(payload)
        meter_id = upload["meter_id"]
        points += [(meter_id, (datetime.fromisoformat(row["start"]), row["wh"])) for row in upload["readings"]]
    return points


def _start(point: Point) -> datetime:
    return point[0]


def _add(total: int, point: Point) -> int:
    return total + point[1]
