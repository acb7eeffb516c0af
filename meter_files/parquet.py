"""Parquet files with a row per reading: start, wh or kwh, and where they are there meter_id, interval_s, revision,
direction, quality and varh."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from meter_files.channel import SCALE, Channel, Contents, Direction, Numbers, ReadOptions, Unit
from meter_files.clock import from_local
from meter_files.columns import TELLING, by_meter
from meter_files.presets import DIRECTIONS, NOT_MEASURED

_OPTIONAL = ("meter_id", "interval_s", "revision", "direction", "quality", "varh")


def read(path: Path, options: ReadOptions) -> Contents:
    """The readings of a Parquet file or of a folder of them. Times without a zone need `options.zone`."""
    try:
        names = pq.ParquetDataset(path).schema.names
        if unread := [name for name in names if name.lower() in TELLING and name not in _OPTIONAL]:
            raise UsageError(
                f"{path} has a column {unread[0]!r}, which may change what a value is and is not read; "
                "remove it if it does not matter"
            )
        energy = next((name for name in ("wh", "kwh") if name in names), None)
        if "start" not in names or energy is None:
            raise UsageError(f"{path} has no columns start and wh; it has {', '.join(names)}")
        columns = ["start", energy, *(name for name in _OPTIONAL if name in names)]
        table = pq.read_table(path, columns=columns)
        return Contents("Parquet", _channels(path, table, energy, options), options.zone or "", [])
    except (pa.ArrowException, OSError) as fault:
        raise UsageError(f"{path} is not Parquet with timestamps start and numbers wh: {fault}") from None


def _channels(path: Path, table: pa.Table, energy: str, options: ReadOptions) -> list[Channel]:
    for name in table.column_names:
        if table[name].null_count and name not in ("direction", "quality", "varh"):
            raise UsageError(f"{path}: {name} has {table[name].null_count} empty values; each row needs one")
    count = table.num_rows
    names, meter = _coded(table, "meter_id")
    flows, flow = _coded(table, "direction")
    directions: list[Direction] = ["delivered", "received"]
    flow = np.array([directions.index(_direction(path, text)) for text in flows], np.int64)[flow]
    qualities, quality = _coded(table, "quality")
    estimated = np.array([text.lower() in NOT_MEASURED for text in qualities], bool)
    channel = 2 * meter + flow
    unit: Unit = "Wh" if energy == "wh" else "kWh"
    value = np.rint(table[energy].cast(pa.float64()).to_numpy() * SCALE[unit]).astype(np.int64)
    whole = Channel(
        meter="",
        register="",
        direction="delivered",
        kind=options.kind or "interval energy",
        unit=unit,
        stamped=options.stamp or "start",
        stamp=_instants(path, table["start"], channel, options),
        seconds=_numbers(table, "interval_s"),
        value=value,
        row=np.arange(1, count + 1),
        version=_numbers(table, "revision"),
        estimated=estimated[quality],
    )
    found = [
        whole.take(rows)._replace(meter=names[number // 2], direction=directions[number % 2])
        for number, rows in by_meter(channel, np.arange(count))
    ]
    if "varh" in table.column_names:
        measured = np.flatnonzero(table["varh"].is_valid().to_numpy())
        varh = np.rint(table["varh"].cast(pa.float64()).fill_null(0).to_numpy() * SCALE["varh"]).astype(np.int64)
        reactive = whole._replace(direction="reactive", kind="interval energy", unit="varh", value=varh)
        found += [reactive.take(rows)._replace(meter=names[number]) for number, rows in by_meter(meter, measured)]
    return found


def _coded(table: pa.Table, name: str) -> tuple[list[str], Numbers]:
    """A column's texts, and each row's by its index; "" where it is empty or not there."""
    if name not in table.column_names or not table.num_rows:
        return [""], np.zeros(table.num_rows, np.int64)
    column = table[name].cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
    return column.dictionary.to_pylist(), column.indices.to_numpy().astype(np.int64)


def _direction(path: Path, text: str) -> Direction:
    read_type = DIRECTIONS.get(text.lower())
    if read_type is None:
        raise UsageError(f"{path} has the direction {text!r}; delivered or received is read")
    return read_type.direction


def _instants(path: Path, start: pa.ChunkedArray, meter: Numbers, options: ReadOptions) -> Numbers:
    if not pa.types.is_timestamp(start.type):
        raise UsageError(f"{path} is not Parquet with timestamps start: it is {start.type}")
    seconds = pc.cast(start, pa.timestamp("s", start.type.tz), safe=False).to_numpy()
    local = seconds.astype("datetime64[s]").astype(np.int64)
    if start.type.tz is not None:
        return np.asarray(local, np.int64)
    if options.zone is None:
        raise UsageError(f"{path}: start has no zone; give --zone, such as --zone Europe/Berlin, or --zone UTC")
    return from_local(local, zone_of(options.zone).key, meter)


def _numbers(table: pa.Table, name: str) -> Numbers:
    if name not in table.column_names:
        return np.zeros(table.num_rows, np.int64)
    return np.asarray(table[name].cast(pa.int64()).to_numpy(), np.int64)
