"""A separate local cloud with a fleet in it, as the page benchmarks need it.

Deploys the template and fills it: Parquet as the delivery writes it, one file per day, and the windows of the last two
days and their bills by the metering core.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.template import ROOT, load
from electrocloud.aws.clients import S3Client
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.store import open_store
from electrocloud.domain.forecast import Forecast, ForecastDay, ForecastHour, MonthEnd, Range, Score
from electrocloud.domain.readings.upload import decode
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from laptop import cloud
from laptop.delivery import Plan
from laptop.forecasting_loop import deployment_of, run_once
from laptop.processes import ProcessGroup
from producers.fleet.fleet import FEEDER_METERS, Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.registration import register
from producers.sending.uploads import uploads
from registry.folder import read_tariffs

INTERVAL_S = 900
STORED_DAYS = 2
METERS_AT_ONCE = 500


@contextmanager
def deployed(state: Path) -> Iterator[Stack]:
    """A cloud with the stack and nothing else, found by the command through its state's folder."""
    children = ProcessGroup(state / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), state)
        cloud.build(children)
        cloud.wait_until_up(local, children)
        stack = cloud.laptop_stack(cloud.deploy(children, local), local, "http://127.0.0.1:1")
        (state / "stack.json").write_bytes(msgspec.json.encode(stack))
        yield stack
    finally:
        children.stop()


@contextmanager
def filled_stack(meters: int, days: int) -> Iterator[tuple[Path, Stack]]:
    """A stack with `days` days of a fleet's readings, and the folder that describes it; deletes both afterwards."""
    with tempfile.TemporaryDirectory(prefix="filled-", ignore_cleanup_errors=True) as folder:
        state = Path(folder)
        with deployed(state) as stack:
            began = time.perf_counter()
            rows = fill(stack, make_fleet(meters, seed=1), days)
            print(f"{rows:,} readings of {meters:,} meters, filled in {time.perf_counter() - began:.0f} s", flush=True)
            yield state, stack


def fill(stack: Stack, fleet: Fleet, days: int) -> int:
    """Register the fleet, store its newest days and bills, and write all its days as Parquet; returns the readings."""
    documents = read_tariffs(ROOT / "tariffs")
    rules = {name: tariff_from_urdb(document) for name, document in documents.items()}
    tariff_of = {meter.meter_id: rules[meter.tariff_id] for meter in fleet.meters}
    first = datetime.now(UTC).date() - timedelta(days=days)
    register(stack, fleet.registered, fleet.place, documents, first)
    tables = open_store(stack.client("dynamodb"), stack).tables
    for number in range(0, len(fleet), METERS_AT_ONCE):
        part = fleet.part(slice(number, number + METERS_AT_ONCE))
        newest = simulate(part, first + timedelta(days=days - STORED_DAYS), STORED_DAYS, INTERVAL_S)
        sent = (decode(msgspec.json.encode(delivery.upload)) for delivery in uploads(part, newest))
        ingest_uploads(
            sent, tables, FixedServices(lambda ids: {meter_id: tariff_of[meter_id] for meter_id in ids}), time.sleep
        )
    update_forecasts(stack, fleet, 16)
    plan, s3 = Plan.of(load(), cloud.PARAMETERS), stack.client("s3")
    rows = 0
    for number in range(days):
        day = first + timedelta(days=number)
        rows += put_day(s3, stack.bucket, plan, fleet, day)
    run_once(deployment_of(stack), kinds=("loads",))
    return rows


def put_day(s3: S3Client, bucket: str, plan: Plan, fleet: Fleet, day: date) -> int:
    """Write a day of the fleet's readings as one Parquet file; returns how many they are."""
    table = pa.concat_tables(parquet_rows(fleet, day))
    for field in plan.schema:
        if field.name not in table.column_names:
            table = table.append_column(field.name, pa.nulls(table.num_rows, field.type))
    body = BytesIO()
    pq.write_table(table.select(plan.schema.names).cast(plan.schema), body, compression=plan.compression)
    prefix = plan.prefix.replace("!{partitionKeyFromLambda:dt}", str(day))
    s3.put_object(Bucket=bucket, Key=f"{prefix}{day}.parquet", Body=body.getvalue())
    return int(table.num_rows)


def update_forecasts(stack: Stack, fleet: Fleet, days: int) -> None:
    """Store as many forecasts as the nights would have made, for the fleet, each feeder, and each meter's month-end.

    Their values are made up, because making forecasts is not measured here.
    """
    store = Forecasts(stack.client("dynamodb"), stack.forecasts_table)
    midnight = datetime.combine(datetime.now(UTC).date(), datetime.min.time(), UTC)
    scores = tuple(Score(f"model-{number}", 0.05 + number / 100, 0.8, 60, 0.1) for number in range(6))
    for series in ("fleet", *sorted({f"feeder/{meter.feeder}" for meter in fleet.meters})):
        size = 400.0 * (len(fleet) if series == "fleet" else FEEDER_METERS)
        for start in (midnight - timedelta(days=number) for number in range(days)):
            rows = tuple(
                ForecastHour(start + timedelta(hours=hour), size, size * 0.8, size * 1.2) for hour in range(7 * 24)
            )
            by_day = tuple(
                ForecastDay(row.timestamp.date(), 24, 24 * size, row, 0.05, lead)
                for lead, row in enumerate(rows[::24], start=1)
            )
            store.put(Forecast(series, start, scores[0].model, "", 0.8, scores, rows, None, start, by_day))
    month, amount = f"{midnight:%Y-%m}", Range(Decimal(80), Decimal(70), Decimal(95))
    made_at = int(midnight.timestamp())
    store.put_month_ends(MonthEnd(meter.meter_id, month, made_at, amount, amount) for meter in fleet.meters)


def parquet_rows(fleet: Fleet, day: date) -> Iterator[pa.Table]:
    """A day of the fleet's readings as the columns of the `readings` table."""
    ids = np.array([meter.meter_id for meter in fleet.meters])
    for block in simulate(fleet, day, 1, INTERVAL_S):
        meters, columns = block.wh.shape
        start = np.tile((block.start + np.arange(columns) * INTERVAL_S) * 1000, meters)
        yield pa.table(
            {
                "meter_id": np.repeat(ids[block.meters], columns),
                "start": pa.array(start, pa.timestamp("ms")),
                "interval_s": np.full(start.size, INTERVAL_S),
                "wh": block.wh.ravel(),
                "voltage_v": block.decivolts.ravel() / 10,
                "revision": np.zeros(start.size, np.int32),
                "ingested_at": pa.array(start + (INTERVAL_S + 60) * 1000, pa.timestamp("ms")),
            }
        )
