"""Reads what windows, Parquet and bills hold of each meter and UTC day, for `analytics.audit`."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from analytics import questions
from analytics.ask import ask
from analytics.audit import Amount, Books, DayRange, MeterDayKey, total
from electrocloud.aws.quarantine_keys import PREFIX as QUARANTINE
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.dynamodb_items import determinants_of
from electrocloud.aws.store.store import Store, open_store
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.service import bills_of_meter_day
from electrocloud.services.rating import replaced_days

QUERY = Path(__file__).parent / "queries" / "meter_days.sql"
SEGMENTS = 8  # of a parallel scan, and days asked for at once


def read_books(stack: Stack, wanted: DayRange, progress: Callable[[str], None]) -> Books:
    """Windows, Parquet and bills of these days; `progress` is called with the name of each place that has been read."""
    store = open_store(stack.client("dynamodb"), stack)
    store.registry.refresh()
    windows = _windows(stack, wanted)
    progress("windows")
    parquet = _parquet(stack, wanted)
    progress("Parquet")
    bills = _bills(stack, store, wanted)
    progress("bills")
    nothing = Amount()
    odd = [
        key for key in windows.keys() | bills.keys() if windows.get(key, nothing).delivered() != bills.get(key, nothing)
    ]
    return Books(windows, parquet, bills, _served(store, odd))


def _served(store: Store, keys: Collection[MeterDayKey]) -> dict[MeterDayKey, Amount]:
    """What bills must hold of these meter-days: the readings in their windows that somebody is served by."""
    services = store.registry.services_of({meter_id for meter_id, _ in keys})
    planned = {key: bills_of_meter_day(services.get(key[0], ()), *key) for key in keys}
    days, _ = store.tables.read([key for key, bills in planned.items() if bills], [])
    found = dict.fromkeys(keys, Amount())
    for key, stored in days.items():
        for bill in planned[key]:
            for span in replaced_days(bill.plan, [], {key[0]: [stored.day]}):
                found[key] = total([found[key], *map(_measured, span.values())])
    return found


def _measured(determinants: DayDeterminants) -> Amount:
    """What a day of a bill has of readings that were measured, not estimated."""
    return Amount(determinants.count, sum(run.wh for run in determinants.runs if not run.estimated))


def quarantined(stack: Stack, wanted: DayRange) -> int:
    """How many objects of rejected uploads arrived on these days."""
    pages = stack.client("s3").get_paginator("list_objects_v2")
    return sum(
        len(page.get("Contents", []))
        for day in wanted.days()
        for page in pages.paginate(Bucket=stack.bucket, Prefix=f"{QUARANTINE}dt={day}/")
    )


def _windows(stack: Stack, wanted: DayRange) -> dict[MeterDayKey, Amount]:
    numbers = ("count", "wh", "received_count", "received_wh")
    names = {"#meter": "meter_id", "#day": "day"} | {f"#{name}": name for name in numbers}
    condition = "#day BETWEEN :first AND :last"
    values = {":first": {"S": str(wanted.first)}, ":last": {"S": str(wanted.end - timedelta(days=1))}}
    if wanted.meter_id:
        items = _query(stack, stack.windows_table, wanted.meter_id, names, condition, values)
    else:
        items = _scan(stack, stack.windows_table, names, condition, values)
    return {
        (item["meter_id"]["S"], date.fromisoformat(item["day"]["S"])): Amount(
            *(int(item[name]["N"]) if name in item else 0 for name in numbers)
        )
        for item in items
    }


def _bills(stack: Stack, store: Store, wanted: DayRange) -> dict[MeterDayKey, Amount]:
    """What bills are made of. Their key `meter_id` holds an agreement, or the meter where there is none."""
    names = {"#meter": "meter_id", "#determinants": "determinants"}
    if meter_id := wanted.meter_id:
        services = store.registry.services_of([meter_id]).get(meter_id, ())
        owners = {meter_id, *(service.terms.agreement_id for service in services)}
        items = chain.from_iterable(_query(stack, stack.bills_table, owner, names) for owner in owners)
    else:
        items = chain(_scan(stack, stack.bills_table, names, "attribute_exists(#determinants)", {}))
    found: dict[MeterDayKey, Amount] = {}
    for item in items:
        for name, determinants in determinants_of(item).items() if "determinants" in item else ():
            if wanted.first <= name.day < wanted.end and wanted.meter_id in (None, name.meter_id):
                key = name.meter_id, name.day
                found[key] = total([found.get(key, Amount()), _measured(determinants)])
    return found


def _query(
    stack: Stack,
    table: str,
    owner: str,
    names: Mapping[str, str],
    condition: str = "",
    values: Mapping[str, Any] | None = None,
) -> Iterator[Any]:
    """The items with one partition key that meet a condition on the sort key."""
    pages = (
        stack.client("dynamodb")
        .get_paginator("query")
        .paginate(
            **_reading(table, names),
            KeyConditionExpression="#meter = :meter" + (f" AND {condition}" if condition else ""),
            ExpressionAttributeValues={":meter": {"S": owner}, **(values or {})},
        )
    )
    yield from (item for page in pages for item in page["Items"])


def _scan(
    stack: Stack, table: str, names: Mapping[str, str], condition: str, values: Mapping[str, Any]
) -> Iterator[Any]:
    """The items of a table that meet a condition."""
    dynamodb = stack.client("dynamodb", max_pool_connections=SEGMENTS)
    request = _reading(table, names) | {"FilterExpression": condition}
    request |= {"ExpressionAttributeValues": dict(values)} if values else {}
    # The laptop's cloud reads all of a table for each page of a segment, so there the scan is not divided.
    divided: list[Any] = [{"Segment": number, "TotalSegments": SEGMENTS} for number in range(SEGMENTS)]

    def scan(segment: Any) -> list[Any]:
        pages = dynamodb.get_paginator("scan").paginate(**request, **segment)
        return [item for page in pages for item in page["Items"]]

    with ThreadPoolExecutor(SEGMENTS) as pool:
        for items in pool.map(scan, [{}] if stack.local else divided):
            yield from items


def _reading(table: str, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "TableName": table,
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": dict(names),
    }


def _parquet(stack: Stack, wanted: DayRange) -> dict[MeterDayKey, Amount]:
    athena = stack.client("athena", max_pool_connections=SEGMENTS)
    question = questions.read(QUERY)

    def of_day(day: date) -> list[tuple[MeterDayKey, Amount]]:
        sql = question.render({"day": day.isoformat(), "meter": wanted.meter_id or "all"})
        rows: Collection[Any] = ask(stack, athena, sql).rows
        return [((meter_id, day), Amount(*map(int, amount))) for meter_id, *amount in rows]

    with ThreadPoolExecutor(SEGMENTS) as pool:
        return dict(pair for pairs in pool.map(of_day, wanted.days()) for pair in pairs)
