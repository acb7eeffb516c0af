"""A deployment's registry: reads it, plans a change, and stores it in the tables, the search index and the lake."""

import getpass
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.search_index import SearchEntry, SearchIndex, entries_of
from electrocloud.aws.store.store import open_store
from electrocloud.aws.work_queue import WorkQueue
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry.changes import new_service_points
from electrocloud.domain.registry.records import Account, Registry
from electrocloud.services.rating import VersionReason
from electrocloud.services.registry import RegistryPlan, plan_change, services_in
from electrocloud.services.replay import Rerated
from electrocloud.services.rerating import (
    POINTS_AT_ONCE,
    PendingPart,
    Preview,
    rate_service_points,
    rerate_touched,
    touched_bills,
)
from registry.lake import publish_registry, update_registry

PREVIEWED = 1_000  # service points; of more than these, a sample of so many is rated
PARTS_BY_COMMAND = 50  # of more parts the closing function rates the bills, in an account
RATERS = 4  # threads: while one waits for the tables, another rates
POLL_S = 5.0
NOTHING = Rerated(0, 0, frozenset())

Progress = Callable[[int], None]


class ChangePreview(NamedTuple):
    """How many bills a change would make different, and by how much in each currency.

    `sampled`: estimated from a sample.
    """

    bills: int
    amounts: Mapping[str, Decimal]
    sampled: bool


