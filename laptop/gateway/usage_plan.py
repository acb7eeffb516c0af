"""API Gateway's usage plan: the API keys that a route accepts, and the limits of each."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from threading import Lock
from typing import Any

from laptop.gateway.refusal import RefusedError
from laptop.gateway.throttle import Throttle


class UsagePlan:
    """Limits for each key: `rate` calls per second, bursts of `burst` calls, and `quota` calls per UTC day."""

    def __init__(
        self, keys: Iterable[str], *, rate: float, burst: int, quota: int, now: Callable[[], datetime]
    ) -> None:
        self._throttles = {key: Throttle(rate, burst) for key in keys}
        self._quota, self._now = quota, now
        self._day: date | None = None
        self._calls: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, key: str | None) -> None:
        """Count a call with this key. Raises `RefusedError` for an unknown key or an exceeded limit."""
        if key is None or key not in self._throttles:
            raise RefusedError("INVALID_API_KEY", "Forbidden")
        if not self._throttles[key].take():
            raise RefusedError("THROTTLED", "Too Many Requests")
        with self._lock:
            if (today := self._now().date()) != self._day:
                self._day = today
                self._calls.clear()
            if self._calls[key] >= self._quota:
                raise RefusedError("QUOTA_EXCEEDED", "Limit Exceeded")
            self._calls[key] += 1


def deployed_plan(apigateway: Any, plan_id: str, now: Callable[[], datetime]) -> UsagePlan:
    """The plan deployed in API Gateway, read with a boto3 client, with its current keys."""
    plan = apigateway.get_usage_plan(usagePlanId=plan_id)
    pages = apigateway.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan_id)
    keys = [
        apigateway.get_api_key(apiKey=key["id"], includeValue=True)["value"] for page in pages for key in page["items"]
    ]
    return UsagePlan(
        keys,
        rate=float(plan["throttle"]["rateLimit"]),
        burst=int(plan["throttle"]["burstLimit"]),
        quota=int(plan["quota"]["limit"]),
        now=now,
    )
