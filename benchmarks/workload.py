"""The benchmarks' input: a simulated fleet's uploads, as stream records and as function events."""

import base64
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

import msgspec
from aws_kinesis_agg.aggregator import AggRecord

from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.head_end import FRAME_BYTES
from producers.sending.live import TARIFFS
from producers.sending.uploads import uploads
from registry.folder import read_tariffs

DAY = date(2026, 10, 5)
INTERVAL_S = 900
SEED = 7


class Workload(NamedTuple):
    """A day of a fleet's readings: the uploads' JSON, the same as records of an event, and each meter's tariff."""

    payloads: list[bytes]
    records: list[dict[str, Any]]
    readings: int
    tariff_of: dict[str, Tariff]


def workload(meters: int, per_upload: int, *, aggregated: bool, day: date = DAY) -> Workload:
    """One day at 15 minutes with `per_upload` readings per upload, in order."""
    fleet = make_fleet(meters, SEED)
    payloads = payloads_of(fleet, day, per_upload)
    data = frames(payloads) if aggregated else payloads
    return Workload(payloads, records(data), meters * 86_400 // INTERVAL_S, tariffs_of(fleet))


def payloads_of(fleet: Fleet, day: date, per_upload: int, interval_s: int = INTERVAL_S) -> list[bytes]:
    """The JSON of a day's uploads."""
    deliveries = uploads(fleet, simulate(fleet, day, 1, interval_s), every_s=per_upload * interval_s)
    return [msgspec.json.encode(delivery.upload) for delivery in deliveries]


def frames(payloads: Iterable[bytes]) -> Iterator[bytes]:
    """The payloads packed as by a head-end."""
    frame = AggRecord(FRAME_BYTES)
    for payload in payloads:
        if not frame.add_user_record("k", payload):
            yield frame.get_contents()[2]
            frame = AggRecord(FRAME_BYTES)
            frame.add_user_record("k", payload)
    yield frame.get_contents()[2]


def records(data: Iterable[bytes]) -> list[dict[str, Any]]:
    """The records of one shard as Lambda passes them to a function."""
    return [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "k",
                "sequenceNumber": f"4959033827149025660855969253836157109592157598913{number:07}",
                "data": base64.b64encode(record).decode(),
                "approximateArrivalTimestamp": 1_791_331_200.0,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"shardId-000000000000:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/metering",
            "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/readings",
        }
        for number, record in enumerate(data, 1)
    ]


def tariffs_of(fleet: Fleet) -> dict[str, Tariff]:
    """Each meter's tariff."""
    tariffs = {name: tariff_from_urdb(document) for name, document in read_tariffs(TARIFFS).items()}
    return {meter.meter_id: tariffs[meter.tariff_id] for meter in fleet.meters}
