"""Who mailed which invoice to whom and when: an item per bill, among the accounts, since it has e-mail addresses.

A mailing is stored before its mail is sent, under the click that asked for it, and once only. So a click never sends an
invoice twice, whatever is pressed or retried; if the sender is killed in between, the mailing stays "unconfirmed".
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.billing.service import BillKey

PREFIX = "mail#"  # no account's ID has a #
_CLICK = "click-"

MailState = Literal["sent", "failed", "unconfirmed"]


class Mailing(msgspec.Struct, frozen=True):
    """One mail: a version of a bill, sent by a user to an account's address at a time (UTC), and how it went.

    `digest` is the SHA-256 of the PDF that was attached. `message_id` is SES's, and `error` says why it failed.
    """

    agreement_id: str
    cycle: str
    version: int
    number: str
    account_id: str
    address: str
    sent_by: str
    at: datetime
    state: MailState
    digest: str
    message_id: str = ""
    error: str = ""

    @property
    def key(self) -> BillKey:
        """The bill's key."""
        return BillKey(self.agreement_id, self.cycle)


_decoder = msgspec.json.Decoder(Mailing)


class MailLog:
    """The log of a deployment, on a boto3 DynamoDB client."""

    def __init__(self, client: DynamoDBClient, accounts_table: str, pause: Pause) -> None:
        self._client = client
        self._table = accounts_table
        self._pause = pause

    def begin(self, mailing: Mailing, click: str) -> bool:
        """Store a mailing that is about to be sent; False if this click has begun one of this bill before."""
        try:
            self._put(mailing, click, "attribute_not_exists(#click)")
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def end(self, mailing: Mailing, click: str) -> None:
        """Store how a mailing went, in place of how it began."""
        self._put(mailing, click, "attribute_exists(#click)")

    def of(self, keys: Collection[BillKey]) -> dict[BillKey, list[Mailing]]:
        """The mailings of those of these bills that have any, newest first."""
        wanted = [(self._table, {"account_id": {"S": _item_key(key)}}) for key in dict.fromkeys(keys)]
        found = {}
        for _, item in batch_get(self._client, wanted, self._pause):
            own = sorted(_mailings(item).values(), key=lambda one: one.at, reverse=True)
            found[own[0].key] = own
        return found

    def erase_addresses(self, account_id: str, *, confirm: bool) -> int:
        """How many mailings have an address of an account; with `confirm` they lose it."""
        count = 0
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="begins_with(account_id, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": PREFIX}},
        )
        for item in (item for page in pages for item in page["Items"]):
            for click, mailing in _mailings(item).items():
                if mailing.account_id == account_id and mailing.address:
                    count += 1
                    if confirm:
                        self._put(msgspec.structs.replace(mailing, address=""), click, "attribute_exists(#click)")
        return count

    def _put(self, mailing: Mailing, click: str, condition: str) -> None:
        self._client.update_item(
            TableName=self._table,
            Key={"account_id": {"S": _item_key(mailing.key)}},
            UpdateExpression="SET #click = :mailing",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#click": _CLICK + click},
            ExpressionAttributeValues={":mailing": {"S": msgspec.json.encode(mailing).decode()}},
        )


def latest(mailings: Iterable[Mailing], version: int) -> Mailing | None:
    """The newest mailing of a version that has gone out, or may have."""
    return next((one for one in mailings if one.version == version and one.state != "failed"), None)


def _item_key(key: BillKey) -> str:
    return f"{PREFIX}{key.agreement_id}#{key.cycle}"


def _mailings(item: Mapping[str, Any]) -> dict[str, Mailing]:
    """The mailings of an item by their click."""
    return {
        name.removeprefix(_CLICK): _decoder.decode(value["S"])
        for name, value in item.items()
        if name.startswith(_CLICK)
    }
