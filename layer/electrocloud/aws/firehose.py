"""From an upload to rows of the `readings` table, as Firehose wants them before it writes Parquet."""

from datetime import UTC, datetime

import msgspec

from electrocloud.domain.upload import decode


class TableRow(msgspec.Struct, gc=False):
    """One reading in the table's columns; the times are UTC in the form that the table's JSON reader knows."""

    meter_id: str
    start: str
    interval_s: int
    wh: int
    voltage_v: float | None
    revision: int
    ingested_at: str


_encoder = msgspec.json.Encoder()


def to_rows(payload: bytes, arrived: datetime) -> tuple[str, bytes]:
    """An upload's partition (`dt`, its UTC day) and its readings as JSON objects, a line each.

    Objects and no array, since Firehose turns a record into one row only then. Raises `UploadError`.
    """
    upload = decode(payload)
    ingested_at = _timestamp(arrived)
    rows = [
        TableRow(
            upload.meter_id,
            _timestamp(row.start),
            upload.interval_s,
            row.wh,
            row.voltage_v,
            row.revision,
            ingested_at,
        )
        for row in upload.readings
    ]
    return upload.day.isoformat(), _encoder.encode_lines(rows)


def _timestamp(moment: datetime) -> str:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "seconds")[:19]
