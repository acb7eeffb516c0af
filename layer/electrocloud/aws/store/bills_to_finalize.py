"""Which bills wait to be closed, from the bills' index by month."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from electrocloud.aws.store.dynamodb_items import MONTH_PARTS, Item, key_of_bill, month_part
from electrocloud.domain.billing.service import PlannedBill
from electrocloud.domain.local_time import BillingMonth
from electrocloud.services.store import ServiceRegistry

MONTHS_BACK = 3
AT_ONCE = 100


def bills_to_finalize(
    client: Any, bills_table: str, registry: ServiceRegistry, now: int, grace_s: int
) -> Iterator[PlannedBill]:
    """The provisional bills whose period ended `grace_s` or more before `now` (s since 1970 UTC).

    It looks at cycles that began in this month or the MONTHS_BACK before; older ones wait for a person.
    """
    month = BillingMonth.at(now, "UTC")
    for _ in range(MONTHS_BACK + 1):
        for part in range(MONTH_PARTS):
            items = iter(_provisional(client, bills_table, month_part(str(month), part)))
            while group := list(islice(items, AT_ONCE)):
                for planned in _planned(group, registry):
                    if planned.plan.period.end + grace_s <= now:
                        yield planned
        month = month.preceding


def _provisional(client: Any, bills_table: str, part: str) -> Iterator[Item]:
    pages = client.get_paginator("query").paginate(
        TableName=bills_table,
        IndexName="by-month",
        KeyConditionExpression="month_part = :part",
        FilterExpression="#status = :provisional",
        ProjectionExpression="meter_id, bill, meter",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":part": {"S": part}, ":provisional": {"S": "provisional"}},
    )
    return (item for page in pages for item in page["Items"])


def _planned(items: list[Item], registry: ServiceRegistry) -> Iterator[PlannedBill]:
    """The bills of items by the services of their meters; bills from before agreements were are named by the meter."""
    meter_of = {key_of_bill(item): (item.get("meter") or item["meter_id"])["S"] for item in items}
    services = registry.services_of({*meter_of.values()})
    for key, meter in meter_of.items():
        for service in services.get(meter, ()):
            if service.terms.agreement_id == key.agreement_id and (planned := service.bill_of_cycle(key.cycle)):
                yield planned
