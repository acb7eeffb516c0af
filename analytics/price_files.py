"""Reads files of energy prices by time."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.tariffs.price_series import PriceSeries, price_series

_UNITS = {"price_per_kwh": Decimal(1), "price_per_mwh": Decimal(1000)}


def read_prices(path: Path) -> PriceSeries:
    """The prices in a CSV or Parquet file with the columns `start` (ISO 8601 with an offset from UTC) and
    `price_per_kwh` or `price_per_mwh`. `UsageError` names a fault and its row, counting the header as row 1."""
    rows = list(_rows(path))
    column = next((name for name in _UNITS if rows and name in rows[0]), None)
    if column is None or "start" not in rows[0]:
        raise UsageError(f"{path} needs rows with the columns start and {' or '.join(_UNITS)}")
    try:
        return price_series(_price(path, number, row, column) for number, row in enumerate(rows, start=2))
    except TariffError as fault:
        raise UsageError(f"{path}: {fault.message}") from None


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq  # noqa: PLC0415  few prices are Parquet

            yield from pq.read_table(path).to_pylist()
            return
        with path.open(newline="", encoding="utf-8-sig") as text:
            yield from csv.DictReader(text)
    except (OSError, ValueError, csv.Error) as fault:
        raise UsageError(f"{path} cannot be read: {fault}") from None


def _price(path: Path, number: int, row: Mapping[str, Any], column: str) -> tuple[int, Decimal]:
    given = row.get("start"), row.get(column)
    try:
        start = given[0] if isinstance(given[0], datetime) else datetime.fromisoformat(str(given[0]))
        price = Decimal(str(given[1])) / _UNITS[column]
    except (ValueError, InvalidOperation):
        raise UsageError(f"{path}, row {number}: {given[0]!r}, {given[1]!r} is not a time with a price") from None
    if start.tzinfo is None:
        raise UsageError(
            f"{path}, row {number}: {given[0]} has no offset from UTC; write it, as in 2026-07-15T17:00-07:00"
        )
    return int(start.timestamp()), price
