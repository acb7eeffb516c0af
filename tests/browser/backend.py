"""A small fleet in a deployed stack: nine days of readings, through the stream to windows, bills and Parquet."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from analytics.template import ROOT, load
from electrocloud.aws.stack import Stack
from laptop.cloud import PARAMETERS
from laptop.delivery import Delivery, Plan, Tail
from laptop.forecasting_loop import deployment_of, run_once
from producers.fleet.fleet import Meter, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.head_end import HeadEndSender
from producers.sending.registration import register
from producers.sending.send_counts import SendCounts
from producers.sending.uploads import uploads
from registry.folder import read_tariffs
from tests.kits.waiting import until

METERS = 50
DAYS = 9
INTERVAL_S = 900
HOSTILE = "<img src=x onerror=document.title='taken'>"  # a feeder of this name runs no script on any page
ALARM_ON = re.compile("alarms? (is|are) on: .*ApiErrorsAlarm")  # what Health says after `Filled.fail_api`
SILENT_READINGS = 12  # of the day before yesterday that the silent meter did not send, besides all of yesterday


class Filled:
    """The stack, and its meters: the last of them is silent, and some hang on the feeder HOSTILE."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.today = datetime.now(UTC).date()
        fleet = make_fleet(METERS, seed=7)
        self.meters: list[Meter] = [
            meter._replace(feeder=HOSTILE) if number >= 40 else meter for number, meter in enumerate(fleet.meters)
        ]
        self._fleet = fleet
        self._kinesis = stack.client("kinesis")

    @property
    def silent(self) -> Meter:
        return self.meters[-1]

    def fill(self) -> None:
        meters = [meter.registered for meter in self.meters]
        register(self.stack, meters, self._fleet.place, read_tariffs(ROOT / "tariffs"), date(2024, 1, 1))
        tally = SendCounts()
        head_end = HeadEndSender(self._kinesis, self.stack.stream, tally, lambda attempt: time.sleep(0.1 * attempt))
        for upload in self._uploads():
            head_end.send(upload["meter_id"], msgspec.json.encode(upload), len(upload["readings"]))
        head_end.flush()
        until(lambda: self._windows() == tally.sent, f"{tally.sent} readings in windows", 120)
        self._deliver()
        run_once(deployment_of(self.stack))

    def send(self, meter_id: str, start: datetime, wh: int) -> None:
        """One reading, into the stream."""
        reading = {"start": start.isoformat(), "wh": wh, "voltage_v": 230.0}
        upload = {"meter_id": meter_id, "interval_s": INTERVAL_S, "readings": [reading]}
        self._kinesis.put_record(StreamName=self.stack.stream, Data=msgspec.json.encode(upload), PartitionKey=meter_id)

    def send_days(self, number: int, first: date, days: int) -> None:
        """All readings of a meter on some more days, into the stream, and wait until its windows have them."""
        own = self._fleet.part(slice(number, number + 1))
        sent = [one.upload for one in uploads(own, simulate(own, first, days, INTERVAL_S))]
        before, counts = self._windows(), SendCounts()
        sender = HeadEndSender(self._kinesis, self.stack.stream, counts, lambda attempt: time.sleep(0.1 * attempt))
        for upload in sent:
            sender.send(upload.meter_id, msgspec.json.encode(upload), len(upload.readings))
        sender.flush()
        until(lambda: self._windows() == before + counts.sent, f"{counts.sent} more readings in windows", 120)

    def send_estimates(self, meter_id: str, start: datetime, count: int) -> None:
        """Replace readings from `start` on by ones that the sender marks as estimated, and deliver them as Parquet."""
        readings = [
            {
                "start": (start + timedelta(seconds=INTERVAL_S * number)).isoformat(),
                "wh": 100,
                "revision": 1,
                "quality": "estimated",
            }
            for number in range(count)
        ]
        upload = {"meter_id": meter_id, "interval_s": INTERVAL_S, "readings": readings}
        self._kinesis.put_record(StreamName=self.stack.stream, Data=msgspec.json.encode(upload), PartitionKey=meter_id)
        self._deliver()

    def fail_api(self) -> None:
        """Report a 5xx response in each minute from five minutes ago to five minutes ahead: ApiErrorsAlarm turns on.

        A state set by hand would be undone by the next evaluation, as in CloudWatch.
        """
        cloudwatch = self.stack.client("cloudwatch")
        alarms = cloudwatch.describe_alarms()["MetricAlarms"]
        (alarm,) = (one for one in alarms if "-ApiErrorsAlarm" in one["AlarmName"])
        data = [
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm["Dimensions"],
                "Timestamp": datetime.now(UTC) + timedelta(minutes=minute),
                "Value": 1,
            }
            for minute in range(-5, 6)
        ]
        cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=data)

    def fail_delivery(self) -> None:
        """A file of rows that Firehose could not convert, of today."""
        key = f"errors/format-conversion-failed/dt={datetime.now(UTC).date()}/rows"
        self.stack.client("s3").put_object(Bucket=self.stack.bucket, Key=key, Body=b"{}")

    def _uploads(self) -> Iterator[dict[str, Any]]:
        first: date = self.today - timedelta(days=DAYS)
        for delivery in uploads(self._fleet, simulate(self._fleet, first, DAYS, INTERVAL_S)):
            upload = msgspec.to_builtins(delivery.upload)
            if upload["meter_id"] == self.silent.meter_id:
                days_ago = (self.today - delivery.upload.readings[0].start.date()).days
                if days_ago == 1:
                    continue
                if days_ago == 2:
                    upload["readings"] = upload["readings"][:-SILENT_READINGS]
            yield upload

    def _windows(self) -> int:
        pages = self.stack.client("dynamodb").get_paginator("scan").paginate(TableName=self.stack.windows_table)
        return sum(int(item["count"]["N"]) for page in pages for item in page["Items"])

    def _deliver(self) -> None:
        s3 = self.stack.client("s3")
        delivery = Delivery(
            Plan.of(load(), PARAMETERS),
            lambda key, body: s3.put_object(Bucket=self.stack.bucket, Key=key, Body=body),
            time.monotonic,
        )
        tail = Tail(self._kinesis, self.stack.stream)
        while batches := list(tail.poll()):
            for records in batches:
                delivery.take(records)
        delivery.flush(force=True)


def empty_copy(stack: Stack) -> Stack:
    """A stack like this one in which nothing has come yet: its own tables, without an item."""
    dynamodb = stack.client("dynamodb")
    names = {}
    for part in ("windows_table", "bills_table", "meters_table", "tariffs_table", "forecasts_table"):
        table = dynamodb.describe_table(TableName=getattr(stack, part))["Table"]
        names[part] = f"empty-{part}"
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in table.get("GlobalSecondaryIndexes", [])
        ]
        dynamodb.create_table(
            TableName=names[part],
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
    glue = stack.client("glue")
    glue.create_database(DatabaseInput={"Name": "empty"})
    for table in glue.get_tables(DatabaseName=stack.database)["TableList"]:
        kept = {name: table[name] for name in ("Name", "TableType", "Parameters", "PartitionKeys") if name in table}
        storage = table["StorageDescriptor"] | {"Location": f"s3://{stack.bucket}/empty/{table['Name']}/"}
        glue.create_table(DatabaseName="empty", TableInput=kept | {"StorageDescriptor": storage})
    return msgspec.structs.replace(stack, database="empty", **names)


def tell(stack: Stack, state: Path) -> Path:
    """Let tools find the stack in the folder `state`."""
    state.mkdir(parents=True, exist_ok=True)
    (state / "stack.json").write_bytes(msgspec.json.encode(stack))
    return state
