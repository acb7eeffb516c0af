"""A command that changes the registry, killed at each of its calls: whoever comes next completes the work."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from typing import Any

import pytest

from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.aws.store.registry_state import RegistryState
from electrocloud.aws.store.search_index import SearchIndex
from electrocloud.aws.store.store import open_store
from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Registry
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.rerating import rate_item
from registry.desk import RegistryDesk
from tests.faults.fleet import tables
from tests.faults.injected_faults import Bucket, Dynamo, Killed
from tests.faults.registry_changes import desk_stack, put_registry, store_of
from tests.faults.test_kills import NOVEMBER, KillAt
from tests.kits.billing_kit import document
from tests.kits.examples import upload
from tests.kits.memory import TABLES
from tests.kits.registry_kit import registry

COMMAND_AT = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()
LATER = COMMAND_AT + 86_400  # when the killed command's lock has expired

Change = Callable[[Registry], Registry]

CHANGES: dict[str, Change] = {
    "a price corrected": lambda stored: events.change_price(stored, "flat", document(0.20), date(2026, 11, 10)),
    "a meter exchanged": lambda stored: events.exchange_meter(stored, "SP-1", "M-2", 1_795_000_000),
}


@cache
def november() -> dict[str, dict[tuple[str, ...], Any]]:
    """The tables after a month of two meters, of which one is installed."""
    dynamo = tables()
    put_registry(dynamo, registry())
    sent = [
        upload(meter_id=meter, day=day, wh=[100] * 24, interval_s=3600) for meter in ("M-1", "M-2") for day in NOVEMBER
    ]
    store, services = open_store(dynamo, TABLES, lambda _: None)
    ingest_uploads(sent, store, services, lambda _: None)
    return dynamo.items


class Deployment:
    """November of two meters, of which one is installed."""

    def __init__(self) -> None:
        self.dynamo = tables()
        self.dynamo.items = {table: dict(items) for table, items in november().items()}
        self.objects: dict[str, bytes] = {}
        self.state = RegistryState(self.dynamo, "service_points", lambda _: None)  # type: ignore[arg-type]

    def command(self, change: Change, kill_at: int = 0, at: float = COMMAND_AT) -> None:
        """Change the registry by the command's own code."""
        injector = KillAt(kill_at)
        stack = desk_stack(Dynamo(self.dynamo, injector, lambda: None), Bucket(self.objects, injector, lambda: None))
        RegistryDesk(stack, lambda: at).apply(change, "test")  # type: ignore[arg-type]

    def closing_round(self) -> None:
        """What the closing function does for a change that is not complete."""
        store, services = open_store(self.dynamo, TABLES, lambda _: None)
        for part in self.state.abandoned(int(LATER)):
            rate_item(part.work, services, store, int(LATER), lambda _: None, lambda: False)

    def searched(self) -> tuple[str, ...]:
        """The meters that the search index has at the service point."""
        bucket: Any = Bucket(self.objects, KillAt(0), lambda: None)
        (found,) = SearchIndex(bucket, "bucket").search("SP-1")
        return found.meter_ids

    def totals(self) -> dict[tuple[str, ...], Any]:
        """What each bill and version says."""
        bills = {key: bill_of(item) for key, item in self.dynamo.items["bills"].items()}
        return {key: (bill.version, bill.total_rounded, bill.reason) for key, bill in bills.items()}


def of_now(change: Change) -> Deployment:
    deployment = Deployment()
    deployment.command(change)
    return deployment


def nothing(stored: Registry) -> Registry:
    """Another command, that changes nothing itself."""
    return Registry()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("by", ["the next command", "the closing function"])
def test_what_a_killed_command_left_is_completed_by(by, change):
    before, after = Deployment(), of_now(change)
    stored, changed = store_of(before.dynamo).load(), store_of(after.dynamo).load()
    for number in count(1):
        killed = Deployment()
        try:
            killed.command(change, kill_at=number)
        except Killed:
            killed.command(nothing, at=LATER) if by == "the next command" else killed.closing_round()
        else:
            break
        found = store_of(killed.dynamo).load()
        assert found in (stored, changed), f"killed at opportunity {number}"
        expected = before if found == stored else after
        assert killed.totals() == expected.totals(), f"killed at opportunity {number}"
        if by == "the next command":
            assert killed.state.pending(int(LATER)) is None
            assert found == stored or killed.searched() == _meters(changed)
    assert number > 20


def _meters(found: Registry) -> tuple[str, ...]:
    return tuple(one.meter_id for one in sorted(found.installations.values(), key=lambda one: one.start))
