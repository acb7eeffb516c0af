"""In-memory tables with DynamoDB's guarantee: conditional writes, all or nothing. For tests and benchmarks."""

from collections.abc import Collection
from typing import Any, NamedTuple

from electrocloud.aws.store import dynamodb_items as items
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.services.ingest import Change, DayKey, MonthKey, StoredBilledMonth, StoredDay


class MemoryTables:
    """`windows` and `bills` hold items by key, as in DynamoDB; `before_commit` lets a test run code in between."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str], items.Item] = {}
        self.bills: dict[tuple[str, str], items.Item] = {}
        self.before_commit: Any = lambda: None

    def read(
        self, days: Collection[DayKey], months: Collection[MonthKey]
    ) -> tuple[dict[DayKey, StoredDay], dict[MonthKey, StoredBilledMonth]]:
        found_days = {
            (meter, day): items.stored_day(self.windows[meter, day.isoformat()])
            for meter, day in days
            if (meter, day.isoformat()) in self.windows
        }
        found_months = {
            (meter, month): items.stored_billed_month(self.bills[meter, str(month)])
            for meter, month in months
            if (meter, str(month)) in self.bills
        }
        return found_days, found_months

    def days_of(self, meter_id: str, month: BillingMonth) -> list[MeterDay]:
        keys = ((meter_id, day.isoformat()) for day in month.utc_days())
        return [items.stored_day(self.windows[key]).day for key in keys if key in self.windows]

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:
        self.before_commit()
        return {change.meter_id for change in changes if not self._store(change)}

    def _store(self, change: Change) -> bool:
        meter = change.meter_id
        days = {(meter, day.day.isoformat()): (items.day_item(meter, day), mark) for day, mark in change.days}
        bills = {
            (meter, kept.bill.month): (items.billed_month_item(meter, kept), mark)
            for kept, mark in change.billed_months
        }
        if any(_mark(self.windows.get(key)) != mark for key, (_, mark) in days.items()):
            return False
        if any(_mark(self.bills.get(key)) != mark for key, (_, mark) in bills.items()):
            return False
        self.windows |= {key: item for key, (item, _) in days.items()}
        self.bills |= {key: item for key, (item, _) in bills.items()}
        for item in map(items.replaced_item, change.replaced):
            self.bills[meter, item["bill"]["S"]] = item
        return True


def _mark(item: items.Item | None) -> str | None:
    return item["mark"]["S"] if item else None


class TableNames(NamedTuple):
    """The names of the tables that the tests make."""

    windows_table: str = "windows"
    bills_table: str = "bills"
    meters_table: str = "meters"
    tariffs_table: str = "tariffs"


TABLES = TableNames()
