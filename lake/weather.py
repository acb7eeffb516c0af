"""Hourly temperatures in the lake: the table `weather`, a Parquet file for each month (UTC) of the temperatures' hours.

A temperature that is stored again for the same station, hour and time of issue takes the place of the earlier one.
"""

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import S3Client
from electrocloud.domain.errors import StoreBusyError
from electrocloud.domain.weather import OBSERVED, Temperature

WEATHER = pa.schema(
    [
        ("station_id", pa.string()),
        ("start", pa.timestamp("ms")),  # of the hour, UTC
        ("temperature_c", pa.float64()),
        ("issued", pa.timestamp("ms")),  # when it was forecast, UTC; NULL where it was observed
    ]
)
WRITERS = 8
ATTEMPTS = 8
Row = dict[str, Any]

_KEYS = ["station_id", "start", "issued"]
_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


def store_temperatures(s3: S3Client, bucket: str, temperatures: Iterable[Temperature], pause: Pause) -> int:
    """Store temperatures, month by month; returns how many. Writers at the same time lose none of each other's.

    `StoreBusyError` if others keep changing a month's file.
    """
    rows = weather_rows(temperatures)
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(f"{row['start']:%Y-%m}", []).append(row)

    def merge(month: str) -> None:
        _merge(s3, bucket, f"weather/{month}.parquet", months[month], pause)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(merge, months))
    return len(rows)


def weather_rows(temperatures: Iterable[Temperature]) -> list[Row]:
    """The rows of the table `weather`."""
    return [
        {
            "station_id": one.station_id,
            "start": _moment(one.time),
            "temperature_c": one.celsius,
            "issued": None if one.issued == OBSERVED else _moment(one.issued),
        }
        for one in temperatures
    ]


def _merge(s3: S3Client, bucket: str, key: str, rows: list[Row], pause: Pause) -> None:
    new = pa.Table.from_pylist(rows, schema=WEATHER)
    for attempt in range(ATTEMPTS):
        stored, put = _read(s3, bucket, key)
        body = io.BytesIO()
        pq.write_table(_merged(stored, new), body, compression="zstd")
        try:
            put(body.getvalue())
        except ClientError as fault:
            if fault.response["Error"].get("Code") not in _CHANGED:
                raise
            pause(attempt)
        else:
            return
    raise StoreBusyError(f"{key} keeps being changed by others; import the file again later")


def _read(s3: S3Client, bucket: str, key: str) -> tuple[pa.Table, Callable[[bytes], object]]:
    """A month's rows, and how to put others in their place: only if nobody else has done that since."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        return WEATHER.empty_table(), lambda body: s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    table = pq.read_table(io.BytesIO(found["Body"].read())).select(WEATHER.names).cast(WEATHER)
    etag = found["ETag"]
    return table, lambda body: s3.put_object(Bucket=bucket, Key=key, Body=body, IfMatch=etag)


def _merged(stored: pa.Table, new: pa.Table) -> pa.Table:
    both = pa.concat_tables([stored, new])
    newest = both.group_by(_KEYS, use_threads=False).aggregate([("temperature_c", "last")])
    renamed = newest.rename_columns({"temperature_c_last": "temperature_c"})
    return renamed.select(WEATHER.names).cast(WEATHER).sort_by([(name, "ascending") for name in _KEYS])


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
