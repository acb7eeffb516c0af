"""Services of meters without agreements, at one tariff, and registries of given services."""

from collections.abc import Collection, Mapping, Sequence

from electrocloud.domain.billing.service import PlannedBill, Service, service_without_agreement
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.services.fixed_services import FixedServices


def all_at(tariff: Tariff) -> FixedServices:
    """A registry in which every meter is served at one tariff."""
    return FixedServices(lambda meters: dict.fromkeys(meters, tariff))


def planned_bill(tariff: Tariff, cycle: str, meter_id: str = "m-1") -> PlannedBill:
    """The bill of a meter's month, such as 2026-11."""
    planned = service_without_agreement(meter_id, tariff).bill_of_cycle(cycle)
    assert planned
    return planned


class Served:
    """A registry of these services, in which nothing changes."""

    def __init__(self, services: Sequence[Service]) -> None:
        self.services = services

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        found = {
            meter: [one for one in self.services if meter in {there.meter_id for there in one.installations}]
            for meter in meter_ids
        }
        return {meter: own for meter, own in found.items() if own}

    def refresh(self) -> bool:
        return False
