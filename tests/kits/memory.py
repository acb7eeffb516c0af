"""In-memory tables with DynamoDB's guarantee: conditional writes, all or nothing. For tests and benchmarks."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from electrocloud.aws.store import dynamodb_items as items
from electrocloud.domain.billing.estimation import ClassProfile
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.services.store import Change, DayKey, IssueTerms, StoredBill, StoredDay


class MemoryTables:
    """`windows` and `bills` hold items by key, as in DynamoDB; `before_commit` lets a test run code in between."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str], items.Item] = {}
        self.bills: dict[BillKey, items.Item] = {}
        self.profiles: dict[tuple[str, str], ClassProfile] = {}
        self.before_commit: Any = lambda: None
        self.issue_terms = IssueTerms()

    def read(
        self, days: Collection[DayKey], bills: Collection[BillKey]
    ) -> tuple[dict[DayKey, StoredDay], dict[BillKey, StoredBill]]:
        found_days = {
            (meter, day): items.stored_day(self.windows[meter, day.isoformat()])
            for meter, day in days
            if (meter, day.isoformat()) in self.windows
        }
        return found_days, {key: items.stored_bill(self.bills[key]) for key in bills if key in self.bills}

    def days_between(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        keys = sorted(key for key in self.windows if key[0] == meter_id and str(first) <= key[1] <= str(last))
        return [items.stored_day(self.windows[key]).day for key in keys]

    def cycles_of(self, agreement_id: str) -> list[str]:
        return sorted(cycle for agreement, cycle in self.bills if agreement == agreement_id and "#" not in cycle)

    def class_profile(self, customer_class: str, month: str) -> ClassProfile | None:
        return self.profiles.get((customer_class, month))

    def add_class_profile(self, customer_class: str, month: str, profile: ClassProfile) -> None:
        self.profiles.setdefault((customer_class, month), profile)

    def commit(self, changes: Collection[Change], *, alone: bool) -> set[str]:
        self.before_commit()
        return {change.owner for change in changes if not self._store(change)}

    def _store(self, change: Change) -> bool:
        if change.tail and not self._store(change.tail):
            return False
        days = {
            (change.owner, day.day.isoformat()): (items.day_item(change.owner, day), mark) for day, mark in change.days
        }
        bills = {one.key: (items.bill_item(one.key, one.billed), one.mark) for one in change.bills}
        if any(_mark(self.windows.get(key)) != mark for key, (_, mark) in days.items()):
            return False
        if any(_mark(self.bills.get(key)) != mark for key, (_, mark) in bills.items()):
            return False
        if any(_mark(self.bills.get(key)) != mark for key, mark in change.checks().items()):
            return False
        self.windows |= {key: item for key, (item, _) in days.items()}
        self.bills |= {key: item for key, (item, _) in bills.items()}
        for item in (items.replaced_item(one) for one in change.replaced):
            self.bills[items.key_of_bill(item)] = item
        return True


def _mark(item: items.Item | None) -> str | None:
    return item["mark"]["S"] if item else None


class TableNames(NamedTuple):
    """The names of the tables that the tests make."""

    windows_table: str = "windows"
    bills_table: str = "bills"
    meters_table: str = "meters"
    tariffs_table: str = "tariffs"
    service_points_table: str = "service_points"
    payment_days: int = 21


TABLES = TableNames()
