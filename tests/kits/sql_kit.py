"""A small lake in DuckDB, queried in Athena's dialect as on a laptop."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from analytics.duckdb_dialect import to_duckdb
from analytics.questions import find, views
from analytics.registry_tables import meters_table, tariff_tables
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.forecast import Forecast
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry.records import Registry
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.weather import Temperature
from electrocloud.services.registry import dated_tariffs
from lake.bill_tables import TABLES as BILLS
from lake.bill_tables import bill_tables, issue_day
from lake.forecast_tables import TABLES as FORECASTS
from lake.forecast_tables import forecast_day, forecast_tables
from lake.weather import WEATHER, weather_rows
from registry.lake import meter_rows, registry_tables
from tests.kits.billing_kit import load
from tools.glue_catalog import ACCESS_LOG

READINGS = pa.schema(
    [
        ("meter_id", pa.string()),
        ("start", pa.timestamp("ms")),
        ("interval_s", pa.int32()),
        ("wh", pa.int64()),
        ("voltage_v", pa.float64()),
        ("revision", pa.int32()),
        ("ingested_at", pa.timestamp("ms")),
        ("request_id", pa.string()),
        ("adjusted_by", pa.string()),
        ("adjusted_at", pa.timestamp("ms")),
        ("adjustment_reason", pa.string()),
        ("direction", pa.string()),
        ("quality", pa.string()),
        ("varh", pa.int64()),
        ("dt", pa.string()),
    ]
)
QUARANTINE = pa.schema(
    [
        *((name, pa.string()) for name in ("reason", "message", "sequence_number", "partition_key", "arrived_at")),
        ("payload", pa.string()),
        ("position", pa.int64()),
        ("dt", pa.string()),
    ]
)
ACCESS_LOG_TABLE = pa.schema([(name, pa.string()) for name in (*ACCESS_LOG, "dt")])
DT = pa.field("dt", pa.string())
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

TableRow = dict[str, Any]


def reading(meter_id: str, start: datetime, wh: int | None, interval_s: int = 900, **fields: Any) -> TableRow:
    """A row of `readings`; `start` is aware."""
    start = start.astimezone(UTC).replace(tzinfo=None)
    row = {"meter_id": meter_id, "start": start, "interval_s": interval_s, "wh": wh, "revision": 0}
    return row | {"ingested_at": start, "dt": f"{start:%Y-%m-%d}"} | fields


def readings_of(meter_id: str, intervals: Iterable[Interval]) -> list[TableRow]:
    return [reading(meter_id, datetime.fromtimestamp(start, UTC), wh, seconds) for start, seconds, wh in intervals]


def rejected(
    reason: str, message: str, sender: str, arrived_at: str, record: str, position: int | None, payload: str = "e30="
) -> TableRow:
    """A row of `quarantine`: an upload from a sender, at a position in a record of the stream."""
    return {
        "reason": reason,
        "message": message,
        "partition_key": sender,
        "arrived_at": arrived_at,
        "dt": arrived_at[:10],
        "sequence_number": record,
        "position": position,
        "payload": payload,
    }


def hours(meter_id: str, start: str, wh: list[int], zone: str = "UTC") -> list[TableRow]:
    """Hourly readings from a local time on."""
    return readings_of(meter_id, load(start, wh, 3600, zone))


def meter(
    meter_id: str, tariff_id: str = "t", timezone: str = "UTC", feeder: str = "F1", kind: str = "home"
) -> TableRow:
    place = {"lat": 52.5, "lon": 13.4, "feeder": feeder, "class": kind}
    return {"meter_id": meter_id, **place, "tariff_id": tariff_id, "timezone": timezone}


def dated_bill_tables(issued: Iterable[IssuedBill]) -> dict[str, pa.Table]:
    """The tables of issued bills with their partition column."""
    found = {name: [schema.append(DT).empty_table()] for name, schema in BILLS.items()}
    for one in issued:
        for name, table in bill_tables([one], NOW).items():
            day = pa.array([str(issue_day(one.bill))] * len(table), pa.string())
            found[name].append(table.append_column(DT, day))
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def dated_forecast_tables(forecasts: Iterable[Forecast]) -> dict[str, pa.Table]:
    """The tables of published forecasts with their partition column."""
    found = {name: [schema.append(DT).empty_table()] for name, schema in FORECASTS.items()}
    for one in forecasts:
        for name, table in forecast_tables([one], NOW).items():
            day = pa.array([str(forecast_day(one))] * len(table), pa.string())
            found[name].append(table.append_column(DT, day))
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def _weather_table(temperatures: Iterable[Temperature]) -> pa.Table:
    return pa.Table.from_pylist(weather_rows(temperatures), schema=WEATHER)


@cache
def translated(sql: str) -> str:
    """The SQL that the laptop's Athena receives."""
    return to_duckdb(sql, views())


class Lake:
    """The tables in memory, in a session whose time zone differs from all zones in the data."""

    def __init__(
        self,
        readings: Iterable[TableRow] = (),
        meters: Iterable[TableRow] = (),
        tariffs: Mapping[str, Tariff] | None = None,
        registry: Registry | None = None,
        issued: Iterable[IssuedBill] = (),
        access_log: Iterable[TableRow] = (),
        forecasts: Iterable[Forecast] = (),
        weather: Iterable[Temperature] = (),
        quarantine: Iterable[TableRow] = (),
    ) -> None:
        self.duckdb = duckdb.connect()
        self.duckdb.execute("SET threads = 1; SET TimeZone = 'Pacific/Honolulu'")
        tables = {
            "readings": pa.Table.from_pylist(list(readings), schema=READINGS),
            "meters": meters_table(meter_rows(registry) if registry else meters),
            "quarantine": pa.Table.from_pylist(list(quarantine), schema=QUARANTINE),
            "access_log": pa.Table.from_pylist(list(access_log), schema=ACCESS_LOG_TABLE),
            **tariff_tables(dated_tariffs(registry) if registry else tariffs or {}),
            **registry_tables(registry or Registry()),
            **dated_bill_tables(issued),
            **dated_forecast_tables(forecasts),
            "weather": _weather_table(weather),
        }
        for name, table in tables.items():
            self.duckdb.register(name, table)

    def ask(self, question: str, **values: str) -> list[TableRow]:
        """The result of a question of sql/, one dictionary per row."""
        return self.select(find(question).render(values, NOW))

    def select(self, sql: str) -> list[TableRow]:
        answer = self.duckdb.execute(translated(sql))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def write_partitions(folder: Path, readings: Iterable[TableRow]) -> None:
    """Write the rows as Parquet under folder/dt=…/, as the delivery does."""
    table = pa.Table.from_pylist(list(readings), schema=READINGS)
    pa.parquet.write_to_dataset(table, folder, partition_cols=["dt"])


def partitioned_lake(folder: Path, days: Iterable[date]) -> duckdb.DuckDBPyConnection:
    """A lake whose partitioned tables have a file for each of these days; the other tables are empty."""
    lake, rows = Lake().duckdb, [str(day) for day in days]
    for name in ("readings", *BILLS, *FORECASTS):
        schema = lake.table(name).to_arrow_table().schema
        table = pa.Table.from_pylist([{"dt": dt} for dt in rows], schema=schema)
        pa.parquet.write_to_dataset(table, folder / name, partition_cols=["dt"])
        lake.unregister(name)
        files = f"read_parquet('{folder / name}/*/*.parquet', hive_types = {{dt: VARCHAR}})"
        lake.execute(f"CREATE VIEW {name} AS FROM {files}")
    return lake
