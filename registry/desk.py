"""A deployment's registry: reads it, plans a change, and stores it in the tables, the search index and the lake."""

import getpass
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.search_index import SearchEntry, SearchIndex, entries_of
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry.records import Account, Registry
from electrocloud.services.rating import VersionReason
from electrocloud.services.registry import RegistryPlan, plan_change, services_in, store_change
from electrocloud.services.replay import Rerated
from electrocloud.services.rerating import Preview, rerate_touched, touched_bills
from registry.lake import publish_registry, update_registry

POINTS_AT_ONCE = 50

Progress = Callable[[int], None]


class RegistryDesk:
    """What the command and the pages do with the registry of a deployed stack."""

    def __init__(self, stack: Stack) -> None:
        dynamodb = stack.client("dynamodb", max_pool_connections=16)
        self._s3 = stack.client("s3", max_pool_connections=16)
        self._bucket = stack.bucket
        tables = RegistryTables(
            stack.service_points_table, stack.meters_table, stack.tariffs_table, stack.accounts_table
        )
        self.store = RegistryStore(dynamodb, tables, pause)
        self.index = SearchIndex(self._s3, self._bucket)
        self._tables, self._services = open_store(dynamodb, stack)

    def search(self, text: str, most: int = 50) -> list[SearchEntry]:
        """Service points by any part of a name, address, account, meter or feeder."""
        return self.index.search(text, most)

    def apply(
        self, update: Registry, reason: str, progress: Progress, stored: Registry | None = None
    ) -> tuple[RegistryPlan, Rerated]:
        """Put the records of `update` into the registry, and rate the bills again that they touch.

        `stored` is what is there, if it has been read already. `RegistryError` with the first fault where the registry
        would contradict itself; then nothing is stored.
        """
        with self.store.lock(int(time.time())):
            plan = plan_change(stored or self.store.load(), update)
            return plan, self._store(plan, reason, progress, whole=True)

    def change(
        self, points: Collection[str], accounts: Collection[str], reason: str, of: Callable[[Registry], Registry]
    ) -> tuple[RegistryPlan, Rerated]:
        """Change some service points: `of` gets them, with the accounts named and all tariffs, and gives the change."""
        with self.store.lock(int(time.time())):
            part = self.store.load_points(points, accounts)
            if missing := {*points} - part.service_points.keys():
                names = ", ".join(sorted(missing))
                raise RegistryError(f"there is no service point {names}; `electrocloud registry search` finds it")
            plan = plan_change(part, of(part))
            return plan, self._store(plan, reason, lambda _: None, whole=False)

    def preview(self, plan: RegistryPlan) -> Preview:
        """How many bills a plan would change, and by how much in all; nothing is stored."""
        preview = Preview(self._tables)
        services = services_in(plan.registry, plan.touched)
        touched = touched_bills(services, self._tables, int(time.time()))
        rerate_touched(touched, preview, pause, VersionReason(""))
        return preview

    def rerate(self, points: Collection[str], reason: str, progress: Progress) -> Rerated:
        """Rate the bills of service points again by the registry as it is stored."""
        why = VersionReason(reason, getpass.getuser(), datetime.now(UTC).replace(microsecond=0))
        results = []
        for first in range(0, len(points), POINTS_AT_ONCE):
            part = sorted(points)[first : first + POINTS_AT_ONCE]
            services = [one for own in self._services.services_at(part).values() for one in own]
            touched = touched_bills(services, self._tables, int(time.time()))
            results.append(rerate_touched(touched, self._tables, pause, why))
            progress(results[-1].bills)
        failed = frozenset().union(*(one.failed for one in results))
        return Rerated(sum(one.bills for one in results), sum(one.changed for one in results), failed)

    def account(self, account_id: str) -> Account | None:
        """An account, if there is one of that id."""
        return self.store.load_points([], [account_id]).accounts.get(account_id)

    def _store(self, plan: RegistryPlan, reason: str, progress: Progress, *, whole: bool) -> Rerated:
        if plan.faults:
            first = plan.faults[0]
            more = f" (and {len(plan.faults) - 1:,} more)" if len(plan.faults) > 1 else ""
            raise RegistryError(f"{first.kind} {first.key}, {first.field}: {first.message}{more}")
        if not plan.changes:
            return Rerated(0, 0, frozenset())
        store_change(self.store, plan, progress)
        renamed = {change.key for change in plan.changes if change.kind == "accounts"}
        served = {one.service_point_id for one in plan.registry.agreements.values() if one.account_id in renamed}
        self.index.update(entries_of(plan.registry, plan.touched | served))
        if whole:
            publish_registry(self._s3, self._bucket, plan.registry)
        else:
            update_registry(self._s3, self._bucket, plan.registry)
        self._services.refresh()
        return self.rerate(plan.touched, reason, progress)
