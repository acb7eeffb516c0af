"""Writes a registry as a folder that `electrocloud registry apply` reads."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from electrocloud.domain.registry.records import KINDS, Installation, Record, Registry


def write_folder(registry: Registry, folder: Path) -> list[Path]:
    """The files that were written: a CSV per kind that has records, and a JSON document per version of a tariff."""
    (folder / "tariffs").mkdir(parents=True, exist_ok=True)
    written = []
    for kind, records in registry.kinds():
        if records and kind != "tariffs":
            path = folder / f"{kind}.csv"
            with path.open("w", newline="", encoding="utf-8") as text:
                rows = csv.DictWriter(text, KINDS[kind].__struct_fields__)
                rows.writeheader()
                rows.writerows(_row(record) for record in records.values())
            written.append(path)
    for version in registry.tariffs.values():
        name = f"{version.tariff_id}@{version.first}" if version.first else version.tariff_id
        path = folder / "tariffs" / f"{name}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(version.document), indent=2) + b"\n")
        written.append(path)
    return written


def _row(record: Record) -> dict[str, object]:
    row = msgspec.structs.asdict(record)
    if isinstance(record, Installation):
        row |= {name: _iso(row[name]) for name in ("start", "end")}
    return row


def _iso(instant: int | None) -> str | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC).isoformat()
