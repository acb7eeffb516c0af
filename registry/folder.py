"""Reads a registry from a folder: a CSV or Parquet file per kind of record, and tariffs as URDB JSON.

    accounts.csv  service_points.csv  installations.csv  agreements.csv  equipment.csv  stations.csv
    tariffs/ID.json  tariffs/ID@2026-07-01.json

The columns are the fields of the records (domain/registry/records.py). A file that is absent has no records. The
`start` and `end` of an installation are instants with an offset, or local days, which begin at midnight at the service
point. The first day of a tariff's version stands after the `@` of its file's name or in the document: `effective`, or
URDB's startdate and enddate. tariffs/ID@2026-07-01.prices.csv (or .parquet) has the hourly prices of that version.
"""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from analytics.price_files import read_prices
from electrocloud.domain.errors import ElectroCloudError, RegistryError
from electrocloud.domain.registry.records import KINDS, Record, Registry, ServicePoint, TariffDocument
from electrocloud.domain.registry.validation import RecordFault
from electrocloud.domain.tariffs.price_series import as_terms
from electrocloud.domain.tariffs.urdb import effective_days

Row = dict[str, Any]


class Place(NamedTuple):
    """Where a record was read: its file, and its row, counted from 1 after the header; None for a whole file."""

    file: str
    row: int | None

    def __str__(self) -> str:
        return self.file if self.row is None else f"{self.file} row {self.row}"


class FileFault(NamedTuple):
    """What is wrong at a place, and in which field."""

    place: Place
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}, {self.field}: {self.message}" if self.field else f"{self.place}: {self.message}"


class FolderContent(NamedTuple):
    """A folder's records, where each was read (by kind and key), and what could not be read."""

    registry: Registry
    places: dict[tuple[str, str], Place]
    faults: list[FileFault]

    def located(self, fault: RecordFault) -> FileFault:
        """A record's fault where its record stands in the folder; by its key where it is stored already."""
        place = self.places.get((fault.kind, fault.key), Place(f"{fault.kind} {fault.key} in the registry", None))
        return FileFault(place, fault.field, fault.message)


def read_folder(folder: Path, stored: Registry) -> FolderContent:
    """All records of a folder. `stored` has the service points that its installations may refer to.

    Faults name file, row and field; a record with a fault is left out. `RegistryError` where there is no such folder,
    or nothing in it that this reads.
    """
    if not folder.is_dir():
        raise RegistryError(f"{folder} is not a folder; name one that has accounts.csv, service_points.csv, …")
    content = FolderContent(Registry(), {}, [])
    for kind in (one for one in KINDS if one != "tariffs"):
        zones = {**stored.service_points, **content.registry.service_points}
        for file in _files(folder, kind):
            for number, row in enumerate(_rows(file, content.faults), start=1):
                _take(content, kind, Place(file.name, number), row, zones)
    for file in sorted((folder / "tariffs").glob("*.json")):
        _take_tariff(content, file)
    if not content.places and not content.faults:
        raise RegistryError(
            f"{folder} has no accounts, service_points, installations, agreements, equipment, stations or tariffs to "
            "read"
        )
    return content


def _files(folder: Path, kind: str) -> list[Path]:
    return [path for path in (folder / f"{kind}.csv", folder / f"{kind}.parquet") if path.exists()]


def _rows(file: Path, faults: list[FileFault]) -> Iterator[Row]:
    try:
        if file.suffix == ".parquet":
            import pyarrow.parquet as pq  # noqa: PLC0415  few folders have Parquet

            yield from pq.read_table(file).to_pylist()
            return
        with file.open(newline="", encoding="utf-8-sig") as text:
            yield from csv.DictReader(text)
    except (ValueError, OSError, csv.Error) as fault:
        faults.append(FileFault(Place(file.name, None), "", f"cannot be read: {fault}"))


def _take(content: FolderContent, kind: str, place: Place, row: Row, zones: dict[str, ServicePoint]) -> None:
    """Add the record of a row to the content, or its fault."""
    values = {name: value for name, value in row.items() if value not in ("", None)}
    if None in row:
        content.faults.append(FileFault(place, "", "has more values than the header has columns"))
        return
    try:
        if kind == "installations":
            values |= _instants(values, zones)
        record = msgspec.convert(values, KINDS[kind], strict=False)
    except msgspec.ValidationError as fault:
        message, _, path = str(fault).partition(" - at `$.")
        content.faults.append(FileFault(place, path.rstrip("`"), message))
    except RegistryError as fault:
        content.faults.append(FileFault(place, "start", str(fault)))
    else:
        _add(content, kind, place, record)


def _add(content: FolderContent, kind: str, place: Place, record: Record) -> None:
    records: dict[str, Record] = getattr(content.registry, kind)
    if record.key in records:
        first = content.places[kind, record.key]
        content.faults.append(FileFault(place, "", f"repeats {record.key} of {first}; keep one of them"))
        return
    records[record.key] = record
    content.places[kind, record.key] = place


def _instants(values: Row, zones: dict[str, ServicePoint]) -> Row:
    point = zones.get(str(values.get("service_point_id")))
    return {name: _instant(values[name], point) for name in ("start", "end") if name in values}


def _instant(value: Any, point: ServicePoint | None) -> int:
    """An instant in s since 1970 UTC, of an ISO time with its offset or a local day."""
    if isinstance(value, int):
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RegistryError(
            f"{text!r} is not a time such as 2026-07-11T10:30-07:00 or a day such as 2026-07-11"
        ) from None
    if moment.tzinfo is None:
        if len(text) > len("2026-07-11"):
            raise RegistryError(f"{text!r} has no offset from UTC; write it, as in {text}-07:00, or a day alone")
        if point is None:
            raise RegistryError(f"{text!r} is a local day, and its service point is not known; add that first")
        moment = moment.replace(tzinfo=ZoneInfo(point.time_zone))
    return int(moment.timestamp())


def _take_tariff(content: FolderContent, file: Path) -> None:
    place = Place(f"tariffs/{file.name}", None)
    tariff_id, _, day = file.stem.partition("@")
    try:
        document = _with_prices(msgspec.json.decode(file.read_bytes(), type=dict[str, Any]), file)
        first, end = effective_days(document)
        first = date.fromisoformat(day) if day else first
        record = msgspec.convert(
            {"tariff_id": tariff_id, "first": first, "end": end, "document": document}, TariffDocument
        )
    except (msgspec.DecodeError, ValueError, ElectroCloudError) as fault:
        content.faults.append(FileFault(place, "", str(fault)))
    else:
        _add(content, "tariffs", place, record)


def _with_prices(document: Row, file: Path) -> Row:
    """A tariff's document with the hourly prices of the file beside its own, ID@DAY.prices.csv or .prices.parquet."""
    for suffix in (".prices.csv", ".prices.parquet"):
        prices = file.with_name(file.stem + suffix)
        if prices.exists():
            terms = document.get("energy_prices") or {}
            return {**document, "energy_prices": {**terms, **as_terms(read_prices(prices))}}
    return document


def read_tariffs(folder: Path) -> dict[str, Row]:
    """The URDB documents of a folder by tariff id, which is the file's name without `.json`."""
    return {path.stem: msgspec.json.decode(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
