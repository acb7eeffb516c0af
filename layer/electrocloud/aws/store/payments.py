"""Payments in DynamoDB: an item per account with its payments, among the accounts, since references can name people.

An item of its own for each payment's ID says which account has it. Both are written in one transaction, so that a
payment that is recorded twice, by whatever account, by two commands at once or after a crash, counts once.
"""

from collections.abc import Collection
from typing import Literal

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.dynamodb_items import Item
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.billing.payments import Payment
from electrocloud.domain.errors import UsageError

ACCOUNT_PREFIX, ID_PREFIX = "payments#", "payment#"  # no account's ID has a #
_PAYMENT = "payment-"
MOST_TRIES = 5

Recorded = Literal["recorded", "already recorded"]

_decoder = msgspec.json.Decoder(Payment)


class PaymentStore:
    """The payments of a deployment, on a boto3 DynamoDB client; `pause(n)` waits before attempt n + 1."""

    def __init__(self, client: DynamoDBClient, accounts_table: str, pause: Pause) -> None:
        self._client = client
        self._table = accounts_table
        self._pause = pause

    def record(self, payment: Payment) -> Recorded:
        """Store a payment once. `UsageError` where another payment has its ID."""
        attribute, document = _PAYMENT + payment.payment_id, msgspec.json.encode(payment).decode()
        by_id = {"account_id": {"S": ID_PREFIX + payment.payment_id}, "account": {"S": payment.account_id}}
        for attempt in range(1, MOST_TRIES + 1):
            try:
                self._client.transact_write_items(
                    TransactItems=[
                        {
                            "Put": {
                                "TableName": self._table,
                                "Item": by_id,
                                "ConditionExpression": "attribute_not_exists(account_id)",
                            }
                        },
                        {
                            "Update": {
                                "TableName": self._table,
                                "Key": {"account_id": {"S": ACCOUNT_PREFIX + payment.account_id}},
                                "UpdateExpression": "SET #payment = :payment",
                                "ExpressionAttributeNames": {"#payment": attribute},
                                "ExpressionAttributeValues": {":payment": {"S": document}},
                            }
                        },
                    ]
                )
            except ClientError as fault:
                if fault.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
                if self._is_known(payment):
                    return "already recorded"
                if attempt == MOST_TRIES:
                    raise
                self._pause(attempt)  # another command writes the same account's item
            else:
                break
        return "recorded"

    def of(self, account_ids: Collection[str]) -> dict[str, list[Payment]]:
        """The payments of those of these accounts that have any, by day."""
        keys = [(self._table, {"account_id": {"S": ACCOUNT_PREFIX + one}}) for one in dict.fromkeys(account_ids)]
        return {
            item["account_id"]["S"].removeprefix(ACCOUNT_PREFIX): _payments(item)
            for _, item in batch_get(self._client, keys, self._pause)
        }

    def erase_references(self, account_id: str, *, confirm: bool) -> int:
        """How many payments of an account have a reference; with `confirm` they lose it."""
        named = [one for one in self.of([account_id]).get(account_id, ()) if one.reference]
        for payment in named if confirm else ():
            self._client.update_item(
                TableName=self._table,
                Key={"account_id": {"S": ACCOUNT_PREFIX + account_id}},
                UpdateExpression="SET #payment = :payment",
                ExpressionAttributeNames={"#payment": _PAYMENT + payment.payment_id},
                ExpressionAttributeValues={
                    ":payment": {"S": msgspec.json.encode(msgspec.structs.replace(payment, reference="")).decode()}
                },
            )
        return len(named)

    def _is_known(self, payment: Payment) -> bool:
        """Whether this payment is stored. `UsageError` where its ID is another one's."""
        key = (self._table, {"account_id": {"S": ID_PREFIX + payment.payment_id}})
        found = [item["account"]["S"] for _, item in batch_get(self._client, [key], self._pause)]
        if not found:
            return False
        stored = next((one for one in self.of(found).get(found[0], ()) if one.payment_id == payment.payment_id), None)
        if stored and stored.same_as(payment):
            return True
        facts = f" of {stored.amount:f} {stored.currency} on {stored.paid_on}" if stored else ""
        raise UsageError(
            f"payment {payment.payment_id} is recorded already, as one of account {found[0]}{facts}; "
            "to correct it, record one below 0 that takes it back, and the right one, each under an ID of its own"
        )


def _payments(item: Item) -> list[Payment]:
    found = (_decoder.decode(value["S"]) for name, value in item.items() if name.startswith(_PAYMENT))
    return sorted(found, key=lambda one: (one.paid_on, one.payment_id))
