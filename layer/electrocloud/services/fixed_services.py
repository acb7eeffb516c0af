"""A registry that does not change: each meter is served at one tariff, forever. For simulations and benchmarks."""

from collections.abc import Callable, Collection, Mapping, Sequence

from electrocloud.domain.billing.service import Service, service_without_agreement
from electrocloud.domain.tariffs.tariff import Tariff


class FixedServices:
    """`tariffs` gives the tariff of each of some meters that has one; the others have no service."""

    def __init__(self, tariffs: Callable[[Collection[str]], Mapping[str, Tariff]]) -> None:
        self._tariffs = tariffs
        self._services: dict[tuple[str, str], Sequence[Service]] = {}

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        """The service of each of these meters that has a tariff."""
        found = {}
        for meter, tariff in self._tariffs(meter_ids).items():
            key = meter, tariff.fingerprint
            if key not in self._services:
                self._services[key] = [service_without_agreement(meter, tariff)]
            found[meter] = self._services[key]
        return found

    def refresh(self) -> bool:
        """It never changes."""
        return False
