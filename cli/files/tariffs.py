"""Reads tariff files."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from analytics.holiday_calendar import with_holiday_dates
from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.tariffs.urdb import only_item, version_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, dated_tariff


def read_tariff(paths: Sequence[Path], zone: str | None = None, *, strict: bool = False) -> DatedTariff:
    """Read a tariff from URDB JSON files, one per dated version, in the time zone `zone` or its own `timezone`.

    A file's name serves as a missing label. `UsageError` explains any fault in a file, and any versions that overlap
    or have different zones or currencies; with `strict` also a charge for reactive power, which readings do not have.
    """
    versions = [_version(path, zone) for path in paths]
    for path, version in zip(paths, versions, strict=True):
        if strict and version.tariff.reactive:
            raise UsageError(
                f"{path} charges for reactive power, which is not metered; without --strict it is not billed"
            )
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


def _version(path: Path, zone: str | None) -> TariffVersion:
    document = _document(path)
    try:
        rate = only_item(document)
        if zone is None and not rate.get("timezone"):
            raise UsageError(
                f"{path} names no time zone, which its prices and the bill's days are by; "
                'give --zone Area/City, or write "timezone": "Area/City" into it (UTC, if it is UTC)'
            )
        names = {name: rate.get(name) for name in ("label", "name")}
        own = names["label"] or names["name"] or path.stem
        named = {"label": own, "name": names["name"] or names["label"] or path.stem}
        return version_from_urdb(with_holiday_dates({**rate, **named}), zone)
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
