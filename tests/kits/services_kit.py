"""Services of meters without agreements, at one tariff."""

from electrocloud.domain.billing.service import PlannedBill, service_without_agreement
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
