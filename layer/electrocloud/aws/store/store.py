"""The composition root of the store: windows, bills and the registry, wired to a deployment's tables."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from electrocloud.aws.backoff import Pause, pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.meter_lookup import MeterLookup
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.service_lookup import ServiceLookup
from electrocloud.aws.store.table_names import MeterTables
from electrocloud.aws.store.tables import DynamoTables
from electrocloud.services.store import IssueTerms


class Deployment(MeterTables, Protocol):
    """What names the tables and sets the terms: a function's settings, or a `Stack`."""

    @property
    def tariffs_table(self) -> str:
        """Tariffs."""

    @property
    def service_points_table(self) -> str:
        """Service points, with their installations and agreements."""

    @property
    def payment_days(self) -> int:
        """How many days after its issue a bill is due."""


class Store(NamedTuple):
    """The tables of windows and bills, and the registry that says who is served by which meter."""

    tables: DynamoTables
    registry: ServiceLookup


def open_store(
    dynamodb: DynamoDBClient, names: Deployment, pause: Pause = pause, clock: Callable[[], float] = time.monotonic
) -> Store:
    """The store on a boto3 DynamoDB client. `pause` waits between tries, `clock` counts s for the registry's cache."""
    tables = RegistryTables(names.service_points_table, names.meters_table, names.tariffs_table)
    meters = MeterLookup(dynamodb, names.meters_table, pause, clock)
    return Store(
        tables=DynamoTables(dynamodb, names.windows_table, names.bills_table, pause, IssueTerms(names.payment_days)),
        registry=ServiceLookup(RegistryStore(dynamodb, tables, pause), meters, clock),
    )
