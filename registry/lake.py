"""The registry in the lake, as Parquet for SQL: who is served by which tariff since when, and never who that is."""

import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analytics.registry_tables import meters_table, publish
from electrocloud.aws.clients import S3Client
from electrocloud.domain.registry.records import Agreement, Registry
from electrocloud.services.registry import dated_tariffs

if TYPE_CHECKING:
    from collections.abc import Iterable

INSTANT = pa.timestamp("ms")  # UTC

TABLES = {
    "service_points": pa.schema(
        [
            ("service_point_id", pa.string()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
            ("feeder", pa.string()),
            ("customer_class", pa.string()),
            ("time_zone", pa.string()),
            ("upload_every_s", pa.int32()),
            ("head_end", pa.string()),
            ("country", pa.string()),
            ("subdivision", pa.string()),
            ("reactive", pa.string()),
        ]
    ),
    "installations": pa.schema(
        [
            ("meter_id", pa.string()),
            ("service_point_id", pa.string()),
            ("start", INSTANT),
            ("end", INSTANT),
        ]
    ),
    "agreements": pa.schema(
        [
            ("agreement_id", pa.string()),
            ("account_id", pa.string()),
            ("service_point_id", pa.string()),
            ("tariff_id", pa.string()),
            ("first", pa.date32()),
            ("end", pa.date32()),
            ("cycle_day", pa.int32()),
            ("metering", pa.string()),
        ]
    ),
    "weather_stations": pa.schema(
        [
            ("station_id", pa.string()),
            ("name", pa.string()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
        ]
    ),
    "tariff_versions": pa.schema(
        [
            ("tariff_id", pa.string()),
            ("first", pa.date32()),
            ("end", pa.date32()),
            ("document", pa.string()),
        ]
    ),
}


_OWNERS = {"tariff_versions": "tariff_id", "weather_stations": "station_id"}


def registry_tables(registry: Registry) -> dict[str, pa.Table]:
    """The tables by their name."""
    rows: dict[str, Iterable[dict[str, Any]]] = {
        "service_points": map(msgspec.structs.asdict, registry.service_points.values()),
        "installations": (
            {**msgspec.structs.asdict(one), "start": _moment(one.start), "end": _moment(one.end)}
            for one in registry.installations.values()
        ),
        "agreements": map(msgspec.structs.asdict, registry.agreements.values()),
        "weather_stations": map(msgspec.structs.asdict, registry.stations.values()),
        "tariff_versions": (
            {**msgspec.structs.asdict(one), "document": msgspec.json.encode(one.document).decode()}
            for one in registry.tariffs.values()
        ),
    }
    return {name: pa.Table.from_pylist(list(rows[name]), schema=schema) for name, schema in TABLES.items()}


def publish_registry(s3: S3Client, bucket: str, registry: Registry) -> None:
    """Write the tables where Glue expects them, in place of what was there."""
    publish(s3, bucket, meter_rows(registry), dated_tariffs(registry))
    for name, table in registry_tables(registry).items():
        _put(s3, bucket, _key(name), table)


def update_registry(s3: S3Client, bucket: str, part: Registry) -> None:
    """Put the rows of the service points, meters, tariffs and stations of `part` in place of theirs.

    One writer at a time.
    """
    _replace(s3, bucket, "meters/meters.parquet", meters_table(meter_rows(part)), "meter_id")
    for name, table in registry_tables(part).items():
        _replace(s3, bucket, _key(name), table, _OWNERS.get(name, "service_point_id"))


def _replace(s3: S3Client, bucket: str, key: str, table: pa.Table, owner: str) -> None:
    """Put rows in place of those with the same value in the column `owner`."""
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        stored = table.schema.empty_table()
    else:
        stored = pq.read_table(io.BytesIO(body)).cast(table.schema)  # instants had a zone before
    others = stored.filter(pc.invert(pc.is_in(stored.column(owner), pc.unique(table.column(owner)))))
    _put(s3, bucket, key, pa.concat_tables([others, table], promote_options="default"))


def _put(s3: S3Client, bucket: str, key: str, table: pa.Table) -> None:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue())


def _key(name: str) -> str:
    return f"registry/{name}/{name}.parquet"


def meter_rows(registry: Registry) -> list[dict[str, Any]]:
    """The rows of the table `meters`: where each meter is, or was last, and the tariff of the latest agreement."""
    agreements = sorted((one for one in registry.agreements.values() if not one.is_void), key=_first)
    tariff_of = {one.service_point_id: one.tariff_id for one in agreements}
    rows = {}
    for installation in sorted(registry.installations.values(), key=lambda one: one.start):
        point = registry.service_points[installation.service_point_id]
        rows[installation.meter_id] = {
            "meter_id": installation.meter_id,
            "lat": point.latitude,
            "lon": point.longitude,
            "feeder": point.feeder,
            "class": point.customer_class,
            "tariff_id": tariff_of.get(point.key),
            "timezone": point.time_zone,
        }
    return [rows[meter_id] for meter_id in sorted(rows)]


def _first(record: Agreement) -> date:
    return record.first


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC).replace(tzinfo=None)
