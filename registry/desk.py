"""A deployment's registry: reads it, plans a change, and stores it in the tables, the search index and the lake."""

import time
from collections.abc import Callable, Collection
from typing import Any

from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.search_index import SearchEntry, SearchIndex, entries_of
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry.records import Account, Registry
from electrocloud.services.registry import RegistryPlan, plan_change, store_change
from registry.lake import publish_registry, update_registry

Progress = Callable[[int], None]


class RegistryDesk:
    """What the command and the pages do with the registry of a deployed stack."""

    def __init__(self, stack: Stack) -> None:
        dynamodb: Any = stack.client("dynamodb", max_pool_connections=16)
        self._s3: Any = stack.client("s3", max_pool_connections=16)
        self._bucket = stack.bucket
        tables = RegistryTables(
            stack.service_points_table, stack.meters_table, stack.tariffs_table, stack.accounts_table
        )
        self.store = RegistryStore(dynamodb, tables, pause)
        self.index = SearchIndex(self._s3, self._bucket)

    def search(self, text: str, most: int = 50) -> list[SearchEntry]:
        """Service points by any part of a name, address, account, meter or feeder."""
        return self.index.search(text, most)

    def apply(self, update: Registry, progress: Progress, stored: Registry | None = None) -> RegistryPlan:
        """Put the records of `update` into the registry; `stored` is what is there, if it has been read already.

        `RegistryError` with the first faults where the registry would contradict itself; then nothing is stored.
        """
        with self.store.lock(int(time.time())):
            plan = plan_change(stored or self.store.load(), update)
            self._store(plan, progress, whole=True)
        return plan

    def change(
        self, points: Collection[str], accounts: Collection[str], of: Callable[[Registry], Registry]
    ) -> RegistryPlan:
        """Change some service points: `of` gets them, with the accounts named and all tariffs, and gives the change."""
        with self.store.lock(int(time.time())):
            part = self.store.load_points(points, accounts)
            if missing := {*points} - part.service_points.keys():
                raise RegistryError(
                    f"there is no service point {', '.join(sorted(missing))}; `electrocloud registry search` finds it"
                )
            plan = plan_change(part, of(part))
            self._store(plan, lambda _: None, whole=False)
        return plan

    def account(self, account_id: str) -> Account | None:
        """An account, if there is one of that id."""
        return self.store.load_points([], [account_id]).accounts.get(account_id)

    def _store(self, plan: RegistryPlan, progress: Progress, *, whole: bool) -> None:
        if plan.faults:
            first = plan.faults[0]
            more = f" (and {len(plan.faults) - 1:,} more)" if len(plan.faults) > 1 else ""
            raise RegistryError(f"{first.kind} {first.key}, {first.field}: {first.message}{more}")
        if not plan.changes:
            return
        store_change(self.store, plan, progress)
        renamed = {change.key for change in plan.changes if change.kind == "accounts"}
        served = {one.service_point_id for one in plan.registry.agreements.values() if one.account_id in renamed}
        self.index.update(entries_of(plan.registry, plan.touched | served))
        if whole:
            publish_registry(self._s3, self._bucket, plan.registry)
        else:
            update_registry(self._s3, self._bucket, plan.registry)
