"""Changing the registry: check all of it, say what would change, store it, and rate the bills that it touches."""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, Protocol, TypeVar

from electrocloud.domain.billing.service import Service, services_of
from electrocloud.domain.registry.changes import RecordChange, changes, touched_service_points
from electrocloud.domain.registry.records import Agreement, Installation, Registry
from electrocloud.domain.registry.validation import RecordFault, faults
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, dated_tariff

R = TypeVar("R", Installation, Agreement)


class Store(Protocol):
    """Where the registry is kept."""

    def write(self, registry: Registry, changes: Collection[RecordChange], progress: Callable[[int], None]) -> None:
        """Store the changed records; `registry` holds everything at their service points."""


class RegistryPlan(NamedTuple):
    """What a change of the registry would do. It can be stored where it has no faults."""

    registry: Registry
    changes: list[RecordChange]
    faults: list[RecordFault]
    touched: set[str]  # service points whose bills may differ


def plan_change(stored: Registry, update: Registry) -> RegistryPlan:
    """The plan to put the records of `update` into the registry, in place of those of the same keys."""
    after = stored.updated(update)
    found = changes(stored, after)
    return RegistryPlan(after, found, faults(after), touched_service_points(found, after))


def dated_tariffs(registry: Registry) -> dict[str, DatedTariff]:
    """The tariffs of a registry by their id. `TariffError` for one that cannot be rated."""
    versions: dict[str, list[TariffVersion]] = {}
    for one in registry.tariffs.values():
        version = TariffVersion(tariff_from_urdb(one.document), one.first, one.end)
        versions.setdefault(one.tariff_id, []).append(version)
    return {tariff_id: dated_tariff(tariff_id, own) for tariff_id, own in versions.items()}


def services_in(registry: Registry, points: Collection[str]) -> list[Service]:
    """The services at service points by a registry, of tariffs that can be rated."""
    dated = dated_tariffs(registry)
    installations = _by_point(registry.installations.values())
    agreements = _by_point(registry.agreements.values())
    found = []
    for key in sorted(points):
        point, own = registry.service_points[key], agreements.get(key, [])
        placed = {one.tariff_id: dated[one.tariff_id].placed(point.time_zone) for one in own}
        found += services_of(point, installations.get(key, []), own, placed)
    return found


def _by_point(records: Iterable[R]) -> dict[str, list[R]]:
    found: dict[str, list[R]] = {}
    for record in records:
        found.setdefault(record.service_point_id, []).append(record)
    return found
