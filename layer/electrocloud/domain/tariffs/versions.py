"""A tariff over time: versions of its prices, each from its first local day to before its end day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.metering import Metering, MeteringOption
from electrocloud.domain.tariffs.tariff import Tariff


class TariffVersion(NamedTuple):
    """The prices from local day `first` to before `end`; None: from the beginning, and until the next version."""

    tariff: Tariff
    first: date | None = None
    end: date | None = None

    @property
    def dates(self) -> str:
        """`from 2015-06-01 to 2015-12-31`, both inclusive; `always` without dates."""
        first = f"from {self.first}" if self.first else ""
        last = f"to {self.end - timedelta(days=1)}" if self.end else ""
        return " ".join(filter(None, (first, last))) or "always"

    def __str__(self) -> str:
        return f"{self.tariff.name or self.tariff.label} ({self.dates})"


class DatedTariff(NamedTuple):
    """The versions of a tariff in the order of their days, never two on one day; `dated_tariff` makes one."""

    tariff_id: str
    versions: tuple[TariffVersion, ...]

    def at(self, day: date) -> Tariff | None:
        """The prices of a local day, or None where the tariff has none."""
        for version in reversed(self.versions):
            if version.first is None or version.first <= day:
                return version.tariff if version.end is None or day < version.end else None
        return None

    def changes(self, first: date, end: date) -> list[date]:
        """The local days after `first` and before `end` on which a version begins or ends, in order."""
        days = {day for version in self.versions for day in (version.first, version.end) if day}
        return sorted(day for day in days if first < day < end)

    @property
    def lookback(self) -> int | None:
        """How many billing cycles its demand ratchets look back, 0 without one; None where no bill depends on another:
        it has neither ratchets nor credits for export.
        """
        ratchets = [version.tariff.ratchet for version in self.versions]
        cycles = [one.lookback for one in ratchets if one and one.part]
        credits_export = any(version.tariff.metering for version in self.versions)
        return max(cycles, default=0) if cycles or credits_export else None

    def switched(self, other: "DatedTariff", day: date) -> "DatedTariff":
        """This tariff until a local day, and `other` from that day: a customer who changes the tariff."""
        before = [version._replace(end=_earlier(version.end, day)) for version in self.versions]
        after = [version._replace(first=max(version.first or day, day)) for version in other.versions]
        kept = [version for version in (*before, *after) if _has_days(version)]
        return DatedTariff(other.tariff_id, tuple(kept))

    def placed(self, zone: str) -> "DatedTariff":
        """The same prices by the clocks of `zone`. Keep the result: what is worked out about a tariff is kept by it."""
        placed = (
            version if version.tariff.zone == zone else version._replace(tariff=replace(version.tariff, zone=zone))
            for version in self.versions
        )
        return DatedTariff(self.tariff_id, tuple(placed))

    def metered(self, option: MeteringOption) -> "DatedTariff":
        """The same prices for a customer whose export is credited by `option`."""
        found = (version._replace(tariff=_metered(version.tariff, option)) for version in self.versions)
        return DatedTariff(self.tariff_id, tuple(found))

    @property
    def dates(self) -> str:
        """When it has prices, for a person: `from 2026-01-01 to 2026-06-30`."""
        return " and ".join(version.dates for version in _joined(self.versions))


def dated_tariff(tariff_id: str, versions: Sequence[TariffVersion]) -> DatedTariff:
    """A tariff of these versions, in any order. One without an end ends where the next begins.

    `TariffError` names two versions that hold on one day, and one that ends before it begins.
    """
    for version in versions:
        if not _has_days(version):
            raise TariffError("enddate", f"{version} ends before it begins; correct one of the two dates")
    ordered = sorted(versions, key=lambda version: version.first or date.min)
    closed = ordered[-1:]
    for version, following in reversed(list(pairwise(ordered))):
        begins = following.first
        if begins is None or version.first == begins or (version.end and version.end > begins):
            raise TariffError("startdate", f"{version} and {following} hold on the same days; let one end first")
        closed.insert(0, version._replace(end=version.end or begins))
    return DatedTariff(tariff_id, tuple(closed))


def always(tariff: Tariff) -> DatedTariff:
    """A tariff whose prices never change."""
    return DatedTariff(tariff.label, (TariffVersion(tariff),))


@lru_cache(maxsize=1_024)  # what is worked out about a tariff is kept by it, and many customers share one
def _metered(tariff: Tariff, option: MeteringOption) -> Tariff:
    terms = tariff.metering or tariff.export_terms or Metering(option)
    if tariff.metering and terms.option == option:
        return tariff
    return replace(tariff, metering=terms._replace(option=option))


def _has_days(version: TariffVersion) -> bool:
    return version.first is None or version.end is None or version.first < version.end


def _earlier(one: date | None, other: date) -> date:
    return min(one, other) if one else other


def _joined(versions: Sequence[TariffVersion]) -> list[TariffVersion]:
    """The versions with those that follow without a gap made one."""
    joined: list[TariffVersion] = []
    for version in versions:
        if joined and joined[-1].end == version.first:
            version = version._replace(first=joined.pop().first)
        joined.append(version)
    return joined
