"""Reads tariff files."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb


def read_tariff(path: Path) -> Tariff:
    """Read the tariff in a URDB JSON file; the file name serves as a missing label. `UsageError` explains any fault."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as fault:
        raise UsageError(f"{path} cannot be read: {fault.strerror}") from None
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"{path} is not JSON: {fault}") from None
    try:
        tariff = tariff_from_urdb(document)
    except TariffError as fault:
        raise UsageError(f"{path}: {fault}") from None
    return replace(tariff, label=tariff.label or path.stem, name=tariff.name or path.stem)
