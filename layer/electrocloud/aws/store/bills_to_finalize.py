"""Which bills wait to be closed, from the bills' index by month."""

from collections.abc import Iterator
from typing import Any

from electrocloud.aws.store.dynamodb_items import MONTH_PARTS, month_part
from electrocloud.aws.store.tariff_lookup import Registry
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.tariffs.tariff import Tariff

MONTHS_BACK = 3
AT_ONCE = 100


def bills_to_finalize(
    client: Any, bills_table: str, registry: Registry, now: int, grace_s: int
) -> Iterator[tuple[str, BillingMonth, Tariff]]:
    """Meters, months and tariffs of the bills that lack readings, of months that ended `grace_s` before `now` or more.

    `now` is in s since 1970 UTC. It looks MONTHS_BACK months back; what lacks readings for longer waits for a person.
    """
    month = BillingMonth.at(now, "UTC")
    for _ in range(MONTHS_BACK):
        month = month.preceding
        for part in range(MONTH_PARTS):
            pages = client.get_paginator("query").paginate(
                TableName=bills_table,
                IndexName="by-month",
                KeyConditionExpression="month_part = :part",
                FilterExpression="#missing > :none",
                ProjectionExpression="meter_id",
                ExpressionAttributeNames={"#missing": "missing"},
                ExpressionAttributeValues={":part": {"S": month_part(str(month), part)}, ":none": {"N": "0"}},
            )
            for page in pages:
                meters = [item["meter_id"]["S"] for item in page["Items"]]
                for start in range(0, len(meters), AT_ONCE):
                    for meter, tariff in registry.tariffs_of(meters[start : start + AT_ONCE]).items():
                        own = BillingMonth(month.year, month.month, tariff.zone)
                        if own.end + grace_s <= now:
                            yield meter, own, tariff
