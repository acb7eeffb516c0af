"""A textbook consumer: Powertools' BatchProcessor, a Pydantic model per record, a table update per reading.

It follows Powertools' guide: one model for the event's record with the payload's model inside, and one call per record.
KPL frames are opened with the published library first.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from aws_kinesis_agg.deaggregator import deaggregate_records
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.parser.models import (
    KinesisDataStreamRecord,
    KinesisDataStreamRecordPayload,
)
from pydantic import AwareDatetime, BaseModel, Field, Json

Update = Callable[[str, datetime, int], None]  # adds Wh to a meter's hour


class Reading(BaseModel):
    """A reading as the textbook's model."""

    start: AwareDatetime
    wh: Annotated[int, Field(ge=0, le=10_000_000)]
    revision: Annotated[int, Field(ge=0, le=65_535)] = 0
    voltage_v: Annotated[float, Field(ge=0, le=1_000_000)] | None = None


class Upload(BaseModel):
    """An upload as the textbook's model."""

    meter_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
    interval_s: int
    readings: Annotated[list[Reading], Field(min_length=1, max_length=1_440)]


class Payload(KinesisDataStreamRecordPayload):
    """The data of a Kinesis record, parsed into an `Upload`."""

    data: Json[Upload]


class Record(KinesisDataStreamRecord):
    """A Kinesis record whose data is an `Upload`."""

    kinesis: Payload


def consume(records: list[dict[str, Any]], update: Update, *, aggregated: bool) -> None:
    """Process the records of an event, reading by reading."""
    processor = BatchProcessor(event_type=EventType.KinesisDataStreams, model=Record)

    def handle(record: Record) -> None:
        upload = record.kinesis.data
        for reading in upload.readings:
            hour = reading.start.replace(minute=0, second=0, microsecond=0)
            update(upload.meter_id, hour, reading.wh)

    event = {"Records": _opened(records) if aggregated else records}
    answer = process_partial_response(event, handle, processor)
    if answer["batchItemFailures"]:
        raise RuntimeError(f"{len(answer['batchItemFailures'])} records failed")


def _opened(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = deaggregate_records(records)
    for number, record in enumerate(found):
        record["kinesis"]["sequenceNumber"] += f".{number}"  # a record's name within the batch
    result: list[dict[str, Any]] = found
    return result
