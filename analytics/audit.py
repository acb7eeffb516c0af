"""Proof that nothing was lost: each meter's readings by UTC day, counted and summed in windows, Parquet and bills.

What the windows hold is the truth that is compared with: each accepted reading is in one. A day without a bill is no
difference where nobody is served; it is counted as unbilled.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from analytics import questions
from analytics.ask import ask
from electrocloud.aws.quarantine_keys import PREFIX as QUARANTINE
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.dynamodb_items import determinants_of

QUERY = Path(__file__).parent / "queries" / "meter_days.sql"
SEGMENTS = 8  # of a parallel scan, and days asked for at once

MeterDayKey = tuple[str, date]


class Amount(NamedTuple):
    """How many readings, and their energy in Wh."""

    readings: int = 0
    wh: int = 0

    def __add__(self, other: object) -> "Amount":
        assert isinstance(other, Amount)
        return Amount(self.readings + other.readings, self.wh + other.wh)


class Difference(NamedTuple):
    """A meter's day on which one place does not hold what the windows hold."""

    meter_id: str
    day: date
    windows: Amount
    parquet: Amount
    bills: Amount


class Books(NamedTuple):
    """What each place holds of each meter and UTC day."""

    windows: Mapping[MeterDayKey, Amount]
    parquet: Mapping[MeterDayKey, Amount]
    bills: Mapping[MeterDayKey, Amount]

    def differences(self) -> list[Difference]:
        """The meter-days that are not the same everywhere, in order. One without any bill is not among them."""
        found = []
        for key in sorted(self.windows.keys() | self.parquet.keys() | self.bills.keys()):
            windows, parquet, bills = (place.get(key, Amount()) for place in self)
            if windows != parquet or (key in self.bills and bills != windows):
                found.append(Difference(*key, windows, parquet, bills))
        return found

    def unbilled(self) -> Amount:
        """What lies in windows of days that are in no bill."""
        return total(amount for key, amount in self.windows.items() if key not in self.bills)


class DayRange(NamedTuple):
    """UTC days from `first` to before `end`, of one meter or of all."""

    first: date
    end: date
    meter_id: str | None = None

    def days(self) -> list[date]:
        """The days, in order."""
        return [self.first + timedelta(days=number) for number in range((self.end - self.first).days)]


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum, as one amount."""
    readings = wh = 0
    for amount in amounts:
        readings += amount.readings
        wh += amount.wh
    return Amount(readings, wh)


def read_books(stack: Stack, wanted: DayRange, progress: Callable[[str], None]) -> Books:
    """Windows, Parquet and bills of these days; `progress` is called with the name of each place that has been read."""
    found = []
    for name, read in (("windows", _windows), ("Parquet", _parquet), ("bills", _bills)):
        found.append(read(stack, wanted))
        progress(name)
    return Books(*found)


def quarantined(stack: Stack, wanted: DayRange) -> int:
    """How many objects of rejected uploads arrived on these days."""
    pages = stack.client("s3").get_paginator("list_objects_v2")
    return sum(
        len(page.get("Contents", []))
        for day in wanted.days()
        for page in pages.paginate(Bucket=stack.bucket, Prefix=f"{QUARANTINE}dt={day}/")
    )


def _windows(stack: Stack, wanted: DayRange) -> dict[MeterDayKey, Amount]:
    names = {"#meter": "meter_id", "#day": "day", "#count": "count", "#wh": "wh"}
    condition = "#day BETWEEN :first AND :last"
    values = {":first": {"S": str(wanted.first)}, ":last": {"S": str(wanted.end - timedelta(days=1))}}
    items = _items(stack, stack.windows_table, wanted, names, condition, values)
    return {
        (item["meter_id"]["S"], date.fromisoformat(item["day"]["S"])): Amount(
            int(item["count"]["N"]), int(item["wh"]["N"])
        )
        for item in items
    }


def _bills(stack: Stack, wanted: DayRange) -> dict[MeterDayKey, Amount]:
    """What bills are made of: readings that were measured, not estimated."""
    names = {"#meter": "meter_id", "#determinants": "determinants"}
    found: dict[MeterDayKey, Amount] = {}
    for item in _items(stack, stack.bills_table, wanted, names, "attribute_exists(#determinants)", {}):
        for name, determinants in determinants_of(item).items():
            if wanted.first <= name.day < wanted.end and wanted.meter_id in (None, name.meter_id):
                wh = sum(run.wh for run in determinants.runs if not run.estimated)
                key = name.meter_id, name.day
                found[key] = found.get(key, Amount()) + Amount(determinants.count, wh)
    return found


def _items(
    stack: Stack, table: str, wanted: DayRange, names: Mapping[str, str], condition: str, values: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Items of one meter, by a query, or of all, by a scan in SEGMENTS at once."""
    dynamodb = stack.client("dynamodb", max_pool_connections=SEGMENTS)
    request: dict[str, Any] = {
        "TableName": table,
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": dict(names),
    }
    if wanted.meter_id:
        request |= {
            "KeyConditionExpression": "#meter = :meter" + (f" AND {condition}" if values else ""),
            "ExpressionAttributeValues": {":meter": {"S": wanted.meter_id}, **values},
        }
        pages = dynamodb.get_paginator("query").paginate(**request)
        yield from (item for page in pages for item in page["Items"] if set(names.values()) <= item.keys())
        return
    request |= {"FilterExpression": condition} | ({"ExpressionAttributeValues": dict(values)} if values else {})

    # The laptop's cloud reads all of a table for each page of a segment, so there the scan is not divided.
    divided: list[Any] = [{"Segment": number, "TotalSegments": SEGMENTS} for number in range(SEGMENTS)]

    def scan(segment: Any) -> list[dict[str, Any]]:
        pages = dynamodb.get_paginator("scan").paginate(**request, **segment)
        return [item for page in pages for item in page["Items"]]

    with ThreadPoolExecutor(SEGMENTS) as pool:
        for items in pool.map(scan, [{}] if stack.local else divided):
            yield from items


def _parquet(stack: Stack, wanted: DayRange) -> dict[MeterDayKey, Amount]:
    athena = stack.client("athena", max_pool_connections=SEGMENTS)
    question = questions.read(QUERY)

    def of_day(day: date) -> list[tuple[MeterDayKey, Amount]]:
        sql = question.render({"day": day.isoformat(), "meter": wanted.meter_id or "all"})
        rows: Collection[Any] = ask(stack, athena, sql).rows
        return [((meter_id, day), Amount(int(readings), int(wh))) for meter_id, readings, wh in rows]

    with ThreadPoolExecutor(SEGMENTS) as pool:
        return dict(pair for pairs in pool.map(of_day, wanted.days()) for pair in pairs)
