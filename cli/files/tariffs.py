"""Reads tariff files."""

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from analytics.holiday_calendar import with_holiday_dates
from analytics.price_files import read_prices
from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.tariffs.metering import MeteringOption
from electrocloud.domain.tariffs.price_series import PriceSeries
from electrocloud.domain.tariffs.urdb import only_item, version_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, dated_tariff


class TariffOptions(NamedTuple):
    """How tariff files are read: the `zone` of their schedules (None: their own), the files of the system's peaks and
    of hourly prices, and how received energy is credited by a tariff that does not say so."""

    zone: str | None = None
    coincident_peaks: Path | None = None
    prices: Path | None = None
    metering: MeteringOption | None = None


def read_tariff(paths: Sequence[Path], options: TariffOptions) -> DatedTariff:
    """Read a tariff from URDB JSON files, one per dated version.

    A file's name serves as a missing label. `UsageError` explains any fault in a file, and any versions that overlap
    or have different zones or currencies.
    """
    added = read_system_peaks(options.coincident_peaks) if options.coincident_peaks else {}
    series = read_prices(options.prices) if options.prices else None
    versions = [_version(path, options, added, series) for path in paths]
    zones = {version.tariff.zone for version in versions}
    if len(zones) > 1:
        raise UsageError(f"{_names(paths)} are in {' and '.join(sorted(zones))}; give --zone Area/City for all of them")
    currencies = {version.tariff.currency for version in versions}
    if len(currencies) > 1:
        raise UsageError(f"{_names(paths)} are in {' and '.join(sorted(currencies))}; a bill has one currency")
    try:
        return dated_tariff(paths[0].stem, versions)
    except TariffError as fault:
        raise UsageError(f"{_names(paths)}: {fault}") from None


def read_system_peaks(path: Path) -> dict[str, object]:
    """The system's peaks in a CSV file with the column `start`, and `interval_s` where they are not hours, as the field
    of a tariff that has them."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            rows = list(csv.DictReader(text))
    except (OSError, ValueError, csv.Error) as fault:
        raise UsageError(f"{path} cannot be read: {fault}") from None
    if not rows or "start" not in rows[0]:
        raise UsageError(f"{path} has no column start with the times of the system's peaks")
    seconds = [
        {"interval_s": int(row["interval_s"])} if (row.get("interval_s") or "").isdigit() else {} for row in rows
    ]
    return {"coincident_peaks": [{"start": row["start"]} | own for row, own in zip(rows, seconds, strict=True)]}


def _version(
    path: Path, options: TariffOptions, added: Mapping[str, object], series: PriceSeries | None
) -> TariffVersion:
    document = _document(path)
    try:
        rate = only_item(document)
        if options.zone is None and not rate.get("timezone"):
            raise UsageError(
                f"{path} names no time zone, which its prices and the bill's days are by; "
                'give --zone Area/City, or write "timezone": "Area/City" into it (UTC, if it is UTC)'
            )
        names = {name: rate.get(name) for name in ("label", "name")}
        own = names["label"] or names["name"] or path.stem
        named = {"label": own, "name": names["name"] or names["label"] or path.stem}
        document = with_holiday_dates({**rate, **named, **added})
        return version_from_urdb(document, options.zone, series, options.metering)
    except TariffError as fault:
        raise UsageError(f"{path}: {fault}") from None


def _document(path: Path) -> Mapping[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)  # type: ignore[no-any-return]
    except OSError as fault:
        raise UsageError(f"{path} cannot be read: {fault.strerror}") from None
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"{path} is not JSON: {fault}") from None


def _names(paths: Sequence[Path]) -> str:
    return " and ".join(map(str, paths))
