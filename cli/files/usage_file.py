"""Reads a file of readings as a table with start (UTC), wh and optional columns, checking every value."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from electrocloud.domain.errors import UsageError

COLUMNS = {
    "start": pa.timestamp("us", "UTC"),
    "wh": pa.int64(),
    "meter_id": pa.string(),
    "interval_s": pa.int64(),
    "revision": pa.int64(),
}
_NEEDED = ("start", "wh")


def read_table(path: Path) -> pa.Table:
    """Read the columns in COLUMNS from a CSV or Parquet file or a folder of Parquet files; start and wh are required.

    `start` is ISO 8601 with an offset, or a Parquet timestamp (UTC if it has no zone). No value may be empty, and there
    must be at least one row. `UsageError` names the row of a CSV file, counting the header as row 1.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist; give a CSV or Parquet file with start and wh")
    table = _parquet(path) if path.is_dir() or path.suffix == ".parquet" else _csv(path)
    if not table.num_rows:
        raise UsageError(f"{path} has no readings; it needs a row for each, with start and wh")
    return table


def _parquet(path: Path) -> pa.Table:
    try:
        found = pq.ParquetDataset(path).schema
        names = _known(path, found.names)
        table = pq.read_table(path, columns=names).select(names)
        if pa.types.is_timestamp(found.field("start").type) and found.field("start").type.tz is None:
            start = pc.assume_timezone(table["start"], "UTC")
            table = table.set_column(names.index("start"), "start", start)
        table = table.cast(pa.schema([(name, COLUMNS[name]) for name in names]))
    except pa.ArrowException as fault:
        raise UsageError(f"{path} is not Parquet with timestamps start and whole wh: {fault}") from None
    for name in names:
        if table[name].null_count:
            raise UsageError(f"{path}: {name} has {table[name].null_count} empty values; each row needs one")
    return table


def _csv(path: Path) -> pa.Table:
    """Read the file with Arrow or, if Arrow rejects it, row by row, so that a fault can be reported with its row."""
    header = next(_rows(path), (1, []))[1]
    if not header:
        raise UsageError(f"{path} is empty; its first row must be start,wh")
    names = _known(path, header)
    options = pa_csv.ConvertOptions(
        column_types={name: COLUMNS[name] for name in names}, include_columns=names, null_values=[""]
    )
    try:
        table = pa_csv.read_csv(path, convert_options=options)
    except pa.ArrowException:
        return _row_by_row(path, names)
    return _row_by_row(path, names) if any(table[name].null_count for name in names) else table


def _known(path: Path, header: list[str]) -> list[str]:
    for name in _NEEDED:
        if name not in header:
            raise UsageError(f"{path} has no column {name}; it has {', '.join(header)}")
    return [name for name in COLUMNS if name in header]


def _row_by_row(path: Path, names: list[str]) -> pa.Table:
    rows = _rows(path)
    _, header = next(rows)
    columns: dict[str, list[object]] = {name: [] for name in names}
    for number, cells in rows:
        where = f"{path}, row {number}"
        if len(cells) != len(header):
            raise UsageError(f"{where}: has {len(cells)} values; the header has {len(header)}")
        row = dict(zip(header, cells, strict=True))
        for name, column in columns.items():
            column.append(_value(where, name, row))
    return pa.table({name: pa.array(column, COLUMNS[name]) for name, column in columns.items()})


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The nonempty rows, each with its line number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for cells in reader:
                if cells:
                    yield reader.line_num, [cell.strip() for cell in cells]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise UsageError(f"{path} is not a CSV file in UTF-8: {fault}") from None


def _value(where: str, name: str, row: Mapping[str, str]) -> object:
    text = row[name]
    if name == "meter_id":
        return text
    if name == "start":
        return _instant(where, text)
    try:
        number = float(text) if "." in text else int(text)
    except ValueError:
        number = 0.5
    if number != int(number) or abs(number) >= 2**53:
        raise UsageError(f"{where}: {name} is {text!r}; give a whole number")
    return int(number)


def _instant(where: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{where}: start is {text!r}; write it like 2026-07-01T00:15:00+02:00") from None
    if instant.tzinfo is None:
        raise UsageError(f"{where}: start is {text!r}, without an offset; write +02:00 or Z after the time")
    return instant
