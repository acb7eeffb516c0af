"""From an upload to rows of the `readings` table, as Firehose wants them before it writes Parquet."""

from datetime import UTC, datetime

import msgspec

from electrocloud.domain.readings.upload import MEASURED, QUALITIES, VOIDED, Direction, Quality, Upload

# Each row repeats who adjusted it and why. Uncut, rows would be up to 30 times as long as their upload, and Firehose
# loses an answer of the transform that is over Lambda's 6 MB.
WORDS_BYTES = 100


class TableRow(msgspec.Struct, omit_defaults=True, gc=False):
    """One reading in the table's columns; the times are UTC in the form that the table's JSON reader knows.

    A voided reading has no `wh`, energy delivered no `direction`, and a measured reading no `quality`, as in files of
    earlier versions; `varh` is there where reactive energy was read. What is None is left out, which the table's JSON
    reader takes for NULL.
    """

    meter_id: str
    start: str
    interval_s: int
    wh: int | None
    voltage_v: float | None
    revision: int
    ingested_at: str
    request_id: str | None = None
    adjusted_by: str | None = None
    adjusted_at: str | None = None
    adjustment_reason: str | None = None
    direction: Direction | None = None
    quality: Quality | None = None
    varh: int | None = None


_RECEIVED: Direction = "received"
_CLOCK = [f"{minute // 60:02}:{minute % 60:02}:00" for minute in range(1440)]
_encoder = msgspec.json.Encoder()


def to_rows(upload: Upload, arrived: datetime) -> tuple[str, bytes]:
    """An upload's partition (`dt`, its UTC day) and its readings as JSON objects, a line each.

    Objects and no array, since Firehose turns a record into one row only then. `arrived` is when the stream took it.
    """
    dt = upload.day.isoformat()
    ingested_at = _moment(arrived)
    made = upload.adjustment
    by, at, reason = (_cut(made.by), _moment(made.at), _cut(made.reason)) if made else (None, None, None)
    rows = [
        TableRow(
            upload.meter_id,
            f"{dt} {_CLOCK[minute]}",
            upload.interval_s,
            None if wh == VOIDED else wh,
            decivolt / 10 or None,
            revision,
            ingested_at,
            upload.request_id,
            by,
            at,
            reason,
            direction,
            None if quality == MEASURED else QUALITIES[quality],
            *varh,
        )
        for direction, readings in ((None, upload.readings), (_RECEIVED, upload.received))
        for minute, (revision, quality, wh, decivolt, *varh) in readings
    ]
    return dt, _encoder.encode_lines(rows)


def _cut(words: str) -> str:
    """At most WORDS_BYTES in UTF-8; the meter's day in the windows table has all of it."""
    return words.encode()[:WORDS_BYTES].decode(errors="ignore")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
