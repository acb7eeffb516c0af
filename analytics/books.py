"""Reads what windows, Parquet, bills and the lake hold, and compares them: all of `electrocloud audit`."""

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from typing import Any, NamedTuple

from analytics.ask import ask
from analytics.audit import Amount, Books, DayRange, MeterDayKey, total
from analytics.bill_audit import (
    AuditedBill,
    BillAudit,
    BillDifference,
    BillPart,
    CheckedPart,
    check_part,
    compare_month_with_lake,
    measured,
    planned_bill,
)
from analytics.lake_readings import Ask, LakeRows, amounts, read_lake
from electrocloud.aws.quarantine_keys import objects_in_quarantine
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import IssuedBill, issued_bill
from electrocloud.aws.store.dynamodb_items import Item
from electrocloud.aws.store.store import Store, open_store
from electrocloud.domain.billing.service import bills_of_meter_day
from electrocloud.services.rating import replaced_days

SEGMENTS = 8  # of a parallel scan, and queries at once
LONGEST_CYCLE = timedelta(days=32)
BILLS_IN_PART = 200
FEW_BILLS = 400  # are checked here: to start processes takes longer


class Findings(NamedTuple):
    """What was compared, and what differs."""

    books: Books
    bills: BillAudit

    def total(self) -> int:
        """How many differences there are."""
        return len(self.books.differences()) + len(self.bills.differences)


def read_findings(stack: Stack, wanted: DayRange, progress: Callable[[str], None]) -> Findings:
    """Compare windows, Parquet, bills and the lake; `progress` is called with the name of each place that is read."""
    store = open_store(stack.client("dynamodb"), stack)
    store.registry.refresh()
    with ThreadPoolExecutor(SEGMENTS) as pool:
        reading_windows = pool.submit(_windows, stack, wanted)
        items = [*_bill_items(stack, store, wanted)]
        issued = [issued_bill(item) for item in items]
        bills = _plan(store, zip(items, issued, strict=True))
        lake = _asking(stack)
        rows = read_lake(lake, pool, *_lake_range(wanted, bills), _lake_meters(wanted, bills))
        progress("Parquet")
        checked = [*_check(bills, rows, wanted)]
        progress("bills")
        differences = [*_against_lake(issued, lake, wanted), *(one for part in checked for one in part.differences)]
        progress("bills of the lake")
        parquet = amounts(_own(rows, wanted), wanted.first, wanted.end)
        windows = reading_windows.result()
        progress("windows")
    books = _compare(store, windows, parquet, checked)
    months = wanted.months()
    versions = sum(one.key.month in months for one in issued)
    return Findings(books, BillAudit(sum(part.rated for part in checked), versions, sorted(differences)))


def _compare(
    store: Store,
    windows: Mapping[MeterDayKey, Amount],
    parquet: Mapping[MeterDayKey, Amount],
    checked: Iterable[CheckedPart],
) -> Books:
    bills: dict[MeterDayKey, Amount] = {}
    for part in checked:
        for key, amount in part.amounts.items():
            bills[key] = bills[key].plus(amount) if key in bills else amount
    nothing = Amount()
    odd = [
        key for key in windows.keys() | bills.keys() if windows.get(key, nothing).delivered() != bills.get(key, nothing)
    ]
    return Books(windows, parquet, bills, _served(store, odd))


def _against_lake(issued: Iterable[IssuedBill], lake: Ask, wanted: DayRange) -> Iterator[BillDifference]:
    for month in wanted.months():
        own = [one for one in issued if one.key.month == month]
        yield from compare_month_with_lake(own, lake, month, whole=wanted.meter_id is None)


def _asking(stack: Stack) -> Ask:
    athena = stack.client("athena", max_pool_connections=SEGMENTS)
    return lambda sql: ask(stack, athena, sql).rows


def _lake_meters(wanted: DayRange, bills: Iterable[AuditedBill]) -> list[str]:
    """Of which meters the lake is asked: all, or one with those that it shares a bill with."""
    if wanted.meter_id is None:
        return ["all"]
    others = {meter for one in bills if one.planned for meter in one.planned.meter_ids}
    return sorted({wanted.meter_id} | others)


