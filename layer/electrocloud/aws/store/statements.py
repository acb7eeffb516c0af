"""What an invoice shows beside its bill: who pays, where the energy went, and the bills that it is compared with."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, Protocol

from electrocloud.aws.backoff import Pause, pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.tables import READ_AT_ONCE, batch_get
from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.registry.records import Account, ServicePoint
from electrocloud.services.issuing import compared_bills


class Statement(NamedTuple):
    """A bill as it is sent: with the account that pays it, and the service point. None is what the registry lacks.

    `before` and `last_year` are the agreement's current bills of the period before, and of the same one a year ago.
    """

    key: BillKey
    bill: Bill
    account: Account | None = None
    point: ServicePoint | None = None
    before: Bill | None = None
    last_year: Bill | None = None


class StatementTables(Protocol):
    """What names the tables: a `Stack`."""

    @property
    def bills_table(self) -> str:
        """Bills."""

    @property
    def meters_table(self) -> str:
        """Meters."""

    @property
    def service_points_table(self) -> str:
        """Service points."""

    @property
    def accounts_table(self) -> str:
        """Accounts."""


class StatementReader:
    """Reads statements on a boto3 DynamoDB client. What compared bills lack is counted as of the `clock`."""

    def __init__(
        self,
        client: DynamoDBClient,
        bills_table: str,
        registry: RegistryStore,
        pause: Pause,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._bills_table = bills_table
        self._registry = registry
        self._pause = pause
        self._clock = clock

    def read(self, issued: Iterable[IssuedBill]) -> Iterator[Statement]:
        """The statements of these bills in their order, READ_AT_ONCE at a time, by a handful of reads for each time."""
        rows = iter(issued)
        while group := list(islice(rows, READ_AT_ONCE)):
            yield from self._group(group)

    def _group(self, group: Collection[IssuedBill]) -> Iterator[Statement]:
        compared = self._bills({other for one in group for other in compared_bills(one.key)})
        accounts = self._registry.accounts({one.bill.account_id for one in group} - {""})
        points = self._points(group)
        for key, bill in group:
            before, last_year = map(compared.get, compared_bills(key))
            point = points.get(key.agreement_id)
            yield Statement(key, bill, accounts.get(bill.account_id), point, before, last_year)

    def _bills(self, keys: Collection[BillKey]) -> dict[BillKey, Bill]:
        wanted: list[tuple[str, Any]] = [(self._bills_table, items.bill_key(key)) for key in sorted(keys)]
        found = batch_get(self._client, wanted, self._pause, "meter_id, bill, document, missing")
        now = int(self._clock())
        return {items.key_of_bill(item): items.bill_as_of(item, now) for _, item in found}

    def _points(self, group: Collection[IssuedBill]) -> Mapping[str, ServicePoint]:
        """The service point of each agreement, among those that its meter has been at."""
        meters = self._registry.points_of_meters({one.bill.meter_id for one in group} - {""})
        histories = self._registry.histories({point for own in meters.values() for point in own})
        return {agreement.agreement_id: one.point for one in histories.values() for agreement in one.agreements}


def statement_reader(client: DynamoDBClient, names: StatementTables) -> StatementReader:
    """What reads the statements of a deployment."""
    tables = RegistryTables(names.service_points_table, names.meters_table, accounts=names.accounts_table)
    return StatementReader(client, names.bills_table, RegistryStore(client, tables, pause), pause)
