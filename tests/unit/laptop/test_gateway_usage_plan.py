"""What the holder of an API key may call, by the usage plan."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from laptop.gateway.refusal import RefusedError
from laptop.gateway.usage_plan import UsagePlan, deployed_plan

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = MIDNIGHT

    def __call__(self) -> datetime:
        return self.now


def plan(clock: Clock, **limits: float) -> UsagePlan:
    return UsagePlan(["a", "b"], **{"rate": 1e9, "burst": 10**9, "quota": 10**9, "now": clock} | limits)


def refused(usage: UsagePlan, key: str | None) -> str:
    with pytest.raises(RefusedError) as caught:
        usage.take(key)
    return caught.value.type


@pytest.mark.parametrize("key", [None, "", "c", "A"])
def test_a_key_that_is_not_of_the_plan_is_refused(key):
    assert refused(plan(Clock()), key) == "INVALID_API_KEY"


def test_a_key_has_its_calls_of_the_day_and_new_ones_the_next():
    clock = Clock()
    usage = plan(clock, quota=2)
    clock.now += timedelta(hours=23)
    usage.take("a")
    usage.take("a")
    assert refused(usage, "a") == "QUOTA_EXCEEDED"
    clock.now += timedelta(hours=1)
    usage.take("a")


def test_a_key_over_its_limit_does_not_affect_other_keys():
    usage = plan(Clock(), rate=0, burst=1)
    usage.take("a")
    assert refused(usage, "a") == "THROTTLED"
    usage.take("b")


def test_the_plan_is_the_one_that_stands_in_api_gateway():
    with mock_aws():
        apigateway = boto3.client("apigateway", "us-east-1")
        made = apigateway.create_usage_plan(
            name="head-ends", throttle={"rateLimit": 5, "burstLimit": 9}, quota={"limit": 1, "period": "DAY"}
        )
        key = apigateway.create_api_key(name="first", value="a-key-of-twenty-chars", enabled=True)
        apigateway.create_usage_plan_key(usagePlanId=made["id"], keyId=key["id"], keyType="API_KEY")
        usage = deployed_plan(apigateway, made["id"], Clock())
    usage.take("a-key-of-twenty-chars")
    assert refused(usage, "a-key-of-twenty-chars") == "QUOTA_EXCEEDED"
