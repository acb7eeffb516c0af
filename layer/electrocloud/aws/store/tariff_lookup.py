"""Which tariff each meter is billed by, from the registry's two tables."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from electrocloud.aws.backoff import Pause
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb

REMEMBER_S = 300.0


class Registry:
    """Looks meters and tariffs up, and remembers them for REMEMBER_S: a change takes that long to be seen.

    `clock` counts seconds. A tariff item is `tariff_id` and `document`, its URDB JSON; a meter item names a tariff_id.
    """

    def __init__(
        self, client: Any, meters_table: str, tariffs_table: str, pause: Pause, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._meters = meters_table
        self._tariffs = tariffs_table
        self._pause = pause
        self._clock = clock
        self._since = clock()
        self._tariff_id_of: dict[str, str | None] = {}  # of the registered meters; None: without an agreement
        self._head_end_of: dict[str, str] = {}
        self._tariff_of: dict[str, Tariff] = {}
        self.wrong: dict[str, str] = {}  # what is wrong with a tariff, by its id

    def tariffs_of(self, meter_ids: Collection[str]) -> Mapping[str, Tariff]:
        """The tariffs of those meters that are registered with one that exists and can be rated.

        One that cannot is in `wrong`: it must not keep its meters' readings, and those behind them, out of the windows.
        """
        self._look_up(meter_ids)
        tariff_id_of = {meter: tariff_id for meter in meter_ids if (tariff_id := self._tariff_id_of.get(meter))}
        unread = sorted({*tariff_id_of.values()} - self._tariff_of.keys() - self.wrong.keys())
        for item in self._get(self._tariffs, "tariff_id", unread):
            tariff_id = item["tariff_id"]["S"]
            try:
                self._tariff_of[tariff_id] = tariff_from_urdb(msgspec.json.decode(item["document"]["S"]))
            except (TariffError, msgspec.DecodeError) as fault:
                self.wrong[tariff_id] = str(fault)
        return {
            meter: self._tariff_of[tariff_id]
            for meter, tariff_id in tariff_id_of.items()
            if tariff_id in self._tariff_of
        }

    def head_ends_of(self, meter_ids: Collection[str]) -> Mapping[str, str]:
        """The head-ends of those registered meters that have one of their own: a meter item's `head_end`."""
        self._look_up(meter_ids)
        return {meter: self._head_end_of[meter] for meter in meter_ids if meter in self._head_end_of}

    def unregistered(self, meter_ids: Collection[str]) -> int:
        """How many of these meters the registry did not have when it was last asked for them."""
        return sum(meter not in self._tariff_id_of for meter in meter_ids)

    def _look_up(self, meter_ids: Collection[str]) -> None:
        if self._clock() - self._since > REMEMBER_S:
            self._since = self._clock()
            self._tariff_id_of.clear()
            self._head_end_of.clear()
            self._tariff_of.clear()
            self.wrong.clear()
        unknown = [meter for meter in meter_ids if meter not in self._tariff_id_of]
        for item in self._get(self._meters, "meter_id", unknown):
            meter = item["meter_id"]["S"]
            self._tariff_id_of[meter] = item["tariff_id"]["S"] if "tariff_id" in item else None
            if "head_end" in item:
                self._head_end_of[meter] = item["head_end"]["S"]

    def _get(self, table: str, name: str, values: Collection[str]) -> list[dict[str, Any]]:
        keys = [(table, {name: {"S": value}}) for value in values]
        return [item for _, item in batch_get(self._client, keys, self._pause)]
