"""Recording payments: what is wrong with one is said, and what is recorded already is left as it is."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import NamedTuple

import msgspec

from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.payments import PaymentStore
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.domain.billing.payments import Payment, check_payment
from electrocloud.domain.errors import ElectroCloudError, UsageError

EASTERNMOST = timedelta(hours=14)  # a day begins so long before UTC's there
FIELDS = ("id", "account", "date", "amount")
OPTIONAL = ("currency", "reference")


class PaymentResult(NamedTuple):
    """What became of a payment: `recorded`, `already recorded`, or `refused` with the reason."""

    payment_id: str
    account_id: str
    amount: str
    result: str
    note: str = ""


class PaymentDesk:
    """Records payments in a deployed stack."""

    def __init__(self, stack: Stack) -> None:
        dynamodb = stack.client("dynamodb")
        tables = RegistryTables(stack.service_points_table, stack.meters_table, accounts=stack.accounts_table)
        self._registry = RegistryStore(dynamodb, tables, pause)
        self._payments = PaymentStore(dynamodb, stack.accounts_table, pause)
        self._reader = Reader(stack)

    def record(self, rows: Iterable[Mapping[str, str]], recorded_by: str) -> Iterator[PaymentResult]:
        """Record payments of rows with FIELDS and maybe OPTIONAL ones, and say what became of each.

        One that is recorded already is left as it is. Where all tariffs have one currency, a row need not name it.
        """
        known: dict[str, bool] = {}
        for row in rows:
            given = {name: (row.get(name) or "").strip() for name in FIELDS + OPTIONAL}
            named = given["id"], given["account"], given["amount"]
            try:
                payment = self._payment(given, recorded_by)
                if payment.account_id not in known:
                    known[payment.account_id] = bool(self._registry.accounts([payment.account_id]))
                if not known[payment.account_id]:
                    raise UsageError(f"there is no account {payment.account_id}")
                yield PaymentResult(*named, self._payments.record(payment))
            except ElectroCloudError as fault:
                yield PaymentResult(*named, "refused", str(fault))

    def _payment(self, row: Mapping[str, str], recorded_by: str) -> Payment:
        now = datetime.now(UTC)
        if missing := [name for name in FIELDS if not row[name]]:
            raise UsageError(f"the payment has no {missing[0]}")
        try:
            paid_on = date.fromisoformat(row["date"])
        except ValueError:
            raise UsageError(f"the date {row['date']!r} must be written like 2026-11-05") from None
        try:
            amount = Decimal(row["amount"])
        except InvalidOperation:
            raise UsageError(f"the amount {row['amount']!r} must be written like 1234.50") from None
        payment = Payment(
            row["id"],
            row["account"],
            paid_on,
            amount,
            row["currency"].upper() or self._only_currency,
            row["reference"],
            recorded_by,
            now,
        )
        check_payment(payment, (now + EASTERNMOST).date())
        try:
            return msgspec.convert(msgspec.to_builtins(payment), Payment)
        except msgspec.ValidationError as fault:
            raise UsageError(f"the payment breaks a rule: {fault}") from None

    @cached_property
    def _only_currency(self) -> str:
        found = {tariff.currency for tariff in self._reader.tariffs().values()}
        if len(found) != 1:
            raise UsageError("the tariffs have several currencies, so the payment must name its own")
        return found.pop()
