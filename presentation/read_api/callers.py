"""Who calls the read API, and what of a meter they may see."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from electrocloud.aws.customer_tokens import CustomerTokens, TokenError
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.registry.occupancy import ALWAYS, Span, spans_of_account

CUSTOMER = "/v1/customer/"


class Caller(NamedTuple):
    """An operator, who sees everything, or the customer of an account."""

    account_id: str | None = None

    def may_see(self, bill: Bill) -> bool:
        """Whether a bill is the caller's own, or the caller an operator."""
        return self.account_id is None or bill.account_id == self.account_id


class Places(Protocol):
    """Where the registry's histories are read."""

    def points_of_meters(self, meters: tuple[str]) -> Mapping[str, tuple[str, ...]]:
        """The service points that each of these meters has been at."""

    def histories(self, service_points: tuple[str, ...]) -> Mapping[str, ServiceHistory]:
        """The histories of those service points that exist."""


def caller_of(event: Mapping[str, Any], tokens: CustomerTokens) -> Caller:
    """Who makes a call: API Gateway has checked an operator's signature, and a customer's token is checked here.

    `TokenError` where it does not hold. A call on an operators' route without a signer is no operator's.
    """
    if not str(event["path"]).startswith(CUSTOMER):
        if not event["requestContext"]["identity"].get("userArn"):
            raise TokenError("this route is for operators: sign the call with AWS Signature Version 4")
        return Caller()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenError("send the customer's token as `Authorization: Bearer …`")
    return Caller(tokens.account_of(token.strip()))


def spans_for(caller: Caller, places: Places, meter_id: str) -> tuple[Span, ...]:
    """Which instants of a meter a caller may see: a customer those in which it measured for the account."""
    if caller.account_id is None:
        return ALWAYS
    points = places.points_of_meters((meter_id,)).get(meter_id, ())
    return tuple(
        span
        for history in places.histories(points).values()
        for span in spans_of_account(
            caller.account_id, meter_id, history.installations, history.agreements, history.point.time_zone
        )
    )
