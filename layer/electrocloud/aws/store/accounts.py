"""What an account owes: its current bills wherever it is or was served, and its payments. Reads only."""

from typing import NamedTuple

from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.payments import PaymentStore
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.search_index import SearchIndex
from electrocloud.domain.billing.payments import Balance, Payment, balances

MOST_POINTS = 1_000  # service points of one account that are looked at


class AccountStatement(NamedTuple):
    """An account's current bills by period, its payments by day, and its balance in each currency."""

    bills: list[IssuedBill]
    payments: list[Payment]
    balances: dict[str, Balance]


class AccountReader:
    """Reads the accounts of a deployed stack."""

    def __init__(self, stack: Stack) -> None:
        dynamodb = stack.client("dynamodb", connect_timeout=2, read_timeout=10)
        tables = RegistryTables(stack.service_points_table, stack.meters_table, accounts=stack.accounts_table)
        self._registry = RegistryStore(dynamodb, tables, pause)
        self._payments = PaymentStore(dynamodb, stack.accounts_table, pause)
        self._index = SearchIndex(stack.client("s3", connect_timeout=2, read_timeout=10), stack.bucket)
        self._reader = Reader(stack)

    def statement(self, account_id: str) -> AccountStatement:
        """What an account was billed and has paid. One that is not there has neither."""
        bills = self.bills(account_id)
        payments = self._payments.of([account_id]).get(account_id, [])
        return AccountStatement(bills, payments, balances((one.bill for one in bills), payments))

    def bills(self, account_id: str) -> list[IssuedBill]:
        """The current bills of an account, wherever it is or was served, by period."""
        found = (one for agreement in self._agreements(account_id) for one in self._reader.current_bills(agreement))
        own = (one for one in found if one.bill.account_id in ("", account_id))
        return sorted(own, key=lambda one: (str(one.bill.period_start), one.key))

    def _agreements(self, account_id: str) -> list[str]:
        points = [
            entry.service_point_id
            for entry in self._index.search(account_id, MOST_POINTS)
            if account_id in (entry.account_id, *entry.former_account_ids)
        ]
        histories = self._registry.histories(points).values()
        own = (one for history in histories for one in history.agreements if one.account_id == account_id)
        return list(dict.fromkeys(one.agreement_id for one in own))
