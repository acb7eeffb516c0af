"""The composition root of the store: windows, bills and the registry, wired to a deployment's tables."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from electrocloud.aws.backoff import Pause, pause
from electrocloud.aws.store.tables import DynamoTables
from electrocloud.aws.store.tariff_lookup import Registry


class TableNames(Protocol):
    """What names the tables: a function's settings, or a `Stack`."""

    @property
    def windows_table(self) -> str: ...
    @property
    def bills_table(self) -> str: ...
    @property
    def meters_table(self) -> str: ...
    @property
    def tariffs_table(self) -> str: ...


class Store(NamedTuple):
    """The tables of windows and bills, and the registry that says by which tariff a meter is billed."""

    tables: DynamoTables
    registry: Registry


def open_store(
    dynamodb: Any, names: TableNames, pause: Pause = pause, clock: Callable[[], float] = time.monotonic
) -> Store:
    """The store on a boto3 DynamoDB client. `pause` waits between tries, `clock` counts s for the registry's cache."""
    return Store(
        tables=DynamoTables(dynamodb, names.windows_table, names.bills_table, pause),
        registry=Registry(dynamodb, names.meters_table, names.tariffs_table, pause, clock),
    )
