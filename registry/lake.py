"""The registry in the lake, as Parquet for SQL: who is served by which tariff since when, and never who that is."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from electrocloud.domain.registry.records import Registry

INSTANT = pa.timestamp("ms", tz="UTC")

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


def registry_tables(registry: Registry) -> dict[str, pa.Table]:
    """The tables by their name."""
    rows: dict[str, Iterable[dict[str, Any]]] = {
        "service_points": map(msgspec.structs.asdict, registry.service_points.values()),
        "installations": (
            {**msgspec.structs.asdict(one), "start": _moment(one.start), "end": _moment(one.end)}
            for one in registry.installations.values()
        ),
        "agreements": map(msgspec.structs.asdict, registry.agreements.values()),
        "tariff_versions": (
            {**msgspec.structs.asdict(one), "document": msgspec.json.encode(one.document).decode()}
            for one in registry.tariffs.values()
        ),
    }
    return {name: pa.Table.from_pylist(list(rows[name]), schema=schema) for name, schema in TABLES.items()}


def publish_registry(s3: Any, bucket: str, registry: Registry) -> None:
    """Write the tables where Glue expects them, in place of what was there."""
    for name, table in registry_tables(registry).items():
        _put(s3, bucket, name, table)


def update_registry(s3: Any, bucket: str, part: Registry) -> None:
    """Put the rows of the service points and the tariffs of `part` in place of theirs. One writer at a time."""
    for name, table in registry_tables(part).items():
        owner = "tariff_id" if name == "tariff_versions" else "service_point_id"
        own = table.column(owner)
        try:
            body = s3.get_object(Bucket=bucket, Key=_key(name))["Body"].read()
        except s3.exceptions.NoSuchKey:
            stored = table.schema.empty_table()
        else:
            stored = pq.read_table(io.BytesIO(body))
        others = stored.filter(pc.invert(pc.is_in(stored.column(owner), pc.unique(own))))
        _put(s3, bucket, name, pa.concat_tables([others, table]))


def _put(s3: Any, bucket: str, name: str, table: pa.Table) -> None:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    s3.put_object(Bucket=bucket, Key=_key(name), Body=body.getvalue())


def _key(name: str) -> str:
    return f"registry/{name}/{name}.parquet"


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC)
