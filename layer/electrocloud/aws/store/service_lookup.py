"""Which services a meter has a part in, from the registry's tables."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from electrocloud.aws.store.meter_lookup import REMEMBER_S, MeterLookup
from electrocloud.aws.store.registry import RegistryStore, ServiceHistory, TariffHistory
from electrocloud.domain.billing.service import Service, service_without_agreement, services_of
from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, dated_tariff


class ServiceLookup:
    """Looks services up and remembers them until the registry changes, and REMEMBER_S at most; `clock` counts seconds.

    `meters` is where it looks them up. A tariff that cannot be rated is in `invalid`, by its id: it must not keep its
    meters' readings, and those behind them, out of the windows. Its meters are not billed.
    """

    def __init__(self, registry: RegistryStore, meters: MeterLookup, clock: Callable[[], float]) -> None:
        self._registry = registry
        self.meters = meters
        self._clock = clock
        self._version = -1
        self._forget()

    def refresh(self) -> bool:
        """Clear the cache if the registry has changed since it was read; returns whether it has."""
        version = self._registry.state.version()
        changed = version != self._version
        if changed or self._clock() - self._since > REMEMBER_S:
            self._version = version
            self._forget()
        return changed

    def services_of(self, meter_ids: Collection[str]) -> Mapping[str, Sequence[Service]]:
        """The services of those meters that have some."""
        unknown = [meter for meter in meter_ids if meter not in self._services]
        if unknown:
            self._look_up(unknown)
        return {meter: found for meter in meter_ids if (found := self._services.get(meter))}

    def services_at(self, service_points: Collection[str]) -> dict[str, list[Service]]:
        """The services of those service points that exist."""
        unknown = {point for point in service_points if point not in self._at_points}
        histories = self._registry.histories(unknown) if unknown else {}
        self._read_tariffs({record.tariff_id for one in histories.values() for record in one.agreements})
        self._at_points |= {point: self._of_history(history) for point, history in histories.items()}
        return {point: self._at_points[point] for point in service_points if point in self._at_points}

    def services_in(self, part: int, parts: int, after: str | None) -> Iterator[tuple[str, list[Service]]]:
        """The services at one part of the service points, a page at a time, each with its last service point."""
        for histories in self._registry.histories_in(part, parts, after):
            self._read_tariffs({record.tariff_id for one in histories for record in one.agreements})
            yield histories[-1].point.key, [service for one in histories for service in self._of_history(one)]

    def _forget(self) -> None:
        self._since = self._clock()
        self._services: dict[str, Sequence[Service]] = {}
        self._at_points: dict[str, list[Service]] = {}
        self._tariffs: dict[str, DatedTariff] = {}
        self._placed: dict[tuple[str, str], DatedTariff] = {}
        self.invalid: dict[str, str] = {}
        self.meters.clear()

    def _look_up(self, meters: Collection[str]) -> None:
        entries = self.meters.entries_of(meters)
        services = self.services_at({point for entry in entries.values() for point in entry.service_points})
        self._read_tariffs({entry.tariff_id for entry in entries.values() if entry.tariff_id})
        for meter in meters:
            entry = entries.get(meter)
            own = [one for point in entry.service_points for one in services.get(point, ())] if entry else []
            if entry and entry.tariff_id in self._tariffs:
                own = [service_without_agreement(meter, self._tariffs[entry.tariff_id].versions[-1].tariff)]
            self._services[meter] = own

    def _of_history(self, history: ServiceHistory) -> list[Service]:
        zone = history.point.time_zone
        tariffs = {
            record.tariff_id: self._placed_in(record.tariff_id, zone)
            for record in history.agreements
            if record.tariff_id in self._tariffs
        }
        return services_of(history.point, history.installations, history.agreements, tariffs)

    def _placed_in(self, tariff_id: str, zone: str) -> DatedTariff:
        if (tariff_id, zone) not in self._placed:
            self._placed[tariff_id, zone] = self._tariffs[tariff_id].placed(zone)
        return self._placed[tariff_id, zone]

    def _read_tariffs(self, tariff_ids: set[str]) -> None:
        unread = tariff_ids - self._tariffs.keys() - self.invalid.keys()
        for history in self._registry.tariffs(unread) if unread else ():
            try:
                self._tariffs[history.tariff_id] = dated_prices(history)
            except TariffError as fault:
                self.invalid[history.tariff_id] = str(fault)


def dated_prices(history: TariffHistory) -> DatedTariff:
    """The prices of a tariff's versions. `TariffError` for a document that cannot be rated."""
    versions = [
        TariffVersion(tariff_from_urdb(version.document), version.first, version.end) for version in history.versions
    ]
    return dated_tariff(history.tariff_id, versions)