def _own(rows: LakeRows, wanted: DayRange) -> LakeRows:
    return rows if wanted.meter_id is None else {meter: rows[meter] for meter in rows.keys() & {wanted.meter_id}}


def _served(store: Store, keys: Collection[MeterDayKey]) -> dict[MeterDayKey, Amount]:
    """What bills must hold of these meter-days: the readings in their windows that somebody is served by."""
    services = store.registry.services_of({meter_id for meter_id, _ in keys})
    planned = {key: bills_of_meter_day(services.get(key[0], ()), *key) for key in keys}
    days, _ = store.tables.read([key for key, bills in planned.items() if bills], [])
    found = dict.fromkeys(keys, Amount())
    for key, stored in days.items():
        for bill in planned[key]:
            for span in replaced_days(bill.plan, [], {key[0]: [stored.day]}):
                found[key] = total([found[key], *map(measured, span.values())])
    return found


def quarantined(stack: Stack, wanted: DayRange) -> int:
    """How many objects of rejected uploads arrived on these days."""
    s3 = stack.client("s3")
    return sum(1 for day in wanted.days() for _ in objects_in_quarantine(s3, stack.bucket, day))


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


def _bill_items(stack: Stack, store: Store, wanted: DayRange) -> Iterator[Item]:
    """The items of all bills, and versions of bills, whose cycle may have one of these days.

    Their key `meter_id` holds an agreement, or the meter where there is none.
    """
    columns = ("meter_id", "bill", "document", "determinants", "carried")
    names = {f"#{name}": name for name in columns}
    condition = "#bill BETWEEN :low AND :high"
    values = {":low": {"S": f"{wanted.first - LONGEST_CYCLE:%Y-%m}"}, ":high": {"S": str(wanted.end)}}
    if meter_id := wanted.meter_id:
        services = store.registry.services_of([meter_id]).get(meter_id, ())
        owners = {meter_id, *(service.terms.agreement_id for service in services)}
        for owner in sorted(owners):
            yield from _query(stack, stack.bills_table, owner, names, condition, values)
    else:
        yield from _scan(stack, stack.bills_table, names, condition, values)


def _plan(store: Store, stored: Iterable[tuple[Item, IssuedBill]]) -> list[AuditedBill]:
    current = [(item, issued) for item, issued in stored if "determinants" in item]
    services = store.registry.services_of({issued.bill.meter_id for _, issued in current} - {""})
    return [AuditedBill(item, planned_bill(issued, services)) for item, issued in current]


def _lake_range(wanted: DayRange, bills: Iterable[AuditedBill]) -> tuple[date, date]:
    """The first and last UTC day of all that is compared: these days, and the cycles that begin in their months."""
    months = wanted.months()
    periods = [one.planned.plan.period for one in bills if one.planned and one.planned.key.month in months]
    days = [day for period in {*periods} for day in period.utc_days()]
    return min([wanted.first, *days]), max([wanted.end - timedelta(days=1), *days])


def _check(bills: Sequence[AuditedBill], rows: LakeRows, wanted: DayRange) -> Iterator[CheckedPart]:
    """Check the bills in parts, by all CPUs where there are many."""
    parts = (_part(bills[first : first + BILLS_IN_PART], rows, wanted) for first in range(0, len(bills), BILLS_IN_PART))
    if len(bills) <= FEW_BILLS:
        yield from map(check_part, parts)
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=gc.set_threshold, initargs=(50_000,)) as pool:
        yield from pool.map(check_part, parts)


def _part(bills: Sequence[AuditedBill], rows: LakeRows, wanted: DayRange) -> BillPart:
    meters = {meter for one in bills if one.planned for meter in one.planned.meter_ids}
    return BillPart(bills, {meter: rows[meter] for meter in meters & rows.keys()}, wanted.months(), wanted)


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
            KeyConditionExpression="meter_id = :meter" + (f" AND {condition}" if condition else ""),
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
