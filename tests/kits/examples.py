"""Readings, uploads, tariffs and events shared by tests."""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from electrocloud.domain.readings.upload import Upload, decode

TIME_OF_USE = {
    "label": "tou",
    "name": "Time of use",
    "utility": "Example Power",
    "timezone": "Europe/Berlin",
    "energyratestructure": [
        [{"rate": 0.20, "max": 200, "unit": "kWh"}, {"rate": 0.25, "unit": "kWh"}],
        [{"rate": 0.35, "max": 200, "unit": "kWh"}, {"rate": 0.40, "unit": "kWh"}],
    ],
    "energyweekdayschedule": [[0] * 16 + [1] * 5 + [0] * 3] * 12,
    "energyweekendschedule": [[0] * 24] * 12,
    "fixedchargefirstmeter": 9.5,
    "fixedchargeunits": "$/month",
}

ARRIVED = datetime(2026, 12, 31, tzinfo=UTC).timestamp()  # of events: after all the readings that tests send


def upload_json(
    meter_id: str = "m-1",
    day: date = date(2026, 11, 24),
    wh: Iterable[int] = (100, 200, 300, 400),
    interval_s: int = 900,
    revision: int = 0,
    first: int = 0,
    **fields: Any,
) -> bytes:
    """An upload of consecutive readings from the day's interval number `first` on; `fields` are each reading's."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    readings = [
        {
            "start": (midnight + timedelta(seconds=interval_s * number)).isoformat(),
            "wh": energy,
            "revision": revision,
            "voltage_v": 230.5,
            **fields,
        }
        for number, energy in enumerate(wh, first)
    ]
    return json.dumps({"meter_id": meter_id, "interval_s": interval_s, "readings": readings}).encode()


def upload(**parts: Any) -> Upload:
    return decode(upload_json(**parts))


def kinesis_event(payloads: Iterable[bytes], first: int = 1) -> dict[str, Any]:
    """The event Lambda passes for records of one shard; sequence numbers count from `first`."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "k",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(payload).decode(),
                    "approximateArrivalTimestamp": ARRIVED,
                },
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000000:{number}",
                "eventSourceARN": "arn:aws:kinesis:eu-central-1:000000000000:stream/readings",
            }
            for number, payload in enumerate(payloads, first)
        ]
    }
