"""Changing the registry: check all of it, say what would change, store it, and rate the bills that it touches."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from electrocloud.domain.billing.service import Service, services_of
from electrocloud.domain.registry.changes import RecordChange, changes, touched_service_points
from electrocloud.domain.registry.records import Record, Registry
from electrocloud.domain.registry.validation import RecordFault, faults
from electrocloud.domain.tariffs.urdb import registered_tariff
from electrocloud.domain.tariffs.versions import TariffVersion, dated_tariff


class Store(Protocol):
    """Where the registry is kept."""

    def lock(self, now: int) -> AbstractContextManager[None]:
        """Be the only one who changes it, until the context ends."""

    def write(
        self, registry: Registry, changed: Mapping[str, Collection[Record]], progress: Callable[[int], None]
    ) -> None:
        """Store the changed records by kind; `registry` holds everything at their service points."""


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


def store_change(store: Store, plan: RegistryPlan, progress: Callable[[int], None]) -> None:
    """Store a plan without faults. It may be repeated: what is stored already is written again."""
    changed: dict[str, list[Record]] = {}
    for change in plan.changes:
        if change.after is not None:
            changed.setdefault(change.kind, []).append(change.after)
    if changed:
        store.write(plan.registry, changed, progress)


def services_in(registry: Registry, points: Collection[str]) -> list[Service]:
    """The services at service points by a registry, of tariffs that can be rated."""
    versions: dict[str, list[TariffVersion]] = {}
    for one in registry.tariffs.values():
        version = TariffVersion(registered_tariff(one.document), one.first, one.end)
        versions.setdefault(one.tariff_id, []).append(version)
    dated = {tariff_id: dated_tariff(tariff_id, own) for tariff_id, own in versions.items()}
    found = []
    for key in sorted(points):
        point = registry.service_points[key]
        installations = [one for one in registry.installations.values() if one.service_point_id == key]
        agreements = [one for one in registry.agreements.values() if one.service_point_id == key]
        placed = {one.tariff_id: dated[one.tariff_id].placed(point.time_zone) for one in agreements}
        found += services_of(point, installations, agreements, placed)
    return found
