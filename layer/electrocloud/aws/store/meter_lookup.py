"""What the registry's table of meters says of a meter: where it has been, and whose uploads of it are accepted."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.readings.admission import Admission

REMEMBER_S = 300.0


class MeterEntry(NamedTuple):
    """The service points that a meter has been at, or, of one that was registered before these were, its tariff.

    `head_end` is the one sender that may upload for it; None: any.
    """

    service_points: tuple[str, ...]
    tariff_id: str | None
    head_end: str | None


class MeterLookup:
    """Looks meters up and remembers them for REMEMBER_S; a change takes that long to be seen. `clock` counts s."""

    def __init__(self, client: DynamoDBClient, meters_table: str, pause: Pause, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = meters_table
        self._pause = pause
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Look all of them up again."""
        self._since = self._clock()
        self._entries: dict[str, MeterEntry] = {}

    def entries_of(self, meter_ids: Collection[str]) -> dict[str, MeterEntry]:
        """The entries of those meters that are registered."""
        if self._clock() - self._since > REMEMBER_S:
            self.clear()
        unknown = [meter for meter in meter_ids if meter not in self._entries]
        keys = [(self._table, {"meter_id": {"S": meter}}) for meter in unknown]
        for _, item in batch_get(self._client, keys, self._pause):
            self._entries[item["meter_id"]["S"]] = _entry(item)
        return {meter: self._entries[meter] for meter in meter_ids if meter in self._entries}

    def head_ends_of(self, meter_ids: Collection[str]) -> Mapping[str, str]:
        """The head-ends of those registered meters that have one of their own."""
        return {meter: entry.head_end for meter, entry in self.entries_of(meter_ids).items() if entry.head_end}

    def registered_among(self, meter_ids: Collection[str]) -> Collection[str]:
        """Those of the meters that are registered."""
        return self.entries_of(meter_ids).keys()

    def unregistered(self, meter_ids: Collection[str]) -> int:
        """How many of these meters the registry did not have when it was last asked for them."""
        return sum(meter not in self._entries for meter in meter_ids)


class AdmissionTerms(Protocol):
    """What a deployment's parameters say of the uploads that it takes: a function's settings, or a `Stack`."""

    @property
    def future_tolerance_s(self) -> int:
        """How far ahead of its arrival a reading may start (s)."""

    @property
    def accept_unregistered_meters(self) -> bool:
        """Whether uploads of meters are stored that the registry does not have."""


def admission_of(terms: AdmissionTerms, meters: MeterLookup) -> Admission:
    """The rules of a deployment, which windows and Parquet share."""
    registered_among = None if terms.accept_unregistered_meters else meters.registered_among
    return Admission(terms.future_tolerance_s, meters.head_ends_of, registered_among)


def _entry(item: dict[str, Any]) -> MeterEntry:
    points = tuple(point["S"] for point in item.get("service_points", {"L": []})["L"])
    tariff_id = None if points or "tariff_id" not in item else item["tariff_id"]["S"]
    return MeterEntry(points, tariff_id, item["head_end"]["S"] if "head_end" in item else None)
