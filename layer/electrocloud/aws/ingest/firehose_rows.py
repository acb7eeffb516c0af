"""From an upload to rows of the `readings` table, as Firehose wants them before it writes Parquet."""

from datetime import UTC, datetime

import msgspec

from electrocloud.domain.readings.upload import decode


class TableRow(msgspec.Struct, gc=False):
    """One reading in the table's columns; the times are UTC in the form that the table's JSON reader knows."""

    meter_id: str
    start: str
    interval_s: int
    wh: int
    voltage_v: float | None
    revision: int
    ingested_at: str


_CLOCK = [f"{minute // 60:02}:{minute % 60:02}:00" for minute in range(1440)]
_encoder = msgspec.json.Encoder()


def to_rows(payload: bytes, arrived: datetime) -> tuple[str, bytes]:
    """An upload's partition (`dt`, its UTC day) and its readings as JSON objects, a line each.

    Objects and no array, since Firehose turns a record into one row only then. Raises `UploadError`.
    """
    upload = decode(payload)
    dt = upload.day.isoformat()
    ingested_at = f"{arrived.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    rows = [
        TableRow(
            upload.meter_id,
            f"{dt} {_CLOCK[minute]}",
            upload.interval_s,
            wh,
            decivolt / 10 or None,
            revision,
            ingested_at,
        )
        for minute, (revision, wh, decivolt) in upload.readings
    ]
    return dt, _encoder.encode_lines(rows)
