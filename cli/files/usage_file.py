"""Reads a file of readings as a table with start (UTC), wh and optional columns, checking every value.

Utilities hand out kWh with decimals, often separated by semicolons and with decimal commas; such a file is read too.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
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
_KWH = "kwh"  # may stand for wh


def read_table(path: Path) -> pa.Table:
    """Read the columns in COLUMNS from a CSV or Parquet file or a folder of Parquet files; start and wh are required.

    `kwh` with decimals may stand for `wh`; each value is rounded to whole Wh, half to even. `start` is ISO 8601 with an
    offset, or a Parquet timestamp (UTC if it has no zone). No value may be empty, and there must be at least one row.
    `UsageError` names the row of a CSV file, counting the header as row 1.
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
        if _KWH in names:
            wh = pc.round(pc.multiply(table[_KWH].cast(pa.float64()), 1000.0), round_mode="half_to_even")
            names = [_renamed(name) for name in names]
            table = table.rename_columns(names).set_column(names.index("wh"), "wh", wh)
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
    header = next(_rows(path, ","), (1, []))[1]
    if not header:
        raise UsageError(f"{path} is empty; its first row must be start,wh")
    if len(header) == 1 and ";" in header[0]:
        header = next(_rows(path, ";"))[1]
        return _row_by_row(path, _known(path, header), ";")
    names = _known(path, header)
    if _KWH in names:
        return _row_by_row(path, names, ",")
    options = pa_csv.ConvertOptions(
        column_types={name: COLUMNS[name] for name in names}, include_columns=names, null_values=[""]
    )
    try:
        table = pa_csv.read_csv(path, convert_options=options)
    except pa.ArrowException:
        return _row_by_row(path, names, ",")
    return _row_by_row(path, names, ",") if any(table[name].null_count for name in names) else table


def _known(path: Path, header: list[str]) -> list[str]:
    energy = _KWH if _KWH in header and "wh" not in header else "wh"
    for name in ("start", energy):
        if name not in header:
            raise UsageError(f"{path} has no column {name}; it has {', '.join(header)}")
    return [energy if name == "wh" else name for name in COLUMNS if name in header or name == "wh"]


def _renamed(name: str) -> str:
    return "wh" if name == _KWH else name


def _row_by_row(path: Path, names: list[str], delimiter: str) -> pa.Table:
    rows = _rows(path, delimiter)
    _, header = next(rows)
    columns: dict[str, list[object]] = {name: [] for name in names}
    for number, cells in rows:
        where = f"{path}, row {number}"
        if len(cells) != len(header):
            raise UsageError(f"{where}: has {len(cells)} values; the header has {len(header)}")
        row = dict(zip(header, cells, strict=True))
        for name, column in columns.items():
            column.append(_value(where, name, row))
    return pa.table({_renamed(name): pa.array(column, COLUMNS[_renamed(name)]) for name, column in columns.items()})


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The nonempty rows, each with its line number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
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
    if name == _KWH:
        return _whole_wh(where, text)
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


def _whole_wh(where: str, text: str) -> int:
    try:
        kwh = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise UsageError(f"{where}: kwh is {text!r}; give a number such as 1.25 or 1,25") from None
    if not kwh.is_finite() or abs(kwh) >= 2**43:
        raise UsageError(f"{where}: kwh is {text!r}; give a number such as 1.25 or 1,25")
    return round(kwh * 1000)
