"""Registers a simulated fleet in a deployment, the way a utility registers its own meters."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from electrocloud.aws.stack import Stack
from electrocloud.domain.errors import UsageError
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.registry.records import Registry
from producers.fleet.customers import fleet_registry
from producers.fleet.places import Place
from registry.desk import RegistryDesk


def check_simulation(stack: Stack, *, allowed: bool) -> None:
    """Refuse to send simulated meters to anything but the laptop's cloud, unless somebody has allowed it."""
    if not (stack.local or allowed):
        raise UsageError(
            f"this stack is in an account ({stack.region}), and its meters would be simulated ones beside the real; "
            "--yes-simulated-meters allows that"
        )


def register(
    stack: Stack,
    meters: Iterable[RegisteredMeter],
    place: Place,
    tariffs: Mapping[str, dict[str, Any]],
    first: date,
) -> None:
    """Add meters with their customers, served since the local day `first`. A tariff that is there keeps its prices."""

    def fleet(stored: Registry) -> Registry:
        known = {version.tariff_id for version in stored.tariffs.values()}
        new = {tariff_id: document for tariff_id, document in tariffs.items() if tariff_id not in known}
        return fleet_registry(meters, place, new, first)

    RegistryDesk(stack).apply(fleet, "fleet registered")


def add_fleet(desk: RegistryDesk, fleet: Registry) -> None:
    """Add what is not in the registry yet of a fleet's records; what is there stays as it is, changed or not.

    Tariffs are added by their id, all versions or none.
    """

    def missing(stored: Registry) -> Registry:
        known = {version.tariff_id for version in stored.tariffs.values()}
        new = {
            kind: {key: record for key, record in records.items() if key not in getattr(stored, kind)}
            for kind, records in fleet.kinds()
        }
        new["tariffs"] = {key: one for key, one in fleet.tariffs.items() if one.tariff_id not in known}
        return Registry(**new)  # type: ignore[arg-type]

    desk.apply(missing, "fleet registered")