class RegistryDesk:
    """What the command and the pages do with the registry of a deployed stack. `clock` gives s since 1970 UTC."""

    def __init__(self, stack: Stack, clock: Callable[[], float] = time.time) -> None:
        # Thousands of bills an hour are read and written here; boto3 would check each value that DynamoDB checks again.
        dynamodb = stack.client("dynamodb", max_pool_connections=16, parameter_validation=False)
        self._stack = stack
        self._clock = clock
        self._s3 = stack.client("s3", max_pool_connections=16)
        self._bucket = stack.bucket
        tables = RegistryTables(
            stack.service_points_table, stack.meters_table, stack.tariffs_table, stack.accounts_table
        )
        self.store = RegistryStore(dynamodb, tables, pause)
        self._state = self.store.state
        self.index = SearchIndex(self._s3, self._bucket)
        self._tables, self._services = open_store(dynamodb, stack)
        self._dynamodb = dynamodb
        self._of_thread = threading.local()

    def search(self, text: str, most: int = 50) -> list[SearchEntry]:
        """Service points by any part of a name, address, account, meter or feeder."""
        return self.index.search(text, most)

    def account(self, account_id: str) -> Account | None:
        """An account, if there is one of that id."""
        return self.store.load_points([], [account_id]).accounts.get(account_id)

    def apply(
        self,
        update: Registry | Callable[[Registry], Registry],
        reason: str,
        progress: Progress = lambda _: None,
        announce: Callable[[RegistryPlan], None] = lambda _: None,
    ) -> tuple[RegistryPlan, Rerated]:
        """Put records into the registry, and rate the bills that they touch.

        `update` has them, or makes them of what is stored. `announce` gets the plan before anything is stored.
        `RegistryError` with the first fault where the registry would contradict itself; then nothing is stored.
        """
        with self._locked() as owner:
            stored = self.store.load()
            plan = plan_change(stored, update(stored) if callable(update) else update)
            announce(plan)
            return plan, self._store(plan, reason, progress, owner, whole=True)

    def change(
        self,
        points: Collection[str],
        accounts: Collection[str],
        reason: str,
        of: Callable[[Registry], Registry],
        announce: Callable[[RegistryPlan], None] = lambda _: None,
    ) -> tuple[RegistryPlan, Rerated]:
        """Change some service points: `of` gets them, with the accounts named and all tariffs, and gives the change."""
        with self._locked() as owner:
            part = self.store.load_points(points, accounts)
            if missing := {*points} - part.service_points.keys():
                names = ", ".join(sorted(missing))
                raise RegistryError(f"there is no service point {names}; `electrocloud registry search` finds it")
            plan = plan_change(part, of(part))
            announce(plan)
            return plan, self._store(plan, reason, lambda _: None, owner, whole=False)

    def remove_meter(self, meter_id: str) -> None:
        """Take a meter out of the registry, the search index and the lake, as if it had never been installed.

        Bills are not rated again, and the meter's own item stays: `analytics.erasure` deletes both.
        """
        with self._locked():
            points = self.store.remove_meter(meter_id)
            if points:
                registry = self.store.load()
                self._state.count_change()
                self.index.update(entries_of(registry, points.keys()))
                publish_registry(self._s3, self._bucket, registry)

    def preview(self, plan: RegistryPlan) -> ChangePreview:
        """What a plan would do to bills; nothing is stored."""
        points = sorted(plan.touched - self._without_readings(plan))
        sample = random.Random(0).sample(points, min(PREVIEWED, len(points)))  # the same one each time
        preview = Preview(self._tables)
        for group in _groups(sorted(sample)):
            touched = touched_bills(services_in(plan.registry, group), self._tables, self._now())
            rerate_touched(touched, preview, pause, VersionReason(""))
        factor = Decimal(len(points)) / max(1, len(sample))
        amounts = {currency: amount * factor for currency, amount in preview.amounts.items()}
        return ChangePreview(round(preview.bills * factor), amounts, len(sample) < len(points))

    def rerate(self, points: Sequence[str], reason: str, progress: Progress) -> Rerated:
        """Rate the bills of service points again by the registry as it is stored."""
        with self._locked() as owner:
            return self._rate([PendingPart("", points, self._why(reason), rated=False)], owner, progress)

    @contextmanager
    def _locked(self) -> Iterator[str]:
        """Be the only one who changes the registry; what an earlier command was killed in is completed first."""
        with self._state.lock(self._now()) as owner:
            self._complete(owner)
            yield owner

    def _complete(self, owner: str) -> None:
        pending = self._state.pending(self._now())
        if pending is None:
            return
        parts = self._state.parts(pending.parts)
        registry = self.store.load()
        points = {point for part in parts for point in part.points} & registry.service_points.keys()
        self._state.count_change()
        self.index.update(entries_of(registry, points))
        publish_registry(self._s3, self._bucket, registry)
        if self._rate(parts, owner, lambda _: None).failed:
            raise RegistryError("the tables are too busy to complete an interrupted change; try again later")
        self._state.end(pending.parts)

    def _store(self, plan: RegistryPlan, reason: str, progress: Progress, owner: str, *, whole: bool) -> Rerated:
        if plan.faults:
            first = plan.faults[0]
            more = f" (and {len(plan.faults) - 1:,} more)" if len(plan.faults) > 1 else ""
            raise RegistryError(f"{first.kind} {first.key}, {first.field}: {first.message}{more}")
        if not plan.changes:
            return NOTHING
        renamed = {change.key for change in plan.changes if change.kind == "accounts"}
        served = {one.service_point_id for one in plan.registry.agreements.values() if one.account_id in renamed}
        parts = self._state.begin(sorted(plan.touched | served), self._why(reason))
        self.store.write(plan.registry, plan.changes, progress)
        self._state.count_change()
        self._state.renew_lock(owner, self._now())
        self.index.update(entries_of(plan.registry, plan.touched | served))
        publish = publish_registry if whole else update_registry
        publish(self._s3, self._bucket, plan.registry)
        idle = self._without_readings(plan)
        busy = [part._replace(points=[one for one in part.points if one not in idle]) for part in parts]
        rated = self._rate([part for part in busy if part.points], owner, progress)
        if not rated.failed:
            self._state.end([part.key for part in parts])
        return rated

    def _rate(self, parts: Collection[PendingPart], owner: str, progress: Progress) -> Rerated:
        left = [part for part in parts if not part.rated]
        if len(left) > PARTS_BY_COMMAND and self._stack.closing_queue and not self._stack.local:
            self._spread(left, owner, progress)
            return NOTHING
        total = NOTHING
        with ThreadPoolExecutor(RATERS) as pool:
            for part in left:
                rated = NOTHING
                for one in pool.map(partial(self._rate_points, why=part.why), _groups(part.points)):
                    progress(one.bills)
                    rated = rated.plus(one)
                if part.key and not rated.failed:
                    self._state.mark_rated(part.key)
                self._state.renew_lock(owner, self._now())
                total = total.plus(rated)
        return total

    def _rate_points(self, points: Sequence[str], why: VersionReason) -> Rerated:
        """Rate the bills of some service points, with a registry of the thread's own: its cache is not shared."""
        if not hasattr(self._of_thread, "store"):
            self._of_thread.store = open_store(self._dynamodb, self._stack)
        tables, services = self._of_thread.store
        return rate_service_points(points, why, services, tables, self._now(), pause)

    def _spread(self, parts: Collection[PendingPart], owner: str, progress: Progress) -> None:
        """Let the closing function rate parts, and wait until it has. It goes on when this command is interrupted."""
        queue = WorkQueue(self._stack.client("sqs"), self._stack.closing_queue, "")
        queue.send(part.work for part in parts)
        left = {part.key for part in parts}
        while left:
            time.sleep(POLL_S)
            self._state.renew_lock(owner, self._now())
            rated = {part.key for part in self._state.parts(sorted(left)) if part.rated}
            progress(sum(len(part.points) for part in parts if part.key in rated))
            left -= rated

    def _without_readings(self, plan: RegistryPlan) -> set[str]:
        """The service points that a plan adds, and whose meters have no readings: they have no bills to rate."""
        added = new_service_points(plan.changes)
        meters: dict[str, set[str]] = {}
        for one in plan.registry.installations.values():
            if one.service_point_id in added:
                meters.setdefault(one.meter_id, set()).add(one.service_point_id)
        measured = self._tables.meters_with_days(meters.keys())
        return added - {point for meter in measured for point in meters[meter]}

    def _why(self, reason: str) -> VersionReason:
        return VersionReason(reason, getpass.getuser(), datetime.fromtimestamp(self._now(), UTC))

    def _now(self) -> int:
        return int(self._clock())


def _groups(points: Sequence[str]) -> Iterable[Sequence[str]]:
    return (points[first : first + POINTS_AT_ONCE] for first in range(0, len(points), POINTS_AT_ONCE))
