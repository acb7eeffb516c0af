"""The registry's own state: how often it was changed, who changes it now, and which bills a change has yet to rate.

It is in items of the service points' table whose keys begin with `#`, as no service point's does. A change is written
down here before it is made. So a command that is killed at any point leaves the service points it touched, and the next
command, or the closing function's next round, rates their bills. Each command first completes what was left: there is
one such change at a time.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.errors import RegistryError
from electrocloud.services.rating import VersionReason
from electrocloud.services.rerating import PendingChange, PendingPart

LOCK_S = 900
STATE_PREFIX = "#"
REGISTRY_ITEM = "#registry"
POINTS_A_PART = 200  # the closing function rates several years of bills of so many within its time

Item = dict[str, Any]


class RegistryState:
    """On a boto3 DynamoDB client; `pause(n)` waits before attempt n + 1."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Pause) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def version(self) -> int:
        """How often the registry has been changed."""
        return _version(self._read())

    def count_change(self) -> None:
        """Let everybody forget what they remember of the registry."""
        self._update("ADD changes :one", {":one": {"N": "1"}})

    @contextmanager
    def lock(self, now: int) -> Iterator[str]:
        """Be the only one who changes the registry, for LOCK_S from `now` (s since 1970 UTC); yields the lock's owner.

        `RegistryError` where another does.
        """
        owner = uuid.uuid4().hex
        free = "attribute_not_exists(lock_owner) OR lock_until < :now"
        if not self._take(owner, now, free, {":now": {"N": str(now)}}):
            raise RegistryError("somebody else is changing the registry; try again when that is done")
        try:
            yield owner
        finally:
            self._update("REMOVE lock_owner, lock_until", {":owner": {"S": owner}}, "lock_owner = :owner")

    def renew_lock(self, owner: str, now: int) -> None:
        """Keep the lock for LOCK_S more. `RegistryError` where another has it since it expired."""
        if not self._take(owner, now, "lock_owner = :owner", {}):
            raise RegistryError("another command has changed the registry since; this one's change is rated by it")

    def begin(self, points: Sequence[str], why: VersionReason) -> list[PendingPart]:
        """Write down the service points that a change is about to touch; returns its parts."""
        number = self.version() + 1
        groups = (points[first : first + POINTS_A_PART] for first in range(0, len(points), POINTS_A_PART))
        parts = [PendingPart(_part_key(number, place), own, why, rated=False) for place, own in enumerate(groups)]
        batch_write(self._client, self._table, ({"PutRequest": {"Item": _part_item(part)}} for part in parts))
        values = {":number": {"N": str(number)}, ":parts": {"N": str(len(parts))}}
        self._update("SET pending_change = :number, pending_parts = :parts", values)
        return parts

    def pending(self, now: int) -> PendingChange | None:
        """The change that is not complete; `now` (s since 1970 UTC) tells whether a command is still at it."""
        item = self._read()
        if "pending_change" not in item:
            return None
        number, count = int(item["pending_change"]["N"]), int(item["pending_parts"]["N"])
        held = "lock_owner" in item and int(item["lock_until"]["N"]) >= now
        return PendingChange([_part_key(number, place) for place in range(count)], held)

    def parts(self, keys: Collection[str]) -> list[PendingPart]:
        """Those of these parts that exist, in order."""
        wanted = [(self._table, _key(key)) for key in keys]
        return sorted(_part(item) for _, item in batch_get(self._client, wanted, self._pause))

    def abandoned(self, now: int) -> list[PendingPart]:
        """The parts that a killed command has left unrated; none while a command is at work.

        It may have been killed before it had counted its change, so this counts one: a worker that goes on by the
        registry of before would store readings without their bills.
        """
        pending = self.pending(now)
        if pending is None or pending.held:
            return []
        left = [part for part in self.parts(pending.parts) if not part.rated]
        if left:
            self.count_change()
        return left

    def mark_rated(self, key: str) -> None:
        """The bills of a part's service points are rated. Nothing happens where the change is complete already."""
        known = "attribute_exists(service_point_id)"
        self._update("SET rated = :yes", {":yes": {"BOOL": True}}, known, key)

    def end(self, keys: Collection[str]) -> None:
        """The change is complete: forget it and its parts."""
        batch_write(self._client, self._table, ({"DeleteRequest": {"Key": _key(key)}} for key in keys))
        self._update("REMOVE pending_change, pending_parts", {})

    def _read(self) -> Item:
        found = self._client.get_item(TableName=self._table, Key=_key(REGISTRY_ITEM), ConsistentRead=True)
        return found.get("Item", {})

    def _take(self, owner: str, now: int, condition: str, values: Item) -> bool:
        times = {":owner": {"S": owner}, ":until": {"N": str(now + LOCK_S)}}
        return self._update("SET lock_owner = :owner, lock_until = :until", times | values, condition)

    def _update(self, expression: str, values: Item, condition: str | None = None, name: str = REGISTRY_ITEM) -> bool:
        """Update an item, the registry's own one if no other is named; whether the condition held."""
        optional: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if values:
            optional["ExpressionAttributeValues"] = values
        try:
            self._client.update_item(TableName=self._table, Key=_key(name), UpdateExpression=expression, **optional)
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _key(name: str) -> Item:
    return {"service_point_id": {"S": name}}


def _part_key(number: int, place: int) -> str:
    return f"{STATE_PREFIX}pending-{number:08}-{place:05}"


def _version(item: Item) -> int:
    return int(item.get("changes", {"N": "0"})["N"])


def _part_item(part: PendingPart) -> Item:
    return {
        **_key(part.key),
        "points": {"S": msgspec.json.encode(part.points).decode()},
        "reason": {"S": part.why.reason},
        "changed_by": {"S": part.why.by},
        "changed_at": {"S": part.why.at.isoformat() if part.why.at else ""},
        "rated": {"BOOL": part.rated},
    }


def _part(item: Item) -> PendingPart:
    at = item["changed_at"]["S"]
    why = VersionReason(item["reason"]["S"], item["changed_by"]["S"], datetime.fromisoformat(at) if at else None)
    points = msgspec.json.decode(item["points"]["S"], type=list[str])
    return PendingPart(item["service_point_id"]["S"], points, why, item["rated"]["BOOL"])
